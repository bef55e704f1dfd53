//! `mcp-tether URL`: connects the host on stdin and stdout to the remote at the URL.

use super::prepare::{block_on, for_bridge};
use super::run_bridge;
use crate::environment::{Environment, stderr_is_terminal, stdin_is_terminal, to_stderr};
use crate::error::{ExitCode, Result};
use crate::settings::Flags;
use crate::shell_words::url_argument;

/// Runs the bridge until one side leaves.
///
/// # Errors
/// The settings are invalid, or the runtime cannot be started.
pub fn run(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let options = for_bridge(url, flags, environment)?.into_bridge();
    if stdin_is_terminal() && stderr_is_terminal() {
        to_stderr(&format!(
            "waiting for an MCP host on stdin; Ctrl-C stops\n\
             hint: to look around, run `mcp-tether tools {}`\n",
            url_argument(url)
        ));
    }
    block_on(run_bridge::on_stdio(options))
}
