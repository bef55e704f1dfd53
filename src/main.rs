//! The `mcp-tether` program: parse, run, map the error to an exit code.

use std::process::ExitCode;

use mcp_tether::cli;
use mcp_tether::environment::Environment;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &Environment::of_process())
}
