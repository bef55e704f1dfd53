//! Pelcro at the mock: its tools, its shapes, its accounts.

mod accounts;
mod life_cycles;
mod questions;
mod sequences;
mod shapes;

use mcp_tether_mock::{MockOptions, Mode, ProductName};
use serde_json::{Value, json};

use crate::raw_host::{RawHost, request};

/// The site that the tests work on.
const SITE: u64 = 1205;

fn options() -> MockOptions {
    MockOptions {
        product: ProductName::Pelcro,
        mode: Mode::Stateless,
        today: Some("2026-11-21".parse().unwrap()),
        ..MockOptions::default()
    }
}

async fn pelcro() -> RawHost {
    let mut host = RawHost::new(options());
    host.open("2025-11-25").await;
    host
}

/// Returns every tool, page by page.
async fn tools(host: &RawHost) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), json!({}));
    loop {
        let page = host.ask(&request(1, "tools/list", cursor)).await["result"].clone();
        all.extend(page["tools"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = json!({ "cursor": next }),
            None => return all,
        }
    }
}

/// Calls a tool, which must succeed, and returns its result.
async fn good(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result.get("isError"), None, "{tool} {arguments}: {result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.chars().count() <= 25_000, "{tool}: {}", text.len());
    let structured = result["structuredContent"].clone();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), structured, "both say the same");
    structured
}

/// Returns the body of the error that a tool gives.
async fn bad(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments.clone()).await;
    assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
    assert_eq!(result.get("structuredContent"), None);
    let body: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!(body["status"].is_u64() && body["message"].is_string(), "{body}");
    body
}

/// Returns the same on [`SITE`].
async fn here(host: &RawHost, tool: &str, mut arguments: Value) -> Value {
    arguments["site_id"] = SITE.into();
    good(host, tool, arguments).await
}

async fn not_here(host: &RawHost, tool: &str, mut arguments: Value) -> Value {
    arguments["site_id"] = SITE.into();
    bad(host, tool, arguments).await
}

/// Returns the first entry of a list.
async fn first(host: &RawHost, list: &str, filter: Value) -> Value {
    let found = here(host, list, filter.clone()).await;
    let entry = found["data"][0].clone();
    assert!(entry.is_object(), "{list} {filter}: {found}");
    entry
}
