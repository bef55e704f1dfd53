//! Both eras through the real bridge and the mock, whose modern side is strict about everything
//! that a modern remote may refuse.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, Served};
use serde_json::{Value, json};

use crate::support::harness::{Harness, parsed};

mod finding;
mod legacy_host;
mod modern_both;
mod products;
mod tasks;

/// Returns a bridge in front of a mock that speaks these revisions.
fn serving(served: Served, faults: &[&str]) -> Harness {
    Harness::new(MockOptions { protocol: served, faults: parsed(faults), ..MockOptions::default() })
}

/// Returns a bridge in front of a mock that speaks only 2026-07-28.
fn modern(faults: &[&str]) -> Harness {
    serving(Served::Only(ProtocolVersion::V2026_07_28), faults)
}

/// Parameters with the `_meta` of a modern host that can be asked everything.
fn with_meta(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "modern", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities":
            { "roots": {}, "sampling": {}, "elicitation": { "form": {}, "url": {} } },
    });
    params
}

/// `initialize` of a host of this revision with these capabilities.
async fn initialize(harness: &mut Harness, revision: &str, capabilities: Value) -> Value {
    let params = json!({ "protocolVersion": revision, "capabilities": capabilities,
        "clientInfo": { "name": "host", "version": "1" } });
    let answer = harness.request("initialize", params).await;
    harness.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    answer
}

/// Answers the next question of the remote.
async fn reply(harness: &mut Harness, method: &str, result: Value) -> Value {
    let question = harness.of_method(method).await;
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": result });
    harness.send(&answer.to_string()).await;
    question
}
