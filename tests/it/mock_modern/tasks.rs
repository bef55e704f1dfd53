//! Tasks of the extension `io.modelcontextprotocol/tasks`, and those of 2025-11-25.

use mcp_tether_mock::{MockOptions, Served};
use serde_json::{Value, json};

use super::{code, modern};
use crate::raw_host::{Events, RawHost, json_of, lab, modern_request, parsed, request};

const TERMINAL: [&str; 3] = ["completed", "failed", "cancelled"];

fn tasks_too() -> Value {
    json!({ "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

fn asked(method: &str, params: Value) -> Value {
    modern_request(7, method, params, tasks_too())
}

fn call(tool: &str, arguments: Value) -> Value {
    asked("tools/call", json!({ "name": tool, "arguments": arguments }))
}

fn get(id: &Value) -> Value {
    asked("tasks/get", json!({ "taskId": id }))
}

async fn result(host: &RawHost, body: &Value) -> Value {
    host.ask_modern(body).await["result"].clone()
}

/// Makes a task; gives its id.
async fn started(host: &RawHost, tool: &str, arguments: Value) -> Value {
    let made = result(host, &call(tool, arguments)).await;
    assert_eq!(made["resultType"], "task", "{made}");
    assert!(made.get("task").is_none() && made.get("result").is_none());
    made["taskId"].clone()
}

/// Looks at a task through its notifications until it stands like this.
async fn until(host: &RawHost, id: &Value, fits: impl Fn(&Value) -> bool) -> Value {
    let filter = json!({ "notifications": { "taskIds": [id] } });
    let listen = asked("subscriptions/listen", filter);
    let mut events = Events::of(host.post_modern(&listen).await);
    let granted = events.next().await.unwrap().json();
    assert_eq!(granted["params"]["notifications"]["taskIds"], json!([id]));
    loop {
        let now = result(host, &get(id)).await;
        assert_eq!(now["resultType"], "complete");
        if fits(&now) {
            return now;
        }
        let told = events.next().await.unwrap().json();
        assert_eq!(told["method"], "notifications/tasks");
    }
}

async fn ended(host: &RawHost, id: &Value) -> Value {
    until(host, id, |task| TERMINAL.contains(&task["status"].as_str().unwrap())).await
}

/// E-70
#[tokio::test]
async fn a_task_ends_in_each_way() {
    let host = modern(&["task=5:ttl=60000"]);
    for (tool, status) in [
        ("task_only", "completed"),
        ("task_fail", "completed"),
        ("task_error", "failed"),
        ("task_given_up", "cancelled"),
    ] {
        let id = started(&host, tool, json!({})).await;
        let task = ended(&host, &id).await;
        assert_eq!(task["status"], status, "{tool}");
        assert_eq!(task["result"].is_object(), status == "completed", "{tool}");
        assert_eq!(task["error"]["code"].is_i64(), status == "failed", "{tool}");
        assert_eq!((&task["ttlMs"], &task["pollIntervalMs"]), (&json!(60_000), &json!(5)));
    }
    let id = started(&host, "task_work", json!({ "ms": 60_000 })).await;
    let working = until(&host, &id, |task| task["status"] == "working").await;
    assert_eq!(working["statusMessage"], "half of it is to do");
}

/// E-71
#[tokio::test]
async fn a_task_asks_under_keys_that_it_never_uses_again() {
    let host = modern(&[]);
    let id = started(&host, "task_ask_two", json!({})).await;
    let task = until(&host, &id, |task| task["status"] == "input_required").await;
    let keys: Vec<_> = task["inputRequests"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 2);
    let update =
        |answers: Value| asked("tasks/update", json!({ "taskId": id, "inputResponses": answers }));
    let yes = json!({ "action": "accept", "content": { "answer": "x" } });
    let ack = result(&host, &update(json!({ keys[0].clone(): yes, "unknown": yes }))).await;
    assert_eq!(ack["resultType"], "complete");
    assert!(ack.get("taskId").is_none());
    let task = result(&host, &get(&id)).await;
    assert_eq!(task["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), [&keys[1]]);
    result(&host, &update(json!({ keys[1].clone(): yes }))).await;
    let task = ended(&host, &id).await;
    assert_eq!(task["result"]["structuredContent"]["answers"], json!([yes, yes]));
}

/// E-72
#[tokio::test]
async fn a_task_is_cancelled_by_name_and_its_stream_has_no_part_in_it() {
    let host = modern(&["answer=sse"]);
    let made = host.messages(host.post_modern(&call("task_work", json!({ "ms": 60_000 }))).await);
    let id = made.await[0]["result"]["taskId"].clone();
    assert_eq!(result(&host, &get(&id)).await["status"], "working", "the stream has ended");
    let cancel = asked("tasks/cancel", json!({ "taskId": id }));
    for _ in 0..2 {
        assert_eq!(result(&host, &cancel).await["resultType"], "complete");
    }
    assert_eq!(result(&host, &get(&id)).await["status"], "cancelled");
    let mut wrong = host.modern(&get(&id)).build().unwrap();
    wrong.headers_mut().insert("mcp-name", "another".parse().unwrap());
    assert_eq!(code(&json_of(host.http.execute(wrong).await.unwrap()).await), -32020);
}

/// E-70, E-75
#[tokio::test]
async fn hosts_without_the_extension_get_results_or_are_told_what_they_need() {
    let host = modern(&[]);
    let plain = |method: &str, params: Value| modern_request(1, method, params, json!({}));
    let call = |tool: &str, arguments: Value| {
        plain("tools/call", json!({ "name": tool, "arguments": arguments }))
    };
    let done = result(&host, &call("task_work", json!({ "ms": 0 }))).await;
    assert_eq!(done["structuredContent"], json!({ "ms": 0 }));
    for refused in [call("task_only", json!({})), plain("tasks/get", json!({ "taskId": "x" }))] {
        let answer = host.ask_modern(&refused).await;
        assert_eq!(code(&answer), -32021);
        let needed = &answer["error"]["data"]["requiredCapabilities"]["extensions"];
        assert_eq!(*needed, json!({ "io.modelcontextprotocol/tasks": {} }));
    }
    assert_eq!(code(&host.ask_modern(&get(&json!("unknown"))).await), -32602);
    host.mock.set_faults(parsed(&["task=5:ttl=0"]));
    let id = started(&host, "task_work", json!({ "ms": 0 })).await;
    assert_eq!(code(&host.ask_modern(&get(&id)).await), -32602, "its time is over");
}

/// E-70
#[tokio::test]
async fn a_call_can_ask_first_and_become_a_task_then() {
    let host = modern(&[]);
    let body = call("task_late", json!({}));
    let asked = result(&host, &body).await;
    assert_eq!(asked["resultType"], "input_required");
    let mut again = body.clone();
    again["params"]["requestState"] = asked["requestState"].clone();
    let answer = json!({ "action": "accept", "content": { "answer": "Zoë" } });
    again["params"]["inputResponses"] = json!({ "user_name": answer });
    let made = result(&host, &again).await;
    assert_eq!(made["resultType"], "task");
    assert!(made.get("requestState").is_none());
    let task = ended(&host, &made["taskId"]).await;
    assert_eq!(task["result"]["structuredContent"], answer);
}

async fn legacy(version: &str) -> RawHost {
    let mut host = lab(&[]);
    host.open(version).await;
    host
}

fn with_task(tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments, "task": { "ttl": 60_000 } });
    request(3, "tools/call", params)
}

/// E-73
#[tokio::test]
async fn in_2025_11_25_the_host_decides_and_fetches_the_result() {
    let host = legacy("2025-11-25").await;
    let listed = host.ask(&request(1, "tools/list", json!({}))).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let support = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        tool["execution"]["taskSupport"].clone()
    };
    assert_eq!(
        (support("task_only"), support("task_work")),
        ("required".into(), "optional".into())
    );
    assert_eq!(support("add"), Value::Null);

    let plain = host.call("task_work", json!({ "ms": 0 })).await;
    assert_eq!(plain["structuredContent"], json!({ "ms": 0 }));
    let made = host.ask(&with_task("task_work", json!({ "ms": 0 }))).await["result"].clone();
    let task = &made["task"];
    assert_eq!((&task["ttl"], &task["status"]), (&json!(60_000), &json!("working")));
    let named = json!({ "taskId": task["taskId"] });
    let done = host.ask(&request(4, "tasks/result", named.clone())).await["result"].clone();
    assert_eq!(done["structuredContent"], json!({ "ms": 0 }));
    let related = &done["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related["taskId"], task["taskId"]);
    assert_eq!(host.ask(&request(5, "tasks/get", named)).await["result"]["status"], "completed");
    let all = host.ask(&request(6, "tasks/list", json!({}))).await["result"]["tasks"].clone();
    assert_eq!(all.as_array().unwrap().len(), 1);
}

/// E-73
#[tokio::test]
async fn in_2025_11_25_a_task_asks_on_the_stream_of_its_result_and_can_be_cancelled() {
    let host = legacy("2025-11-25").await;
    let made = host.ask(&with_task("task_ask", json!({}))).await["result"]["task"].clone();
    let named = json!({ "taskId": made["taskId"] });
    let mut events = Events::of(host.post(&request(4, "tasks/result", named)).await);
    let question = events.next().await.unwrap().json();
    assert_eq!(question["method"], "elicitation/create");
    let related = &question["params"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related["taskId"], made["taskId"]);
    let answer = json!({ "action": "accept", "content": { "answer": "x" } });
    let answered = json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer });
    host.post(&answered).await;
    let last = events.next().await.unwrap().json();
    assert_eq!(last["result"]["structuredContent"]["answers"], json!([answer]));

    let made = host.ask(&with_task("task_work", json!({ "ms": 60_000 }))).await["result"].clone();
    let named = json!({ "taskId": made["task"]["taskId"] });
    let cancelled = host.ask(&request(5, "tasks/cancel", named.clone())).await;
    assert_eq!(cancelled["result"]["status"], "cancelled");
    assert_eq!(code(&host.ask(&request(6, "tasks/cancel", named)).await), -32602);
}

/// E-73, E-75
#[tokio::test]
async fn tasks_are_refused_where_tool_or_revision_know_none() {
    let host = legacy("2025-11-25").await;
    let refused = host.ask(&with_task("add", json!({ "a": 1, "b": 2 }))).await;
    assert_eq!(code(&refused), -32601);
    let required = host.ask(&crate::raw_host::call(1, "task_only", json!({}))).await;
    assert_eq!(code(&required), -32601);
    let host = legacy("2025-06-18").await;
    let plain = host.ask(&with_task("task_work", json!({ "ms": 0 }))).await;
    assert_eq!(plain["result"]["structuredContent"], json!({ "ms": 0 }));
    assert_eq!(code(&host.ask(&request(1, "tasks/list", json!({}))).await), -32601);
    let opened = RawHost::new(MockOptions { protocol: Served::Dual, ..MockOptions::default() });
    let discovered = result(&opened, &asked("server/discover", json!({}))).await;
    let extensions = &discovered["capabilities"]["extensions"];
    assert!(extensions["io.modelcontextprotocol/tasks"].is_object(), "{discovered}");
}
