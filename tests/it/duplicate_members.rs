//! JSON texts that hold a member twice: legal, rare, and read differently by different programs.
//! They pass untouched where nothing reads them, and end neither the bridge nor a line of JSON.

use mcp_tether::bridge::{NamePatterns, Observer, OfferFilter};
use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::MockOptions;
use serde_json::{Value, json};

use super::support::harness::{Harness, kind, parsed};

const MODERN: ProtocolVersion = ProtocolVersion::V2026_07_28;
const LEGACY: ProtocolVersion = ProtocolVersion::V2025_11_25;
/// The `_meta` of a modern request, as text.
const META: &str = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn remote(version: ProtocolVersion, faults: &[&str]) -> MockOptions {
    MockOptions { protocol: version.into(), faults: parsed(faults), ..MockOptions::default() }
}

async fn harness(host: ProtocolVersion, options: MockOptions) -> Harness {
    let harness = Harness::new(options);
    if host == LEGACY { harness.open().await } else { harness }
}

async fn ask(harness: &mut Harness, host: ProtocolVersion, method: &str, params: Value) -> Value {
    if host == LEGACY {
        harness.request(method, params).await
    } else {
        harness.request_modern(method, params).await
    }
}

/// T-13, T-02: a result with a duplicate member, at every place that a translation edits, for each
/// pair of revisions.
#[tokio::test]
async fn a_result_with_a_duplicate_member_is_answered_and_the_bridge_goes_on() {
    let faults: [&[&str]; 5] = [
        &[r#"doubled-member=_meta:value={"io.modelcontextprotocol/serverInfo":{},"k":1}"#],
        &["doubled-member=content"],
        &["doubled-member=content", "result-member=structuredContent:value=[1]"],
        &["doubled-member=tools"],
        &["doubled-member=resultType", "doubled-member=_meta", "doubled-member=_meta"],
    ];
    for (host, server) in [(LEGACY, MODERN), (MODERN, LEGACY), (MODERN, MODERN), (LEGACY, LEGACY)] {
        for faults in faults {
            let mut harness = harness(host, remote(server, &[])).await;
            let echo = json!({ "name": "echo", "arguments": {} });
            ask(&mut harness, host, "tools/call", echo.clone()).await;
            harness.fault(faults);
            for (method, params) in [("tools/call", echo.clone()), ("tools/list", json!({}))] {
                let answer = ask(&mut harness, host, method, params).await;
                let context = format!("{host} {server} {method} {faults:?}: {answer}");
                assert!(answer["result"].is_object(), "{context}");
            }
            harness.fault(&[]);
            let answer = ask(&mut harness, host, "tools/call", echo).await;
            assert!(answer["result"].is_object(), "{host} {server} {faults:?}: {answer}");
        }
    }
}

/// T-14: what the bridge or a header reads must not be there twice, however it is escaped.
#[tokio::test]
async fn a_request_with_a_duplicate_member_that_is_read_is_refused() {
    for (host, server) in [(LEGACY, MODERN), (MODERN, LEGACY), (MODERN, MODERN)] {
        let mut harness = harness(host, remote(server, &[])).await;
        let own = if host == LEGACY { "{}" } else { META };
        let cases = [
            format!(r#"{{"name":"echo","_meta":{own},"_meta":{own}}}"#),
            format!(r#"{{"name":"echo","_meta":{own},"\u005fmeta":{own}}}"#),
            format!(r#"{{"name":"echo","\u006eame":"add","_meta":{own}}}"#),
            format!(r#"{{"name":"echo","arguments":{{}},"arguments":{{}},"_meta":{own}}}"#),
        ];
        for (id, params) in cases.iter().enumerate() {
            let line =
                format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#);
            harness.send(&line).await;
            let answer = harness.answer(json!(id)).await;
            assert_eq!(answer["error"]["code"], -32602, "{host} {server} {params}: {answer}");
        }
        assert_eq!(harness.count("tools/call"), 0);
        let echo = json!({ "name": "echo", "arguments": {} });
        let answer = ask(&mut harness, host, "tools/call", echo).await;
        assert!(answer["result"].is_object(), "{answer}");
    }
}

/// T-03, T-13: a pair that needs no translation gets every byte.
#[tokio::test]
async fn duplicate_members_that_nothing_reads_pass_untouched() {
    let mut harness = harness(LEGACY, remote(LEGACY, &["doubled-member=content"])).await;
    let params =
        r#"{"name":"echo","x":1,"_meta":{"a":1},"x":2,"_meta":{},"arguments":{"a":1,"a":2}}"#;
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    harness.send(&line).await;
    let answer = harness.line().await;
    let answer = std::str::from_utf8(&answer).unwrap();
    assert_eq!(answer.matches(r#""content":"#).count(), 2, "{answer}");
    let call = harness.mock.recorder().of_method("tools/call").remove(0);
    let body = std::str::from_utf8(&call.body).unwrap();
    assert!(body.ends_with(&format!(r#""params":{params}}}"#)), "{body}");
}

/// T-15: `--ignore-tool` is not passed by a name that is there twice.
#[tokio::test]
async fn a_duplicate_name_reaches_no_hidden_tool() {
    for (host, server) in [(LEGACY, LEGACY), (LEGACY, MODERN), (MODERN, LEGACY), (MODERN, MODERN)] {
        let mut harness = Harness::with(remote(server, &["doubled-member=tools"]), |options| {
            let tools = NamePatterns::new([], ["ech*"]);
            options.offer = OfferFilter::new(tools, Default::default(), Default::default(), false);
        });
        if host == LEGACY {
            harness.initialize("2025-11-25").await;
        }
        let listed = ask(&mut harness, host, "tools/list", json!({})).await;
        assert!(listed["result"]["tools"].is_array(), "{listed}");
        assert!(!listed.to_string().contains(r#""name":"echo""#), "{host} {server} {listed}");
        let own = if host == LEGACY { "{}" } else { META };
        let names = [
            r#""name":"echo""#,
            r#""name":"echo","name":"echo""#,
            r#""name":"echo","name":"add""#,
            r#""name":"add","\u006eame":"echo""#,
        ];
        for (id, name) in names.iter().enumerate() {
            let params = format!(r#"{{{name},"_meta":{own},"arguments":{{}}}}"#);
            harness
                .send(&format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#
                ))
                .await;
            let answer = harness.answer(json!(id)).await;
            assert_eq!(answer["error"]["code"], -32602, "{host} {server} {name}: {answer}");
        }
        assert_eq!(harness.count("tools/call"), 0);
    }
}

/// T-18, E-59: the net under the loop, with a part of the bridge that panics.
#[tokio::test]
async fn a_panic_in_the_loop_answers_what_is_open_and_the_bridge_goes_on() {
    let mut panics = 1;
    let mut harness = Harness::with(remote(LEGACY, &[]), |options| {
        options.observer = Some(Observer::new(move |_| {
            if panics > 0 {
                panics -= 1;
                panic!("a fault that the test asked for");
            }
        }));
    })
    .open()
    .await;
    harness.fault(&["silent=headers:method=tools/call"]);
    let call = harness.start_call("echo", json!({})).await;
    let answer = harness.answer(call).await;
    assert_eq!((&answer["error"]["code"], kind(&answer)), (&json!(-32603), "internal"));
    harness.fault(&[]);
    let answer = harness.call("echo", json!({})).await;
    assert!(answer["result"].is_object(), "{answer}");
}

/// T-18: the net needs builds that unwind.
#[test]
fn no_build_aborts_on_a_panic() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let manifest = manifest.unwrap().parse::<toml_edit::DocumentMut>().unwrap();
    for (name, profile) in manifest["profile"].as_table().unwrap() {
        assert!(profile.get("panic").is_none(), "the profile `{name}` says what panics do");
    }
}
