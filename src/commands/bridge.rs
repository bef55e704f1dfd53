//! `mcp-tether URL`: the host on stdin and stdout, the remote behind the URL.

use super::prepare::{block_on, for_bridge};
use super::wire;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

/// Bridges until one side is gone.
pub fn run(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let options = for_bridge(url, flags, environment)?.into_bridge();
    block_on(wire::stdio(options))
}
