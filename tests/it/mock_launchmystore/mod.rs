//! The shop system of the mock: its transports, its endpoints and pages, its roles, and its data.

mod admin;
mod endpoints;
mod questions;
pub mod roles;
mod transports;

use mcp_tether_mock::{MockOptions, ProductName};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::raw_host::RawHost;

const TODAY: &str = "2026-11-25";
const TOKEN: &str = "lms_demo_token";
const OWNER: &str = "owner@harborpine.example";
const PASSWORD: &str = "mock-password";

/// Returns the shop as it is served by those who made it, on a fixed day.
pub fn options() -> MockOptions {
    MockOptions {
        today: Some(TODAY.parse().unwrap()),
        ..MockOptions::of(ProductName::LaunchMyStore)
    }
}

/// Returns a host with the owner's token that has not opened anything.
fn with_token() -> RawHost {
    let mut host = RawHost::new(options());
    host.set("authorization", &format!("Bearer {TOKEN}"));
    host
}

/// Returns a host that has opened.
async fn store() -> RawHost {
    let mut host = with_token();
    host.open("2025-06-18").await;
    host
}

/// Returns a request beside MCP, with no token.
fn web(host: &RawHost, method: Method, path: &str) -> RequestBuilder {
    host.http.request(method, host.mock.url().join(path).unwrap())
}

/// Calls a tool, which must succeed, and returns its result.
async fn good(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result.get("isError"), None, "{tool} {arguments}: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    let structured = result["structuredContent"].clone();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), structured, "both say the same");
    structured
}

/// Returns the code of the error that a tool gives.
async fn bad(host: &RawHost, tool: &str, arguments: Value) -> String {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
    let error = &result["structuredContent"]["error"];
    assert!(error["message"].is_string(), "{result}");
    error["code"].as_str().unwrap().to_owned()
}

/// Returns the audit log, the newest entry first.
async fn audit(host: &RawHost) -> Vec<Value> {
    let uri = json!({ "uri": "launchmystore://audit-log" });
    let read = host.ask(&crate::raw_host::request(90, "resources/read", uri)).await;
    let text = read["result"]["contents"][0]["text"].as_str().unwrap().to_owned();
    serde_json::from_str(&text).unwrap()
}
