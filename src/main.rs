//! The `mcp-tether` program: parses the command line, runs the command, and maps its error to an
//! exit code.

use std::process::ExitCode;

use mcp_tether::cli;
use mcp_tether::environment::Environment;
use mcp_tether::platform;

fn main() -> ExitCode {
    platform::forbid_core_dumps();
    cli::run(std::env::args_os(), &Environment::of_process())
}
