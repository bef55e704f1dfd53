//! E-36 to E-38 and E-66: questions of the server, and the host that comes back with answers.

use super::*;

/// A call that the server works on: the request at the server.
fn started(script: &mut Script, id: impl Into<Value>) -> Value {
    script.call(id, "refund");
    script.sent_one("tools/call")
}

fn elicitation() -> Value {
    json!({ "message": "Refund?", "requestedSchema": { "type": "object", "properties": {} } })
}

/// The retry of `tools/call` in `started`.
fn retry(script: &mut Script, id: impl Into<Value>, state: &Value, answers: Value) {
    let params = json!({
        "arguments": { "n": 1 }, "name": "refund", "inputResponses": answers, "requestState": state,
    });
    script.request(id, "tools/call", params);
}

fn asked(script: &mut Script) -> (Value, Value) {
    let answer = script.said_one();
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer:#}");
    assert!(answer["result"]["ttlMs"].is_null());
    (answer["result"]["inputRequests"].clone(), answer["result"]["requestState"].clone())
}

/// E-36: the wire of the requirement's example
#[test]
fn a_question_of_the_server_becomes_an_input_request_and_the_answer_goes_back() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 5);
    let sampling = json!({ "messages": [], "maxTokens": 50 });
    script.ask(0, "sampling/createMessage", sampling.clone(), Some(&call));
    script.nothing_more();
    script.after_collecting();
    let (requests, state) = asked(&mut script);
    let expected = json!({ "q0": { "method": "sampling/createMessage", "params": sampling } });
    assert_eq!(requests, expected);
    assert!(state.as_str().unwrap().len() >= 22, "128 bits at least");
    let answer =
        json!({ "role": "assistant", "content": { "type": "text", "text": "ok" }, "model": "m" });
    retry(&mut script, 6, &state, json!({ "q0": answer }));
    assert_eq!(script.sent(), [json!({ "jsonrpc": "2.0", "id": 0, "result": answer })]);
    script.result(&call, json!({ "content": [] }));
    let answer = script.said_one();
    assert_eq!((&answer["id"], &answer["result"]["resultType"]), (&json!(6), &json!("complete")));
    script.nothing_more();
}

/// E-36: two at once, a second round, what belongs to the legacy way is taken out
#[test]
fn questions_are_collected_for_a_moment_and_later_ones_make_another_round() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    let url = json!({
        "mode": "url", "elicitationId": "e1", "url": "https://x/c", "message": "m",
        "task": { "ttl": 1 }, "_meta": { "progressToken": 3, "x": 1.10 },
    });
    script.ask(10, "elicitation/create", url, Some(&call));
    script.bring(json!({ "jsonrpc": "2.0", "id": 11, "method": "roots/list" }), Some(&call));
    script.after_collecting();
    let (requests, state) = asked(&mut script);
    let expected = json!({
        "q0": { "method": "elicitation/create", "params": {
            "mode": "url", "url": "https://x/c", "message": "m", "_meta": { "x": 1.10 } } },
        "q1": { "method": "roots/list" },
    });
    assert_eq!(requests, expected);
    retry(&mut script, 2, &state, json!({ "q0": { "action": "accept" }, "q1": { "roots": [] } }));
    assert_eq!(script.sent().len(), 2);
    script.ask(12, "elicitation/create", elicitation(), Some(&call));
    script.after_collecting();
    let (requests, second) = asked(&mut script);
    assert!(requests["q2"].is_object() && requests.as_object().unwrap().len() == 1);
    assert_ne!(state, second);
    retry(&mut script, 3, &second, json!({ "q2": { "action": "decline" } }));
    assert_eq!(script.sent()[0]["result"], json!({ "action": "decline" }));
}

/// E-36: what the server asks while the host answers is asked in the next round
#[test]
fn a_question_during_a_round_waits_for_the_next() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    script.ask(11, "elicitation/create", elicitation(), Some(&call));
    script.after_collecting();
    script.nothing_more();
    retry(&mut script, 2, &state, json!({ "q0": { "roots": [] } }));
    assert_eq!(script.sent().len(), 1);
    script.after_collecting();
    let (requests, _) = asked(&mut script);
    assert!(requests["q1"].is_object());
}

/// E-37
#[test]
fn missing_answers_are_asked_for_again_and_unknown_ones_ignored() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.ask(11, "elicitation/create", elicitation(), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    retry(&mut script, 2, &state, json!({ "q1": { "action": "cancel" }, "other": {} }));
    assert_eq!(script.sent()[0]["id"], 11);
    let (requests, state) = asked(&mut script);
    assert_eq!(requests, json!({ "q0": { "method": "roots/list", "params": {} } }));
    retry(&mut script, 3, &state, json!({ "q0": { "roots": [] } }));
    assert_eq!(script.sent()[0]["id"], 10);
    script.nothing_more();
}

/// E-37
#[test]
fn a_retry_that_does_not_fit_is_refused_and_never_runs_the_call_again() {
    let mut script = Script::open(json!({ "tools": {}, "prompts": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    let roots = json!({ "q0": { "roots": [] } });
    let with = |name: &str, n: u64, state: Value, answers: Value| {
        json!({
            "name": name, "arguments": { "n": n },
            "inputResponses": answers, "requestState": state,
        })
    };
    let foreign = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let unfit = [
        ("tools/call", with("refund", 2, state.clone(), roots.clone())),
        ("tools/call", with("other", 1, state.clone(), roots.clone())),
        ("prompts/get", with("refund", 1, state.clone(), roots.clone())),
        ("tools/call", with("refund", 1, json!(7), roots.clone())),
        ("tools/call", with("refund", 1, state.clone(), json!([]))),
        ("tools/call", with("refund", 1, state.clone(), json!({ "q0": 5 }))),
        ("tools/call", with("refund", 1, foreign, roots.clone())),
        (
            "tools/call",
            json!({ "name": "refund", "arguments": { "n": 1 }, "inputResponses": roots }),
        ),
    ];
    for (method, params) in unfit {
        script.request(2, method, params.clone());
        assert_eq!(script.said_one()["error"]["code"], -32602, "{params}");
        script.nothing_more();
    }
    // The real one is still welcome, once.
    retry(&mut script, 3, &state, roots.clone());
    assert_eq!(script.sent().len(), 1);
    retry(&mut script, 4, &state, roots);
    let replay = script.said_one();
    assert_eq!(replay["error"]["data"]["bridge"]["kind"], "input_expired");
    script.nothing_more();
}

/// E-37: after a restart no handle is known
#[test]
fn a_handle_of_another_run_is_expired() {
    let mut script = Script::new();
    retry(&mut script, 1, &json!("of-another-run"), json!({}));
    let error = script.said_one()["error"].clone();
    assert_eq!(
        (&error["code"], &error["data"]["bridge"]["kind"]),
        (&json!(-32602), &json!("input_expired"))
    );
    script.nothing_more();
}

/// E-37: each kind of question has its own refusal
#[test]
fn a_host_that_never_comes_back_has_its_questions_refused_and_the_call_cancelled() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "elicitation/create", elicitation(), Some(&call));
    script.ask(11, "sampling/createMessage", json!({}), Some(&call));
    script.ask(12, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    script.after(Duration::from_secs(29 * 60));
    script.nothing_more();
    script.after(Duration::from_secs(2 * 60));
    let sent = script.sent();
    assert_eq!(sent[0]["result"], json!({ "action": "cancel" }));
    assert_eq!(sent[1]["error"]["code"], -1);
    assert_eq!(sent[2]["error"]["code"], -32603);
    assert_eq!(sent[3]["method"], "notifications/cancelled");
    assert_eq!(sent[3]["params"]["requestId"], call["id"]);
    retry(&mut script, 2, &state, json!({}));
    assert_eq!(script.said_one()["error"]["data"]["bridge"]["kind"], "input_expired");
    // A late answer of the server changes nothing.
    script.result(&call, json!({ "content": [] }));
    script.nothing_more();
}

/// E-36: the server did not wait for the answer
#[test]
fn an_answer_that_comes_during_a_round_is_given_when_the_host_comes_back() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "elicitation/create", elicitation(), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    script.result(&call, json!({ "content": [], "isError": true }));
    assert_eq!(script.said(), Vec::<Value>::new());
    script.sent();
    retry(&mut script, 2, &state, json!({ "q0": { "action": "accept" } }));
    assert_eq!(script.said_one()["result"]["isError"], true);
    script.nothing_more();
}

/// E-38
#[test]
fn a_question_belongs_to_its_stream_or_to_the_only_call_or_is_refused() {
    let mut script = Script::open(json!({ "tools": {} }));
    // Nothing is open: the typical victim is `roots/list` right after `initialized`.
    script.ask(1, "roots/list", json!({}), None);
    assert_eq!(script.sent()[0]["error"]["code"], -32602);
    let first = started(&mut script, 1);
    script.request(2, "tools/list", json!({}));
    let list = script.sent_one("tools/list");
    // On the stream of a request that may not ask (E-35).
    script.ask(2, "roots/list", json!({}), Some(&list));
    assert_eq!(script.sent()[0]["error"]["code"], -32602);
    // The list is no candidate, so the call is the only one.
    script.ask(3, "roots/list", json!({}), None);
    script.after_collecting();
    assert_eq!(script.said_one()["id"], 1);
    let second = started(&mut script, 3);
    script.ask(4, "roots/list", json!({}), None);
    assert_eq!(script.sent()[0]["error"]["code"], -32602);
    script.ask(5, "roots/list", json!({}), Some(&second));
    script.after_collecting();
    assert_eq!(script.said_one()["id"], 3);
    let _ = first;
    script.nothing_more();
}

/// E-38, E-14: what this request did not declare is refused, whatever the session was opened with
#[test]
fn what_a_request_did_not_declare_is_refused_to_the_server() {
    let mut script = Script::open(json!({ "tools": {} }));
    let params = json!({ "name": "x" });
    script.request_with(1, "tools/call", params, json!({}), json!({ "elicitation": {} }));
    let call = script.sent_one("tools/call");
    let questions = [
        ("roots/list", json!({}), -32601),
        ("sampling/createMessage", json!({}), -32601),
        ("elicitation/create", json!({ "mode": "url" }), -32602),
        ("unheard/of", json!({}), -32601),
    ];
    for (method, params, code) in questions {
        script.ask(1, method, params, Some(&call));
        let sent = script.sent();
        assert_eq!(
            (&sent[0]["id"], &sent[0]["error"]["code"]),
            (&json!(1), &json!(code)),
            "{method}"
        );
    }
    script.after_collecting();
    script.nothing_more();
}

/// E-06
#[test]
fn two_calls_of_the_same_tool_do_not_mix() {
    let mut script = Script::open(json!({ "tools": {} }));
    let (one, two) = (started(&mut script, 1), started(&mut script, 2));
    script.ask(10, "elicitation/create", elicitation(), Some(&one));
    script.ask(20, "elicitation/create", elicitation(), Some(&two));
    script.after_collecting();
    let said = script.said();
    let state = |id: u64| {
        said.iter().find(|line| line["id"] == id).unwrap()["result"]["requestState"].clone()
    };
    retry(&mut script, 3, &state(2), json!({ "q0": { "action": "decline" } }));
    assert_eq!(
        script.sent(),
        [json!({ "jsonrpc": "2.0", "id": 20, "result": { "action": "decline" } })]
    );
    script.result(&two, json!({ "content": [], "n": 2 }));
    assert_eq!(script.said_one()["id"], 3);
    retry(&mut script, 4, &state(1), json!({ "q0": { "action": "accept" } }));
    assert_eq!(script.sent()[0]["id"], 10);
    script.result(&one, json!({ "content": [], "n": 1 }));
    let answer = script.said_one();
    assert_eq!((&answer["id"], &answer["result"]["n"]), (&json!(4), &json!(1)));
}

/// E-66
#[test]
fn a_cancelled_call_is_cancelled_at_the_server_and_nothing_more_is_written() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 6);
    script.cancel(6);
    let cancelled = script.sent_one("notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
    script.result(&call, json!({ "content": [] }));
    script.cancel(6);
    script.nothing_more();
}

/// E-66
#[test]
fn cancelling_an_answered_round_does_nothing_and_cancelling_the_retry_ends_the_call() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    script.cancel(1);
    script.nothing_more();
    retry(&mut script, 2, &state, json!({ "q0": { "roots": [] } }));
    script.sent();
    script.ask(11, "roots/list", json!({}), Some(&call));
    script.cancel(2);
    let sent = script.sent();
    assert_eq!((&sent[0]["id"], &sent[0]["error"]["code"]), (&json!(11), &json!(-32603)));
    assert_eq!(sent[1]["method"], "notifications/cancelled");
    script.after_collecting();
    script.nothing_more();
}

/// E-66
#[test]
fn an_answer_to_a_question_that_was_taken_back_is_dropped() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "elicitation/create", elicitation(), Some(&call));
    script.after_collecting();
    let (_, state) = asked(&mut script);
    script.notify("notifications/cancelled", json!({ "requestId": 10 }), Some(&call));
    retry(&mut script, 2, &state, json!({ "q0": { "action": "accept" } }));
    script.nothing_more();
    script.result(&call, json!({ "content": [] }));
    assert_eq!(script.said_one()["id"], 2);
}

/// S-12
#[test]
fn the_number_of_open_questions_is_bounded() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    for number in 0..65 {
        script.ask(number, "roots/list", json!({}), Some(&call));
    }
    let sent = script.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0]["id"], &sent[0]["error"]["code"]), (&json!(64), &json!(-32603)));
}

#[test]
fn a_host_that_leaves_gives_its_suspended_calls_up() {
    let mut script = Script::open(json!({ "tools": {} }));
    let call = started(&mut script, 1);
    script.ask(10, "roots/list", json!({}), Some(&call));
    script.after_collecting();
    asked(&mut script);
    script.work(|host, cx| host.leave(cx));
    let sent = script.sent();
    assert_eq!(sent[0]["id"], 10);
    assert_eq!(sent[1]["method"], "notifications/cancelled");
}
