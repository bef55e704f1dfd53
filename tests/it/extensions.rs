//! Extensions of the protocol: skills (SEP-2640), streams of events (SEP-3415), and what both sides
//! declare.

use std::time::Duration;

use mcp_tether::bridge::{NamePatterns, OfferFilter};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, ProductName, Served};
use serde_json::{Value, json};

use crate::support::harness::{Harness, kind, parsed};

/// The mock in each era.
const ERAS: [Served; 2] =
    [Served::Only(ProtocolVersion::V2025_11_25), Served::Only(ProtocolVersion::V2026_07_28)];

fn options(protocol: Served) -> MockOptions {
    MockOptions { protocol, ..MockOptions::of(ProductName::Conformance) }
}

async fn ask(harness: &mut Harness, is_modern: bool, method: &str, params: Value) -> Value {
    if is_modern {
        harness.request_modern(method, params).await
    } else {
        harness.request(method, params).await
    }
}

/// O-22: in all four pairs of eras, with the hints of a cacheable result for a modern host only.
#[tokio::test]
async fn skills_pass_in_every_pair_of_eras() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let mut harness = Harness::new(options(protocol));
        if !is_modern {
            harness = harness.open().await;
        }
        let case = format!("{protocol:?} {is_modern}");
        let listed = ask(&mut harness, is_modern, "skills/list", json!({})).await;
        let skills = listed["result"]["skills"].as_array().unwrap_or_else(|| panic!("{listed}"));
        assert_eq!(skills.len(), 2, "{case}");
        let uri = skills[0]["uri"].as_str().unwrap();
        let got = ask(&mut harness, is_modern, "skills/get", json!({ "uri": uri })).await;
        assert_eq!(got["result"]["skill"], skills[0], "{case}");
        let read = ask(&mut harness, is_modern, "resources/read", json!({ "uri": uri })).await;
        let text = read["result"]["contents"][0]["text"].as_str().unwrap();
        assert_eq!(skills[0]["resources"][0]["size"], text.len(), "{case}");
        let folder = json!({ "uri": "skill://test-skill/templates" });
        let there = ask(&mut harness, is_modern, "resources/directory/read", folder).await;
        let names: Vec<&str> = there["result"]["resources"]
            .as_array()
            .unwrap_or_else(|| panic!("{there}"))
            .iter()
            .map(|child| child["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["letter.md", "short"], "{case}");
        for answer in [&listed, &got, &there] {
            let hints = (&answer["result"]["ttlMs"], &answer["result"]["cacheScope"]);
            let expected =
                if is_modern { (json!(0), json!("private")) } else { (Value::Null, Value::Null) };
            assert_eq!(hints, (&expected.0, &expected.1), "{case}: {answer}");
            assert_eq!(answer["result"]["resultType"].is_string(), is_modern, "{case}");
        }
        let unknown = json!({ "uri": "skill://no/SKILL.md" });
        let unknown = ask(&mut harness, is_modern, "skills/get", unknown).await;
        assert_eq!(unknown["error"]["code"], -32602, "{case}");
    }
}

/// O-22: an answer that got lost is asked for again: nothing was done.
#[tokio::test]
async fn a_lost_list_of_skills_is_asked_for_again() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        for method in ["skills/list", "skills/get", "resources/directory/read"] {
            let fault = format!("disconnect=before-headers:method={method}:times=1");
            let faults = parsed(&[&fault]);
            let mut harness = Harness::new(MockOptions { faults, ..options(protocol) });
            if !is_modern {
                harness = harness.open().await;
            }
            let uri = match method {
                "resources/directory/read" => "skill://test-skill",
                _ => "skill://test-skill/SKILL.md",
            };
            let answer = ask(&mut harness, is_modern, method, json!({ "uri": uri })).await;
            assert!(answer["result"].is_object(), "{protocol:?} {is_modern} {method}: {answer}");
            assert_eq!(harness.count(method), 2);
        }
    }
}

/// O-22, S-72
#[tokio::test]
async fn a_hidden_skill_is_neither_listed_nor_given() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let ignored = NamePatterns::new([""; 0], ["skill://acme/*", "*/letter.md"]);
        let plain = NamePatterns::default;
        let offer = OfferFilter::new(plain(), plain(), ignored, false);
        let mut harness = Harness::with(options(protocol), |options| options.offer = offer);
        if !is_modern {
            harness = harness.open().await;
        }
        let listed = ask(&mut harness, is_modern, "skills/list", json!({})).await;
        let skills = listed["result"]["skills"].as_array().unwrap();
        assert_eq!(skills.len(), 1, "{listed}");
        let hidden = json!({ "uri": "skill://acme/billing/refunds/SKILL.md" });
        let refused = ask(&mut harness, is_modern, "skills/get", hidden).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert_eq!(harness.count("skills/get"), 0);
        let folder = json!({ "uri": "skill://test-skill/templates" });
        let there = ask(&mut harness, is_modern, "resources/directory/read", folder).await;
        assert_eq!(there["result"]["resources"].as_array().unwrap().len(), 1, "{there}");
    }
}

/// T-63: neither its head nor its silence nor its age is limited, while other requests are; its
/// events name it by the host's id, and a cancellation ends it at the server.
#[tokio::test]
async fn a_stream_of_events_has_no_time_limit() {
    for (protocol, is_modern) in ERAS.into_iter().flat_map(|era| [(era, false), (era, true)]) {
        let case = format!("{protocol:?} {is_modern}");
        let mut harness = Harness::with(options(protocol), |options| {
            let short = Some(Duration::from_millis(300));
            let limits = &mut options.remote.limits;
            (limits.headers, limits.body, limits.request) = (short, short, short);
        });
        if !is_modern {
            harness = harness.open().await;
        }
        let params = json!({ "name": "test.event", "arguments": {} });
        let id = if is_modern {
            harness.ask_modern("events/stream", params).await
        } else {
            harness.ask("events/stream", params).await
        };
        let active = harness.of_method("notifications/events/active").await;
        let event = harness.of_method("notifications/events/event").await;
        assert_eq!(event["params"]["data"]["n"], 1, "{case}");
        let own = "/params/_meta/io.modelcontextprotocol~1subscriptionId";
        if protocol == ERAS[1] {
            assert_eq!(active.pointer(own), Some(&id), "{case}: {active}");
        }
        // While it is silent, a request that does not stay open runs into its limit.
        harness.fault(&["silent=body:method=tools/list"]);
        let late = ask(&mut harness, is_modern, "tools/list", json!({})).await;
        assert_eq!(kind(&late), "timeout", "{case}: {late}");
        let answered = harness.set_aside().iter().any(|line| line["id"] == id);
        assert!(!answered, "{case}: it is still open");
    }
}

/// Extensions that a host and a server of 2025-11-25 declare arrive byte for byte.
#[tokio::test]
async fn extensions_that_are_declared_arrive_as_they_are() {
    let declared = r#"{"vendor/ui":{"mimeTypes" : ["text/html"],"n":1.50},"io.modelcontextprotocol/skills":{}}"#;
    let offered = r#"{"io.modelcontextprotocol/skills":{"directoryRead":true},"x.vendor/y":{"a":1.5,"b":[]}}"#;
    let capabilities = format!(r#"{{"tools":{{}},"resources":{{}},"extensions":{offered}}}"#);
    let fault = format!("result-member=capabilities:value={capabilities}:method=initialize");
    let faults = parsed(&[&fault]);
    let mut harness = Harness::new(MockOptions { faults, ..options(ERAS[0]) });
    let params = format!(
        r#"{{"protocolVersion":"2025-11-25","capabilities":{{"extensions":{declared}}},"clientInfo":{{"name":"h","version":"1"}}}}"#
    );
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}"#);
    harness.send(&line).await;
    let answer = harness.line().await;
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(answer.contains(offered), "{answer}");
    let sent = harness.mock.recorder().of_method("initialize");
    let sent = String::from_utf8_lossy(&sent[0].body).into_owned();
    assert!(sent.contains(declared), "{sent}");
}

/// T-32: a session that replaces a lost one may have another revision, which its requests then
/// name; a server that was upgraded to another era is found out anew.
#[tokio::test]
async fn a_session_after_a_404_has_the_revision_that_it_negotiates() {
    let older = Served::Only(ProtocolVersion::V2025_06_18);
    let mut harness = Harness::new(MockOptions::default()).open().await;
    assert!(harness.call("add", json!({ "a": 1, "b": 2 })).await["result"].is_object());
    harness.mock.set_protocol(older);
    harness.mock.forget_sessions();
    let answer = harness.call("add", json!({ "a": 3, "b": 4 })).await;
    assert!(answer["result"].is_object(), "{answer}");
    let calls = harness.mock.recorder().of_method("tools/call");
    let named: Vec<_> = calls
        .iter()
        .map(|call| (call.header("mcp-protocol-version").unwrap(), call.status))
        .collect();
    let expected =
        [("2025-11-25", Some(200)), ("2025-11-25", Some(404)), ("2025-06-18", Some(200))];
    assert_eq!(named, expected);
    assert_eq!(harness.count("initialize"), 2);
}
