//! The mock in the era of 2026-07-28, judged by its HTTP traffic without code of the bridge.

mod envelope;
mod faults;
mod listening;
mod rounds;
mod tasks;

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, Served};
use serde_json::{Value, json};

use crate::raw_host::{RawHost, modern_request, parsed};

/// Returns a lab that speaks 2026-07-28 alone.
fn modern(faults: &[&str]) -> RawHost {
    serving(Served::Only(ProtocolVersion::V2026_07_28), faults)
}

fn serving(protocol: Served, faults: &[&str]) -> RawHost {
    RawHost::new(MockOptions { protocol, faults: parsed(faults), ..MockOptions::default() })
}

/// Returns the capabilities of a host that supports everything.
fn everything() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

fn request(method: &str, params: Value) -> Value {
    modern_request(7, method, params, everything())
}

fn call(tool: &str, arguments: Value) -> Value {
    request("tools/call", json!({ "name": tool, "arguments": arguments }))
}

fn code(answer: &Value) -> i64 {
    answer["error"]["code"].as_i64().unwrap_or_default()
}
