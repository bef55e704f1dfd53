//! The `mcp-tether` program: parse, run, map the error to an exit code.

use std::process::ExitCode;

use mcp_tether::cli;
use mcp_tether::environment::Environment;
use mcp_tether::platform;

fn main() -> ExitCode {
    platform::forbid_core_dumps();
    cli::run(std::env::args_os(), &Environment::of_process())
}
