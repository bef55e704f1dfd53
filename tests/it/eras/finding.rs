//! Era and transport of the remote are found in the fewest steps (T-80 to T-85).

use mcp_tether::bridge::Pin;
use mcp_tether::protocol::{Era, ProtocolVersion};
use mcp_tether_mock::{MockOptions, Served};
use serde_json::json;

use super::{modern, serving, with_meta};
use crate::support::harness::{Harness, initialize, kind, parsed};

/// T-80, E-07: same-era relaying loses nothing
#[tokio::test]
async fn a_remote_of_both_eras_meets_each_host_in_its_own() {
    for served in [Served::Dual, Served::All] {
        let mut harness = serving(served, &[]).open().await;
        harness.call("echo", json!({})).await;
        assert_eq!(harness.count("server/discover"), 0, "a legacy pair");
        let mut harness = serving(served, &[]);
        let answer = harness.request("tools/list", with_meta(json!({}))).await;
        assert!(answer["result"]["ttlMs"].is_number(), "{answer}");
        assert_eq!(harness.count("initialize"), 0, "a modern pair");
    }
}

/// T-80, T-81: only what cannot act is sent before the verdict
#[tokio::test]
async fn a_legacy_host_finds_a_modern_remote_by_two_steps() {
    let mut harness = modern(&[]).open().await;
    harness.call("act", json!({})).await;
    assert_eq!(harness.trail()[..2], ["initialize", "server/discover"]);
}

/// T-57, T-33: nothing of the legacy era follows
#[tokio::test]
async fn a_modern_remote_sees_neither_sessions_nor_gets_nor_deletes() {
    let mut harness = modern(&[]).open().await;
    harness.call("echo", json!({})).await;
    harness.leave().await;
    let requests = harness.mock.recorder().requests();
    for request in requests.iter().skip(1) {
        assert_eq!(request.http_method, "POST");
        assert_eq!(request.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(request.header("mcp-method"), Some(request.rpc_method()));
        assert_eq!(request.header("mcp-session-id"), None);
    }
}

/// T-80: a flag pins
#[tokio::test]
async fn the_era_can_be_pinned() {
    let pinned = |era| {
        let protocol = Served::Dual;
        Harness::with(MockOptions { protocol, ..MockOptions::default() }, move |options| {
            options.protocol = Pin::Only(era);
        })
    };
    let mut harness = pinned(Era::Modern).open().await;
    harness.call("echo", json!({})).await;
    assert_eq!(harness.count("initialize"), 0);
    let mut harness = pinned(Era::Legacy).open().await;
    harness.call("echo", json!({})).await;
    assert_eq!(harness.count("server/discover"), 0);
}

/// T-82: the table of answers to `server/discover`
#[tokio::test]
async fn a_modern_host_hears_of_each_refusal_or_meets_an_older_remote() {
    for (fault, expected) in [("status=403:body=html", 403), ("status=500:body=html", 500)] {
        let mut harness = modern(&[fault]);
        let answer = harness.request("tools/list", with_meta(json!({}))).await;
        assert_eq!(answer["error"]["data"]["bridge"]["status"], expected, "{answer}");
        assert_eq!(harness.count("initialize"), 0);
    }
    let mut harness = modern(&["html:method=server/discover"]);
    let answer = harness.request("tools/list", with_meta(json!({}))).await;
    assert_eq!(kind(&answer), "protocol", "{answer}");
}

/// T-85: a modern error is never followed by the legacy way; the host hears the server's words, and
/// in those of its own era that no revision fits
#[tokio::test]
async fn a_remote_of_another_modern_revision_is_named_to_the_host() {
    let told = "the server supports none of the revisions that this bridge knows";
    for (code, expected, message) in
        [(-32022, -32602, told), (-32021, -32021, "in my words"), (-32020, -32020, "in my words")]
    {
        let refusal = format!("status=400:body=error:code={code}:message=in my words");
        let mut harness = modern(&[&format!("{refusal}:method=server/discover")]);
        harness.send(&initialize("2025-11-25")).await;
        let error = harness.answer(json!("init")).await["error"].clone();
        assert_eq!((&error["code"], &error["message"]), (&json!(expected), &json!(message)));
        assert_eq!(harness.mock.recorder().of_http_method("GET").len(), 0, "{code}");
        assert_eq!(harness.count("initialize"), 1, "{code}");
    }
}

/// T-84: what was found can be contradicted while the bridge runs
#[tokio::test]
async fn a_remote_that_becomes_modern_is_found_again() {
    let mut harness = serving(Served::AllLegacy, &[]).open().await;
    harness.call("echo", json!({})).await;
    harness.fault(&["serve=2026-07-28"]);
    let answer = harness.call("echo", json!({ "a": 1 })).await;
    assert!(answer["result"].is_object(), "{answer}");
    assert_eq!(harness.count("server/discover"), 2, "the doubt, and the detection");
}

/// T-84: and the other way round
#[tokio::test]
async fn a_remote_that_becomes_legacy_is_found_again() {
    let mut harness = modern(&[]).open().await;
    harness.request("prompts/list", json!({})).await;
    harness.fault(&["serve=2025-11-25"]);
    let answer = harness.request("prompts/list", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
    assert_eq!(harness.count("initialize"), 2);
}

/// E-01: the openings of hosts that know both eras
#[tokio::test]
async fn a_host_that_probes_and_gives_up_is_served() {
    let mut harness = Harness::new(MockOptions {
        protocol: Served::Only(ProtocolVersion::V2026_07_28),
        faults: parsed(&["delay=400:method=server/discover:times=1"]),
        ..MockOptions::default()
    });
    harness.ask("server/discover", with_meta(json!({}))).await;
    let opened = harness.initialize("2025-11-25").await;
    assert_eq!(opened["protocolVersion"], "2025-11-25");
    assert!(harness.call("echo", json!({})).await["result"].is_object());
}
