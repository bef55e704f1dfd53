//! Prints what distinguishes one build from another.

use serde_json::json;

use crate::environment::{to_stdout, to_stdout_unwrapped};
use crate::error::ExitCode;
use crate::protocol::ProtocolVersion;

/// The name of the program.
pub const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// Prints `mcp-tether 1.2.3`, or with `as_json` everything that distinguishes one build from
/// another.
pub fn version(as_json: bool) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    if !as_json {
        to_stdout(&format!("{PROGRAM} {version}\n"));
        return ExitCode::Ok;
    }
    let features = [("mock", cfg!(feature = "mock")), ("tls-ring", cfg!(feature = "tls-ring"))];
    let features = features.into_iter().filter(|(_, on)| *on).map(|(name, _)| name);
    let revisions = ProtocolVersion::ALL.into_iter().map(ProtocolVersion::name);
    let mut about = json!({
        "name": PROGRAM,
        "version": version,
        "target": target(),
        "features": features.collect::<Vec<_>>(),
        "revisions": revisions.collect::<Vec<_>>(),
    });
    // Set when a release is built.
    if let Some(commit) = option_env!("MCP_TETHER_COMMIT") {
        about["commit"] = commit.into();
    }
    to_stdout_unwrapped(&format!("{about:#}\n"));
    ExitCode::Ok
}

/// Architecture, system and ABI, such as `x86_64-linux-musl`.
fn target() -> String {
    use std::env::consts::{ARCH, OS};
    let abi = ["musl", "gnu", "msvc"];
    let on = [cfg!(target_env = "musl"), cfg!(target_env = "gnu"), cfg!(target_env = "msvc")];
    let abi = abi.into_iter().zip(on).find_map(|(name, on)| on.then_some(name));
    [Some(ARCH), Some(OS), abi].into_iter().flatten().collect::<Vec<_>>().join("-")
}
