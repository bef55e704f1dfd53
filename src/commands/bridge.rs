//! `mcp-tether URL`: the host on stdin and stdout, the remote behind the URL.

use super::prepare::{BridgeOptions, block_on, bridge_options};
use crate::environment::Environment;
use crate::error::{Error, ExitCode, Result};
use crate::settings::Flags;

/// Bridges until one side is gone.
pub fn run(url: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let options = bridge_options(url, flags, environment)?;
    block_on(bridge_stdio(options))?;
    Ok(ExitCode::Ok)
}

/// WIRE: `bridge::run(Host::stdio(), options, shutdown)` once `bridge` and `host` are merged.
async fn bridge_stdio(options: BridgeOptions) -> Result<()> {
    let _ = options;
    Err(Error::failed("the bridge is not wired yet"))
}
