//! A legacy host whose call becomes a task at a modern remote: it sees an ordinary call.

use serde_json::{Value, json};

use super::{modern, reply};
use crate::support::harness::{kind, text};

/// E-70, E-75: each way in which a task ends
#[tokio::test]
async fn a_task_runs_to_its_end_and_the_host_gets_its_outcome() {
    let mut harness = modern(&["task=20:ttl=60000"]).open().await;
    let listed = harness.request("tools/list", json!({})).await;
    assert!(listed["result"]["tools"].is_array());
    let done = harness.call("task_only", json!({})).await;
    assert_eq!(text(&done), "done as a task", "{done:#}");
    let worked = harness.call("task_work", json!({ "ms": 60 })).await;
    assert_eq!(worked["result"]["structuredContent"], json!({ "ms": 60 }), "{worked:#}");
    for answer in [&done, &worked] {
        for gone in ["resultType", "taskId", "status"] {
            assert!(answer["result"][gone].is_null(), "{gone} {answer:#}");
        }
    }
    let failed = harness.call("task_fail", json!({})).await;
    assert_eq!(failed["result"]["isError"], true, "{failed:#}");
    let broken = harness.call("task_error", json!({})).await;
    assert_eq!(broken["error"]["message"], "the work broke down", "{broken:#}");
    let given_up = harness.call("task_given_up", json!({})).await;
    assert_eq!(kind(&given_up), "lost", "{given_up:#}");
    assert_eq!(harness.count("tools/call"), 5, "no task is started twice");
    let asked = harness.mock.recorder().of_method("tasks/get");
    for request in &asked {
        let id = request.json()["params"]["taskId"].clone();
        assert_eq!(request.header("mcp-name"), id.as_str(), "E-72");
    }
    assert!(asked.len() >= 5);
}

/// E-71: one question per key, and the answers are no retry of the call
#[tokio::test]
async fn a_question_of_a_task_reaches_the_host_once() {
    let mut harness = modern(&["task=20:ttl=60000"]).open().await;
    let id = harness.start_call("task_ask_two", json!({})).await;
    let mut asked = Vec::new();
    for answer in ["Ann", "Ann"] {
        let accept = json!({ "action": "accept", "content": { "answer": answer } });
        let question = reply(&mut harness, "elicitation/create", accept).await;
        asked.push(question["params"]["message"].clone());
    }
    let answer = harness.answer(id).await;
    let answers = answer["result"]["structuredContent"]["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 2, "{answer:#}");
    assert!(answers.iter().all(|answer| answer["content"]["answer"] == "Ann"), "{answer:#}");
    assert_ne!(asked[0], asked[1]);
    assert!(harness.set_aside().iter().all(|said| said["method"] != "elicitation/create"));
    assert_eq!(harness.count("tools/call"), 1);
    let told: Vec<Value> = harness
        .mock
        .recorder()
        .of_method("tasks/update")
        .iter()
        .map(|update| update.json()["params"]["inputResponses"].clone())
        .collect();
    let keys: usize = told.iter().map(|told| told.as_object().unwrap().len()).sum();
    assert_eq!(keys, 2, "{told:?}");
}

/// E-72: the task is told by its own method, and what it still does is nobody's business
#[tokio::test]
async fn a_host_that_gives_up_a_call_cancels_its_task() {
    let mut harness = modern(&["task=20:ttl=60000"]).open().await;
    let id = harness.start_call("task_work", json!({ "ms": 60_000 })).await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "tasks/get")).await;
    harness.notify("notifications/cancelled", json!({ "requestId": id })).await;
    harness.seen(|all| all.iter().any(|r| r.rpc_method() == "tasks/cancel")).await;
    let cancelled = harness.mock.recorder().of_method("tasks/cancel").remove(0);
    let task = cancelled.json()["params"]["taskId"].clone();
    let asked = harness.mock.recorder().of_method("tasks/get").remove(0);
    assert_eq!(task, asked.json()["params"]["taskId"]);
    assert_eq!(cancelled.header("mcp-name"), task.as_str());
    assert!(harness.call("echo", json!({})).await["result"].is_object());
    assert_eq!(harness.count("notifications/cancelled"), 0);
    assert!(harness.set_aside().iter().all(|said| said["id"] != id));
}
