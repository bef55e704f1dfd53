//! E-39: pages that a server of 2025-11-25 wants visited first.

use super::*;

fn demanded(script: &mut Script) -> Value {
    script.call(3, "connect");
    let call = script.sent_one("tools/call");
    script.error(&call, demand());
    call
}

fn demand() -> Value {
    let page =
        json!({ "mode": "url", "elicitationId": "e1", "url": "https://x/c", "message": "Connect" });
    json!({ "code": -32042, "message": "…", "data": { "elicitations": [page] } })
}

fn state(script: &mut Script) -> Value {
    let answer = script.said_one();
    let expected = json!({ "e0": { "method": "elicitation/create", "params": {
        "mode": "url", "url": "https://x/c", "message": "Connect" } } });
    assert_eq!(answer["result"]["inputRequests"], expected, "{answer:#}");
    answer["result"]["requestState"].clone()
}

fn retry(script: &mut Script, id: u64, state: &Value, action: &str) {
    let params = json!({
        "name": "connect", "arguments": { "n": 1 }, "requestState": state,
        "inputResponses": { "e0": { "action": action } },
    });
    script.request(id, "tools/call", params);
}

/// E-39
#[test]
fn consent_sends_the_call_again_once_the_server_reports_the_visit() {
    let mut script = Script::open(json!({ "tools": {} }));
    demanded(&mut script);
    let state = state(&mut script);
    retry(&mut script, 4, &state, "accept");
    script.nothing_more();
    script.notify("notifications/elicitation/complete", json!({ "elicitationId": "other" }), None);
    script.after(Duration::ZERO);
    script.nothing_more();
    script.notify("notifications/elicitation/complete", json!({ "elicitationId": "e1" }), None);
    script.after(Duration::ZERO);
    let again = script.sent_one("tools/call");
    assert_eq!(again["params"], json!({ "name": "connect", "arguments": { "n": 1 } }));
    script.result(&again, json!({ "content": [] }));
    assert_eq!(script.said_one()["id"], 4);
    script.after(Duration::from_secs(60));
    script.nothing_more();
}

/// E-39: consent is not completion, so the same page is not asked for again
#[test]
fn without_a_report_the_call_goes_out_with_growing_pauses() {
    let mut script = Script::open(json!({ "tools": {} }));
    demanded(&mut script);
    let state = state(&mut script);
    retry(&mut script, 4, &state, "accept");
    for pause in [1, 2, 4, 8, 16, 16] {
        script.after(Duration::from_millis(pause * 1000 - 1));
        script.nothing_more();
        script.after(Duration::from_millis(1));
        let again = script.sent_one("tools/call");
        script.error(&again, demand());
        script.nothing_more();
    }
    script.after(Duration::from_secs(16));
    let again = script.sent_one("tools/call");
    script.result(&again, json!({ "content": [] }));
    assert_eq!(script.said_one()["id"], 4);
}

/// E-39, E-33: bounded; then the host is asked once more
#[test]
fn a_server_that_never_sees_the_visit_makes_the_host_decide_again() {
    let mut script = Script::open(json!({ "tools": {} }));
    demanded(&mut script);
    let state = state(&mut script);
    retry(&mut script, 4, &state, "accept");
    for _ in 0..20 {
        script.after(Duration::from_secs(16));
        let again = script.sent_one("tools/call");
        script.error(&again, demand());
    }
    assert_eq!(script.said_one()["result"]["resultType"], "input_required");
}

/// E-39
#[test]
fn refusal_ends_a_tool_call_as_an_error_of_the_tool_and_anything_else_as_a_failure() {
    for action in ["decline", "cancel"] {
        let mut script = Script::open(json!({ "tools": {} }));
        demanded(&mut script);
        let state = state(&mut script);
        retry(&mut script, 4, &state, action);
        let answer = script.said_one();
        assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(4), &json!(true)));
        assert_eq!(answer["result"]["resultType"], "complete");
        script.after(Duration::from_secs(60));
        script.nothing_more();
    }
    let mut script = Script::open(json!({ "resources": {} }));
    script.request(1, "resources/read", json!({ "uri": "a" }));
    let read = script.sent_one("resources/read");
    script.error(&read, demand());
    let state = state(&mut script);
    let answers = json!({ "e0": { "action": "cancel" } });
    let params = json!({ "uri": "a", "requestState": state, "inputResponses": answers });
    script.request(2, "resources/read", params);
    let error = script.said_one()["error"].clone();
    assert_eq!(
        (&error["code"], &error["data"]["bridge"]["kind"]),
        (&json!(-32603), &json!("declined"))
    );
}

/// E-39
#[test]
fn a_host_that_cannot_be_asked_for_a_page_is_told_what_it_lacks() {
    let mut script = Script::open(json!({ "tools": {} }));
    let params = json!({ "name": "connect" });
    script.request_with(1, "tools/call", params, json!({}), json!({ "elicitation": {} }));
    let call = script.sent_one("tools/call");
    script.error(&call, demand());
    let error = script.said_one()["error"].clone();
    assert_eq!(error["code"], -32021);
    assert_eq!(error["data"]["requiredCapabilities"], json!({ "elicitation": { "url": {} } }));
}

/// E-39: a code that must not reach the host
#[test]
fn a_demand_without_a_page_is_a_fault_of_the_server() {
    for data in
        [json!({}), json!({ "elicitations": [] }), json!({ "elicitations": [{ "url": 7 }] })]
    {
        let mut script = Script::open(json!({ "tools": {} }));
        script.call(1, "connect");
        let call = script.sent_one("tools/call");
        script.error(&call, json!({ "code": -32042, "message": "", "data": data }));
        assert_eq!(script.said_one()["error"]["data"]["bridge"]["kind"], "protocol");
    }
}
