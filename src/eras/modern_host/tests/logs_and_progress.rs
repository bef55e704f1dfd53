//! E-62 to E-64: what comes on the way to an answer.

use super::*;

fn leveled(script: &mut Script, id: u64, level: &str) {
    let meta = json!({ "io.modelcontextprotocol/logLevel": level });
    script.request_with(id, "tools/call", json!({ "name": "x" }), meta, everything());
}

fn log(script: &mut Script, level: &str, owner: Option<&Value>) -> usize {
    script.notify("notifications/message", json!({ "level": level, "data": 1 }), owner);
    script.said().len()
}

/// E-61, E-62: the wire of the requirement's example
#[test]
fn the_level_is_set_before_the_call_and_lower_messages_are_dropped() {
    let mut script = Script::open(json!({ "tools": {}, "logging": {} }));
    leveled(&mut script, 8, "warning");
    let level = script.sent_one("logging/setLevel");
    assert_eq!(level["params"], json!({ "level": "warning" }));
    script.nothing_more();
    script.result(&level, json!({}));
    let call = script.sent_one("tools/call");
    assert_eq!(call["params"], json!({ "name": "x" }));
    assert_eq!(log(&mut script, "info", Some(&call)), 0);
    assert_eq!(log(&mut script, "error", Some(&call)), 1);
    script.result(&call, json!({ "content": [] }));
    assert_eq!(script.said_one()["id"], 8);
    assert_eq!(log(&mut script, "error", Some(&call)), 0);
}

/// E-62
#[test]
fn two_requests_at_once_get_what_each_wants() {
    let mut script = Script::open(json!({ "tools": {}, "logging": {} }));
    leveled(&mut script, 1, "error");
    let level = script.sent_one("logging/setLevel");
    script.result(&level, json!({}));
    let one = script.sent_one("tools/call");
    script.call(2, "quiet");
    let quiet = script.sent_one("tools/call");
    assert_eq!(log(&mut script, "error", Some(&one)), 1);
    assert_eq!(log(&mut script, "emergency", Some(&quiet)), 0);
    // Two are open: a message without a stream belongs to neither.
    assert_eq!(log(&mut script, "error", None), 0);
    script.result(&quiet, json!({}));
    script.said();
    assert_eq!(log(&mut script, "error", None), 1);
    leveled(&mut script, 3, "debug");
    assert_eq!(script.sent_one("logging/setLevel")["params"]["level"], "debug");
}

/// E-62
#[test]
fn a_server_without_logging_is_not_told_a_level_and_one_that_refuses_is_not_asked_twice() {
    let mut script = Script::open(json!({ "tools": {} }));
    leveled(&mut script, 1, "debug");
    script.sent_one("tools/call");
    let mut script = Script::open(json!({ "logging": {} }));
    leveled(&mut script, 1, "debug");
    let level = script.sent_one("logging/setLevel");
    script.error(&level, json!({ "code": -32603, "message": "" }));
    script.sent_one("tools/call");
    leveled(&mut script, 2, "debug");
    script.sent_one("tools/call");
    script.nothing_more();
}

fn with_token(script: &mut Script, id: u64, token: Value) -> Value {
    let params = json!({ "name": "refund", "arguments": { "n": 1 } });
    script.request_with(id, "tools/call", params, json!({ "progressToken": token }), everything());
    script.sent_one("tools/call")
}

fn progress(script: &mut Script, call: &Value, value: f64) -> Vec<Value> {
    let token = call["params"]["_meta"]["progressToken"].clone();
    let params = json!({ "progressToken": token, "progress": value, "message": "m" });
    script.notify("notifications/progress", params, Some(call));
    script.said()
}

/// E-63
#[test]
fn two_requests_that_share_a_token_do_not_mix() {
    let mut script = Script::open(json!({ "tools": {} }));
    let one = with_token(&mut script, 1, json!("same"));
    let two = with_token(&mut script, 2, json!("same"));
    let token = |call: &Value| call["params"]["_meta"]["progressToken"].clone();
    assert_ne!(token(&one), token(&two));
    assert_eq!(progress(&mut script, &two, 5.0)[0]["params"]["progressToken"], "same");
    // The other call has not come so far.
    assert_eq!(progress(&mut script, &one, 1.0).len(), 1);
    script.result(&one, json!({}));
    script.said();
    assert_eq!(progress(&mut script, &one, 2.0).len(), 0, "nothing after the answer");
}

/// E-63, E-64
#[test]
fn progress_only_ever_grows_and_follows_the_host_through_its_rounds() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = with_token(&mut script, 1, json!(7));
    assert_eq!(progress(&mut script, &call, 1.0)[0]["params"]["progressToken"], 7);
    assert_eq!(progress(&mut script, &call, 1.0).len(), 0);
    assert_eq!(progress(&mut script, &call, 0.5).len(), 0);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    let state = script.said_one()["result"]["requestState"].clone();
    assert_eq!(progress(&mut script, &call, 2.0).len(), 0, "dropped in the gap");
    let params = json!({
        "name": "refund", "arguments": { "n": 1 }, "requestState": state,
        "inputResponses": { "q0": { "roots": [] } },
    });
    script.request_with(2, "tools/call", params, json!({ "progressToken": "new" }), everything());
    assert_eq!(progress(&mut script, &call, 0.0).len(), 0, "the server began anew");
    let told = progress(&mut script, &call, 3.0);
    assert_eq!(told[0]["params"]["progressToken"], "new");
    assert_eq!(told[0]["params"]["message"], "m");
}

#[test]
fn progress_of_nobody_is_dropped() {
    let mut script = Script::open(json!({ "tools": {} }));
    for token in [json!("x"), json!(99), json!(null)] {
        let params = json!({ "progressToken": token, "progress": 1 });
        script.notify("notifications/progress", params, None);
    }
    script.nothing_more();
}

/// Notifications that a modern host may not send are ignored, others go on without their envelope.
#[test]
fn notifications_of_the_host_follow_the_matrix() {
    let mut script = Script::open(json!({ "tools": {} }));
    for method in
        ["notifications/progress", "notifications/roots/list_changed", "notifications/initialized"]
    {
        script.line(json!({ "jsonrpc": "2.0", "method": method, "params": {} }));
    }
    script.nothing_more();
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    script.line(
        json!({ "jsonrpc": "2.0", "method": "vendor/x", "params": { "a": 1, "_meta": meta } }),
    );
    assert_eq!(script.sent_one("vendor/x")["params"], json!({ "a": 1 }));
}
