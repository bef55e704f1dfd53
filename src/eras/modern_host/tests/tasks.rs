//! E-74: tools that only run as tasks.

use super::*;

fn server() -> Value {
    json!({ "tools": {}, "tasks": { "requests": { "tools": { "call": {} } } } })
}

/// The call as a task, made and answered by the server.
fn running(script: &mut Script) -> Value {
    script.call(4, "build");
    let plain = script.sent_one("tools/call");
    assert!(plain["params"]["task"].is_null());
    script.error(&plain, json!({ "code": -32601, "message": "needs a task" }));
    let call = script.sent_one("tools/call");
    assert_eq!(call["params"]["task"], json!({}));
    assert_eq!(call["params"]["name"], "build");
    let task = json!({ "taskId": "t1", "status": "working", "ttl": 1, "pollInterval": 500 });
    script.result(&call, json!({ "task": task }));
    script.nothing_more();
    call
}

/// E-74
#[test]
fn a_tool_that_needs_a_task_is_run_as_one_and_the_host_gets_its_result() {
    let mut script = Script::open(server());
    running(&mut script);
    script.after(Duration::from_millis(499));
    script.nothing_more();
    script.after(Duration::from_millis(1));
    let status = script.sent_one("tasks/get");
    assert_eq!(status["params"], json!({ "taskId": "t1" }));
    script.result(&status, json!({ "taskId": "t1", "status": "completed" }));
    let result = script.sent_one("tasks/result");
    let related = json!({ "io.modelcontextprotocol/related-task": { "taskId": "t1" } });
    script.result(&result, json!({ "content": [], "_meta": related }));
    let answer = script.said_one();
    assert_eq!((&answer["id"], &answer["result"]["resultType"]), (&json!(4), &json!("complete")));
    assert!(answer["result"]["_meta"]["io.modelcontextprotocol/related-task"].is_null());
    script.nothing_more();
}

/// S-39
#[test]
fn a_task_is_polled_neither_at_once_nor_hardly_ever() {
    let mut script = Script::open(server());
    running(&mut script);
    script.after(Duration::from_millis(500));
    for (asked, expected) in [(0, 20), (100_000_000, 300_000)] {
        let status = script.sent_one("tasks/get");
        let state = json!({ "taskId": "t1", "status": "working", "pollInterval": asked });
        script.result(&status, state);
        script.after(Duration::from_millis(expected - 1));
        script.nothing_more();
        script.after(Duration::from_millis(1));
    }
    script.sent_one("tasks/get");
}

/// E-74, E-36: questions come on the stream of `tasks/result`
#[test]
fn a_task_may_ask_the_host() {
    let mut script = Script::open(server());
    running(&mut script);
    let told = json!({ "taskId": "t1", "status": "input_required" });
    script.notify("notifications/tasks/status", told, None);
    let result = script.sent_one("tasks/result");
    script.ask(10, "roots/list", json!({}), Some(&result));
    script.after_collecting();
    assert_eq!(script.said_one()["result"]["resultType"], "input_required");
}

/// E-66, E-74
#[test]
fn cancelling_ends_the_task_and_not_the_request() {
    let mut script = Script::open(server());
    running(&mut script);
    script.cancel(4);
    assert_eq!(script.sent_one("tasks/cancel")["params"], json!({ "taskId": "t1" }));
    script.after(Duration::from_secs(5));
    script.nothing_more();
}

/// E-74
#[test]
fn a_method_that_is_unknown_to_a_server_without_tasks_stays_unknown() {
    let mut script = Script::open(json!({ "tools": {} }));
    script.call(1, "build");
    let call = script.sent_one("tools/call");
    script.error(&call, json!({ "code": -32601, "message": "no" }));
    assert_eq!(script.said_one()["error"]["code"], -32601);
    let mut script = Script::open(server());
    script.call(1, "build");
    for _ in 0..2 {
        let call = script.sent_one("tools/call");
        script.error(&call, json!({ "code": -32601, "message": "no" }));
    }
    assert_eq!(script.said_one()["error"]["code"], -32601);
}

/// E-74
#[test]
fn a_task_that_the_server_lost_fails_the_call() {
    let mut script = Script::open(server());
    running(&mut script);
    script.after(Duration::from_millis(500));
    let status = script.sent_one("tasks/get");
    script.error(&status, json!({ "code": -32602, "message": "no such task" }));
    assert_eq!(script.said_one()["error"]["code"], -32602);
    script.nothing_more();
}
