//! A host's trace context in `_meta`: untouched in the message, and beside it as a header.

use http::{HeaderName, HeaderValue};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, Served};
use serde_json::json;

use crate::support::harness::Harness;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-00";

/// O-20: in all four pairs of eras; a header of the user's own stays.
#[tokio::test]
async fn a_trace_context_is_in_the_message_and_in_the_header() {
    let eras = [ProtocolVersion::V2025_11_25, ProtocolVersion::V2026_07_28];
    for (era, is_modern) in eras.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        for own in [None, Some(OTHER)] {
            let options = MockOptions { protocol: Served::Only(era), ..MockOptions::default() };
            let mut harness = Harness::with(options, |options| {
                if let Some(own) = own {
                    let name = HeaderName::from_static("traceparent");
                    options.remote.headers.push((name, HeaderValue::from_static(own)));
                }
            });
            if !is_modern {
                harness = harness.open().await;
            }
            let context =
                json!({ "traceparent": PARENT, "tracestate": "a=1,b=2", "baggage": "c=3" });
            let traced = json!({ "name": "echo", "arguments": {}, "_meta": context });
            let plain = json!({ "name": "echo", "arguments": { "traceparent": PARENT } });
            for params in [traced, plain] {
                let answer = if is_modern {
                    harness.request_modern("tools/call", params).await
                } else {
                    harness.request("tools/call", params).await
                };
                assert!(answer["result"].is_object(), "{answer}");
            }
            let sent = harness.mock.recorder().of_method("tools/call");
            let meta = sent[0].json()["params"]["_meta"].clone();
            for (name, value) in context.as_object().unwrap() {
                assert_eq!(&meta[name], value, "{era:?} {is_modern}");
            }
            assert_eq!(sent[0].header("traceparent"), Some(own.unwrap_or(PARENT)));
            assert_eq!(sent[0].header("tracestate"), Some("a=1,b=2").filter(|_| own.is_none()));
            assert_eq!(sent[0].header("baggage"), None, "it may hold anything");
            assert_eq!(sent[1].header("traceparent"), own);
        }
    }
}
