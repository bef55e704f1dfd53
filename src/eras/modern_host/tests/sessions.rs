//! E-12 to E-16 and T-09: the session behind a host that knows none.

use super::*;

/// E-12
#[test]
fn many_first_requests_open_one_session_and_are_sent_once_it_is_open() {
    let mut script = Script::new();
    for id in 0..10 {
        script.call(id, "echo");
    }
    assert_eq!(script.sent.len(), 1);
    let initialize = script.answer_initialize(json!({ "tools": {} }));
    assert_eq!(initialize["params"]["protocolVersion"], "2025-11-25");
    assert_eq!(initialize["params"]["clientInfo"], json!({ "name": "vscode", "version": "1" }));
    assert_eq!(initialize["params"]["capabilities"], everything());
    let calls = script.sent();
    assert_eq!(calls.len(), 10);
    for (id, call) in calls.iter().enumerate() {
        assert_eq!(call["params"], json!({ "name": "echo", "arguments": { "n": 1 } }));
        script.result(call, json!({ "content": [] }));
        let answer = script.said_one();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["result"]["resultType"], "complete");
    }
}

/// E-12: the wire of the requirement's example
#[test]
fn discover_is_answered_from_initialize() {
    let mut script = Script::new();
    script.discover("d");
    script.answer_initialize(json!({ "tools": { "listChanged": true }, "logging": {} }));
    let answer = script.said_one();
    assert_eq!(answer["id"], "d");
    assert_eq!(answer["result"]["capabilities"]["tools"]["listChanged"], true);
    script.discover("again");
    assert_eq!(script.said_one()["result"], answer["result"]);
    script.nothing_more();
}

/// E-12: any of the four revisions may be in the answer, and no other
#[test]
fn a_session_opens_in_every_legacy_revision_and_no_other() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut script = Script::new();
        script.discover("d");
        let initialize = script.sent_one("initialize");
        assert_eq!(initialize["params"]["protocolVersion"], "2025-11-25");
        let declared = &initialize["params"]["capabilities"];
        assert!(declared["roots"].is_object() && declared["sampling"].is_object(), "{declared}");
        script.result(&initialize, json!({ "protocolVersion": version, "capabilities": {} }));
        let answer = script.said_one();
        assert_eq!(answer["result"]["resultType"], "complete", "{version}");
        assert!(answer["result"]["protocolVersion"].is_null(), "the host does not see it");
    }
    for version in ["2026-07-28", "1999-01-01"] {
        let mut script = Script::new();
        script.discover("d");
        let initialize = script.sent_one("initialize");
        script.result(&initialize, json!({ "protocolVersion": version, "capabilities": {} }));
        assert_eq!(script.said_one()["error"]["data"]["bridge"]["kind"], "era", "{version}");
    }
}

/// E-12
#[test]
fn a_refused_session_fails_who_waits_and_the_next_request_tries_again() {
    let mut script = Script::new();
    script.discover("d");
    script.call(1, "echo");
    let initialize = script.sent_one("initialize");
    script.error(&initialize, json!({ "code": -32000, "message": "no" }));
    for answer in script.said() {
        assert_eq!(answer["error"]["code"], -32000);
    }
    assert!(!script.host.waits());
    script.call(2, "echo");
    script.answer_initialize(json!({}));
    script.sent_one("tools/call");
}

/// E-14
#[test]
fn a_request_that_declares_more_gets_a_second_session_and_one_that_declares_less_does_not() {
    let mut script = Script::new();
    let call = |script: &mut Script, id: u64, capabilities: Value| {
        let params = json!({ "name": "x" });
        script.request_with(id, "tools/call", params, json!({}), capabilities);
    };
    call(&mut script, 1, json!({}));
    let first = script.answer_initialize(json!({}));
    assert_eq!(first["params"]["capabilities"], json!({}));
    script.sent_one("tools/call");
    call(&mut script, 2, json!({ "elicitation": {} }));
    let second = script.answer_initialize(json!({}));
    assert_eq!(second["params"]["capabilities"], json!({ "elicitation": { "form": {} } }));
    script.sent_one("tools/call");
    call(&mut script, 3, json!({}));
    script.sent_one("tools/call");
    // O-6: two sessions at most.
    call(&mut script, 4, json!({ "roots": {} }));
    script.sent_one("tools/call");
    script.nothing_more();
}

/// E-14
#[test]
fn a_second_session_that_is_refused_leaves_the_first() {
    let mut script = Script::new();
    script.request_with(1, "tools/list", json!({}), json!({}), json!({}));
    script.answer_initialize(json!({}));
    script.sent_one("tools/list");
    script.call(2, "echo");
    let initialize = script.sent_one("initialize");
    script.error(&initialize, json!({ "code": -32000, "message": "no" }));
    script.sent_one("tools/call");
    script.nothing_more();
}

/// E-13
#[test]
fn what_the_envelope_lacks_is_told_and_nothing_is_sent() {
    let mut script = Script::new();
    script.line(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} }));
    assert_eq!(script.said_one()["error"]["code"], -32602);
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "1900-01-01" });
    script.request_with(2, "tools/list", json!({}), meta, json!({}));
    let error = script.said_one()["error"].clone();
    assert_eq!(error["code"], -32022);
    assert_eq!(error["data"]["requested"], "1900-01-01");
    script.nothing_more();
}

/// E-16
#[test]
fn methods_that_went_away_are_unknown() {
    let gone = [
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/result",
        "tasks/list",
    ];
    let mut script = Script::open(json!({ "resources": { "subscribe": true }, "logging": {} }));
    for method in gone {
        script.request(1, method, json!({ "uri": "a", "level": "info" }));
        assert_eq!(script.said_one()["error"]["code"], -32601, "{method}");
    }
    script.nothing_more();
}

/// T-09
#[test]
fn answers_of_a_modern_host_are_ignored() {
    let mut script = Script::open(json!({}));
    script.line(json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    script.line(json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": 1, "message": "" } }));
    script.nothing_more();
}

/// T-06
#[test]
fn an_id_that_is_still_open_is_refused() {
    let mut script = Script::open(json!({}));
    script.call("1", "echo");
    script.call(1, "echo");
    script.call(1, "echo");
    assert_eq!(script.said_one()["error"]["code"], -32600);
    assert_eq!(script.sent().len(), 2);
}

/// E-66
#[test]
fn a_request_that_waits_for_the_session_can_be_given_up() {
    let mut script = Script::new();
    script.discover("d");
    script.call(1, "echo");
    script.cancel(1);
    script.cancel("d");
    script.answer_initialize(json!({}));
    script.nothing_more();
}

/// E-50
#[test]
fn codes_that_changed_reach_the_host_changed() {
    let mut script = Script::open(json!({ "resources": {} }));
    script.request(9, "resources/read", json!({ "uri": "file:///x" }));
    let read = script.sent_one("resources/read");
    script.error(&read, json!({ "code": -32002, "message": "m", "data": { "uri": "file:///x" } }));
    let expected = json!({ "code": -32602, "message": "m", "data": { "uri": "file:///x" } });
    assert_eq!(script.said_one()["error"], expected);
}

/// E-02
#[test]
fn who_asks_what_the_server_can_do_may_be_answered_before_it_is_known() {
    let mut script = Script::new();
    script.discover("d");
    let result = crate::eras::modern_host::conservative_discover("mcp.example");
    script.work(|host, cx| host.answer_discovers_with(&result, cx));
    assert_eq!(script.said_one()["id"], "d");
    script.answer_initialize(json!({}));
    script.nothing_more();
}

#[test]
fn at_the_end_everyone_is_told() {
    let mut script = Script::open(json!({ "tools": { "listChanged": true } }));
    script.call(1, "echo");
    script.request("L", "subscriptions/listen", json!({ "notifications": {} }));
    script.said();
    let failure = crate::error::Failure::new(crate::error::FailureKind::Lost, "the end").hint("");
    script.work(|host, cx| host.finish(&failure, cx));
    let said = script.said();
    assert_eq!(said.len(), 2);
    let of = |id: Value| said.iter().find(|line| line["id"] == id).unwrap();
    assert_eq!(of(json!(1))["error"]["data"]["bridge"]["kind"], "lost");
    let farewell = &of(json!("L"))["result"];
    assert_eq!(farewell["resultType"], "complete");
    assert_eq!(farewell["_meta"]["io.modelcontextprotocol/subscriptionId"], "L");
    assert!(!script.host.waits());
}
