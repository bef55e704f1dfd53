//! WIRE (stand-in until `bridge` and `host` are merged): the only place that runs a bridge.

use super::session::Lines;
use crate::error::{Error, ExitCode, Result};
use crate::remote::RemoteOptions;

/// WIRE: becomes `crate::bridge::BridgeOptions`.
#[derive(Debug)]
#[expect(dead_code, reason = "read by the bridge")]
pub struct BridgeOptions {
    pub remote: RemoteOptions,
    pub hidden_tools: ToolFilter,
}

/// WIRE: becomes `crate::bridge::ToolFilter`.
#[derive(Debug)]
#[expect(dead_code, reason = "read by the bridge")]
pub struct ToolFilter(Vec<String>);

impl ToolFilter {
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().map(str::to_owned).collect())
    }
}

/// Bridges stdin and stdout until one side is gone.
pub async fn stdio(_: BridgeOptions) -> Result<ExitCode> {
    Err(not_wired())
}

/// Runs `work` as a host of a bridge in this process.
pub async fn through_bridge<T>(
    _: BridgeOptions,
    _: impl AsyncFnOnce(Lines) -> Result<T>,
) -> Result<T> {
    Err(not_wired())
}

fn not_wired() -> Error {
    Error::failed("the bridge is not wired yet")
}
