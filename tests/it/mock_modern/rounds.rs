//! Input that is asked for in rounds, from one implementation of each tool.

use mcp_tether::protocol::ProtocolVersion;
use mcp_tether_mock::{MockOptions, ProductName, Served};
use serde_json::{Value, json};

use super::{call, code, modern, request};
use crate::raw_host::{RawHost, modern_request};

/// Returns the call again, with what a result asked for.
fn retry(first: &Value, result: &Value, answers: Value) -> Value {
    let mut body = first.clone();
    body["id"] = (first["id"].as_u64().unwrap() + 1).into();
    body["params"]["inputResponses"] = answers;
    if let Some(state) = result.get("requestState") {
        body["params"]["requestState"] = state.clone();
    }
    body
}

fn accepted(answer: &str) -> Value {
    json!({ "action": "accept", "content": { "answer": answer } })
}

async fn result(host: &RawHost, body: &Value) -> Value {
    host.ask_modern(body).await["result"].clone()
}

/// E-30
#[tokio::test]
async fn each_kind_of_question_is_a_result_and_its_answer_a_new_call() {
    let host = modern(&[]);
    let model = json!({ "role": "assistant", "content": { "type": "text", "text": "x" },
        "model": "m" });
    for (tool, method, answer) in [
        ("ask_user", "elicitation/create", accepted("Zoë")),
        ("ask_model", "sampling/createMessage", model),
        ("ask_roots", "roots/list", json!({ "roots": [] })),
    ] {
        let body = call(tool, json!({}));
        let asked = result(&host, &body).await;
        assert_eq!(asked["resultType"], "input_required");
        assert_eq!(asked["inputRequests"]["q1"]["method"], method);
        assert!(asked.get("ttlMs").is_none() && asked["requestState"].is_string());
        let done = result(&host, &retry(&body, &asked, json!({ "q1": answer }))).await;
        assert_eq!(
            (&done["resultType"], &done["structuredContent"]),
            (&json!("complete"), &answer)
        );
    }
}

/// E-30
#[tokio::test]
async fn several_questions_come_at_once_or_one_after_the_other() {
    let host = modern(&[]);
    let body = call("ask_all", json!({}));
    let asked = result(&host, &body).await;
    let keys: Vec<_> = asked["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["folders", "model", "user"]);
    let some = json!({ "user": accepted("x"), "folders": { "roots": [] } });
    let missing = result(&host, &retry(&body, &asked, some)).await;
    assert_eq!(missing["inputRequests"].as_object().unwrap().len(), 1);
    let model = json!({ "role": "assistant", "content": [], "model": "m" });
    let done = result(&host, &retry(&body, &missing, json!({ "model": model }))).await;
    assert_eq!(done["structuredContent"]["user"], accepted("x"));

    let body = call("ask_twice", json!({}));
    let first = result(&host, &body).await;
    let second = result(&host, &retry(&body, &first, json!({ "name": accepted("a") }))).await;
    assert_ne!(first["requestState"], second["requestState"]);
    let done = result(&host, &retry(&body, &second, json!({ "color": accepted("b") }))).await;
    assert_eq!(done["structuredContent"], json!({ "answers": ["a", "b"], "acts": 1 }));
}

/// E-33
#[tokio::test]
async fn a_state_alone_and_an_endless_question_are_possible() {
    let host = modern(&[]);
    let body = call("put_off", json!({ "times": 2 }));
    let mut outcome = result(&host, &body).await;
    for _ in 0..2 {
        assert!(outcome.get("inputRequests").is_none());
        let mut again = retry(&body, &outcome, json!({}));
        again["params"].as_object_mut().unwrap().remove("inputResponses");
        outcome = result(&host, &again).await;
    }
    assert_eq!(outcome["structuredContent"], json!({ "put_off": 2 }));

    let body = call("ask_endless", json!({}));
    let mut outcome = result(&host, &body).await;
    for _ in 0..20 {
        let key = outcome["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
        outcome = result(&host, &retry(&body, &outcome, json!({ key: accepted("y") }))).await;
    }
    assert_eq!(outcome["resultType"], "input_required");
    let key = outcome["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let no = json!({ key: { "action": "decline" } });
    let done = result(&host, &retry(&body, &outcome, no)).await;
    assert_eq!(done["structuredContent"], json!({ "asked": 20 }));
}

#[tokio::test]
async fn a_question_can_do_without_a_state() {
    let host = modern(&[]);
    let body = call("ask_openly", json!({}));
    let asked = result(&host, &body).await;
    assert!(asked.get("requestState").is_none());
    let done = result(&host, &retry(&body, &asked, json!({ "name": accepted("x") }))).await;
    assert_eq!(done["structuredContent"], accepted("x"));
}

/// E-37
#[tokio::test]
async fn a_state_that_was_changed_is_foreign_too_old_or_for_another_call_is_refused() {
    let host = modern(&[]);
    let body = call("ask_twice", json!({}));
    let asked = result(&host, &body).await;
    let good = retry(&body, &asked, json!({ "name": accepted("a") }));
    let with = |state: Value| {
        let mut body = good.clone();
        body["params"]["requestState"] = state;
        body
    };
    let state = asked["requestState"].as_str().unwrap();
    let foreign = result(&modern(&[]), &body).await["requestState"].clone();
    let old = result(&modern(&["state-lifetime=0"]), &body).await["requestState"].clone();
    for wrong in [json!(format!("{state}-TAMPERED")), json!(""), json!(1), foreign, old] {
        assert_eq!(code(&host.ask_modern(&with(wrong)).await), -32602);
    }
    let mut other = good.clone();
    other["params"]["name"] = "ask_all".into();
    assert_eq!(code(&host.ask_modern(&other).await), -32602);
    assert_eq!(result(&host, &good).await["resultType"], "input_required");
    host.mock.set_faults(crate::raw_host::parsed(&["state-lifetime=0"]));
    let dead = result(&host, &body).await;
    let late = host.ask_modern(&retry(&body, &dead, json!({}))).await;
    assert_eq!(late["error"]["message"], "`requestState` has expired");
}

/// E-31, T-62
#[tokio::test]
async fn only_what_the_host_declared_is_asked_and_what_is_needed_is_named() {
    let host = modern(&[]);
    let with = |tool: &str, capabilities: Value| {
        let params = json!({ "name": tool, "arguments": {} });
        modern_request(3, "tools/call", params, capabilities)
    };
    let asked = result(&host, &with("ask_all", json!({ "sampling": {} }))).await;
    let keys: Vec<_> = asked["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["model"]);
    let response = host.post_modern(&with("needs_model", json!({ "elicitation": {} }))).await;
    assert_eq!(response.status(), 400);
    let answer = crate::raw_host::json_of(response).await;
    assert_eq!(code(&answer), -32021);
    assert_eq!(answer["error"]["data"], json!({ "requiredCapabilities": { "sampling": {} } }));
    let wrong = result(&host, &with("ask_regardless", json!({}))).await;
    assert_eq!(wrong["inputRequests"]["q1"]["method"], "sampling/createMessage");
    let refused = result(&host, &with("ask_url", json!({ "elicitation": {} }))).await;
    assert_eq!(refused["isError"], true, "a form is no visit");
}

/// E-35
#[tokio::test]
async fn prompts_and_resources_can_ask_first_too() {
    let host = modern(&[]);
    let word = |key: &str, member: &str| {
        let content = json!({ member: "Zoë" });
        json!({ key: { "action": "accept", "content": content } })
    };
    let prompt = request("prompts/get", json!({ "name": "greet_me" }));
    let asked = result(&host, &prompt).await;
    let done = result(&host, &retry(&prompt, &asked, word("user_name", "name"))).await;
    assert_eq!(done["messages"][0]["content"]["text"], "Say hello to Zoë.");
    let read = request("resources/read", json!({ "uri": "lab://secret" }));
    let asked = result(&host, &read).await;
    assert!(asked["inputRequests"]["password"].is_object() && asked.get("ttlMs").is_none());
    let done = result(&host, &retry(&read, &asked, word("password", "word"))).await;
    assert_eq!(done["contents"][0]["text"], "there is no secret");
    let no = json!({ "password": { "action": "cancel" } });
    assert_eq!(code(&host.ask_modern(&retry(&read, &asked, no)).await), -32602);
}

/// E-34
#[tokio::test]
async fn a_visit_is_asked_for_until_it_is_enough() {
    let host = modern(&[]);
    for tool in ["ask_url", "url_first"] {
        let body = call(tool, json!({ "times": 2 }));
        let mut outcome = result(&host, &body).await;
        for _ in 0..2 {
            let (key, asked) = outcome["inputRequests"].as_object().unwrap().iter().next().unwrap();
            assert_eq!(asked["params"]["mode"], "url");
            assert!(asked["params"].get("elicitationId").is_none());
            let yes = json!({ key.clone(): { "action": "accept" } });
            outcome = result(&host, &retry(&body, &outcome, yes)).await;
        }
        assert_eq!(outcome["structuredContent"], json!({ "visits": 2 }), "{tool}");
    }
}

/// E-39
#[tokio::test]
async fn in_2025_11_25_a_visit_has_an_id_and_can_be_demanded_by_an_error() {
    let mut host = crate::raw_host::lab(&[]);
    host.open("2025-11-25").await;
    let first = host.ask(&crate::raw_host::call(1, "url_first", json!({}))).await;
    assert_eq!(code(&first), -32042);
    let asked = &first["error"]["data"]["elicitations"][0];
    assert_eq!((&asked["mode"], &asked["elicitationId"]), (&json!("url"), &json!("visit-default")));
    let done = host.call("url_first", json!({})).await;
    assert_eq!(done["content"][0]["text"], "the URL was visited");
    let mut events = crate::raw_host::Events::of(host.get().await);
    host.ask(&crate::raw_host::call(1, "url_first", json!({ "key": "later" }))).await;
    let told = events.next().await.unwrap().json();
    assert_eq!(told["method"], "notifications/elicitation/complete");
    assert_eq!(told["params"], json!({ "elicitationId": "visit-later" }));
}

/// E-64
#[tokio::test]
async fn progress_starts_again_in_each_round() {
    let host = modern(&[]);
    let mut body = call("ask_between", json!({}));
    body["params"]["_meta"]["progressToken"] = "p".into();
    let progress = |messages: &[Value]| -> Vec<u64> {
        messages.iter().filter_map(|message| message["params"]["progress"].as_u64()).collect()
    };
    let first = host.messages(host.post_modern(&body).await).await;
    assert_eq!(progress(&first), [1, 2, 3, 4, 5]);
    let asked = first.last().unwrap()["result"].clone();
    let again = retry(&body, &asked, json!({ "q1": accepted("x") }));
    let second = host.messages(host.post_modern(&again).await).await;
    assert_eq!(progress(&second), (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_confirmation_of_egrow_cannot_be_skipped_in_any_era() {
    let protocol = Served::Only(ProtocolVersion::V2026_07_28);
    let product = ProductName::Egrow;
    let host = RawHost::new(MockOptions { product, protocol, ..MockOptions::default() });
    let arguments = json!({ "primary": "EGW240", "duplicates": ["EGW241"] });
    let params = json!({ "name": "merge_orders", "arguments": arguments });
    let body = request("tools/call", params);
    let yes = json!({ "q1": { "action": "accept", "content": { "confirm": true } } });
    let unasked = result(&host, &retry(&body, &json!({}), yes.clone())).await;
    assert_eq!(unasked["resultType"], "input_required", "{unasked}");
    let no = json!({ "q1": { "action": "decline" } });
    let declined = result(&host, &retry(&body, &unasked, no)).await;
    assert_eq!(declined["isError"], true);
    let without = modern_request(9, "tools/call", body["params"].clone(), json!({}));
    let token = result(&host, &without).await;
    assert_eq!(token["structuredContent"]["confirmation"]["required"], true, "{token}");
    let done = result(&host, &retry(&body, &unasked, yes)).await;
    assert_eq!(done.get("isError"), None, "{done}");
}
