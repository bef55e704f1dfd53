//! Filters of a server's offer: `--only-tool`, `--ignore-prompt`, `--read-only` and the others, in
//! every pair of eras.

use mcp_tether::bridge::{NamePatterns, OfferFilter};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, Served};
use serde_json::{Value, json};

use crate::support::harness::Harness;

/// The mock in each era.
const ERAS: [Served; 2] =
    [Served::Only(ProtocolVersion::V2025_11_25), Served::Only(ProtocolVersion::V2026_07_28)];

fn harness(protocol: Served, offer: OfferFilter) -> Harness {
    let options = MockOptions { protocol, ..MockOptions::default() };
    Harness::with(options, |options| options.offer = offer)
}

fn patterns(only: &[&str], ignore: &[&str]) -> NamePatterns {
    NamePatterns::new(only.to_vec(), ignore.to_vec())
}

/// Asks as a host of either era.
async fn ask(harness: &mut Harness, is_modern: bool, method: &str, params: Value) -> Value {
    if is_modern {
        harness.request_modern(method, params).await
    } else {
        harness.request(method, params).await
    }
}

fn names(answer: &Value, list: &str, key: &str) -> Vec<String> {
    let items = answer["result"][list].as_array().unwrap_or_else(|| panic!("{answer}"));
    items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

/// S-72: in all four pairs of eras, what is hidden is neither listed nor asked for.
#[tokio::test]
async fn only_what_matches_is_listed_and_asked_for() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let offer = OfferFilter::new(
            patterns(&["E*", "add"], &["echo_*"]),
            patterns(&["no-such"], &[]),
            patterns(&[], &["*"]),
            false,
        );
        let mut harness = harness(protocol, offer);
        if !is_modern {
            harness = harness.open().await;
        }
        let tools = ask(&mut harness, is_modern, "tools/list", json!({})).await;
        let listed = names(&tools, "tools", "name");
        assert!(listed.contains(&"echo".to_owned()), "{listed:?}");
        let fits =
            |name: &String| name == "add" || name.starts_with('e') && !name.starts_with("echo_");
        assert!(listed.iter().all(fits), "{listed:?}");
        for (method, list, key) in [
            ("prompts/list", "prompts", "name"),
            ("resources/list", "resources", "uri"),
            ("resources/templates/list", "resourceTemplates", "uriTemplate"),
        ] {
            let answer = ask(&mut harness, is_modern, method, json!({})).await;
            assert_eq!(names(&answer, list, key), [""; 0], "{method}");
        }
        for (method, params) in [
            ("tools/call", json!({ "name": "act", "arguments": {} })),
            ("prompts/get", json!({ "name": "greet" })),
            ("resources/read", json!({ "uri": "lab://x" })),
        ] {
            let refused = ask(&mut harness, is_modern, method, params.clone()).await;
            assert_eq!(refused["error"]["code"], -32602, "{method}: {refused}");
            assert!(refused["error"]["message"].as_str().unwrap().contains("hidden"), "{refused}");
            // Without an id it is a notification, which some servers act on.
            harness.notify(method, params).await;
            assert_eq!(harness.count(method), 0, "{method} is not sent");
        }
        let echo = json!({ "name": "echo", "arguments": {} });
        assert!(ask(&mut harness, is_modern, "tools/call", echo).await["result"].is_object());
        assert_eq!(harness.count("tools/call"), 1);
    }
}

/// S-72
#[tokio::test]
async fn with_read_only_no_other_tool_is_called() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let plain = NamePatterns::default;
        let offer = OfferFilter::new(plain(), plain(), plain(), true);
        let mut harness = harness(protocol, offer);
        if !is_modern {
            harness = harness.open().await;
        }
        let call = |name: &str| json!({ "name": name, "arguments": {} });
        let early = ask(&mut harness, is_modern, "tools/call", call("echo")).await;
        assert!(early["error"]["message"].as_str().unwrap().contains("list the tools"), "{early}");
        let tools = ask(&mut harness, is_modern, "tools/list", json!({})).await;
        let tools = tools["result"]["tools"].as_array().unwrap().clone();
        let is_read_only = |tool: &Value| tool["annotations"]["readOnlyHint"] == json!(true);
        assert!(!tools.is_empty() && tools.iter().all(is_read_only), "{tools:?}");
        let refused = ask(&mut harness, is_modern, "tools/call", call("act")).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert_eq!(harness.count("tools/call"), 0);
        let name = tools[0]["name"].as_str().unwrap().to_owned();
        ask(&mut harness, is_modern, "tools/call", call(&name)).await;
        assert_eq!(harness.count("tools/call"), 1);
    }
}
