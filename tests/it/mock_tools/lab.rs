//! The tools of `lab`, with the arguments that each names itself, called by a host that answers
//! what it is asked. Many of them ask, whatever the host said that it can do: under a host that
//! leaves questions open they never end.

use std::collections::BTreeMap;

use mcp_tether_mock::MockOptions;
use serde_json::{Value, json};

use super::{Tested, checks};
use crate::support::harness::Harness;

pub const TESTED: Tested = Tested {
    product: "lab",
    options: MockOptions::default,
    headers: &[],
    error: |_| None,
    invalid: "",
    unknown: "",
    again: |_, _| false,
    rows: &[],
    roles: &[],
};

/// The tools that do not end with a result under such a host, how they end, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("ask_url", "failed", "this host cannot send its user to a page"),
    ("fail", "failed", "this is what it shows"),
    ("task_error", "-32603", "this is what it shows"),
    ("task_fail", "failed", "this is what it shows"),
    ("task_given_up", "failed", "there is nothing to give up outside of a task"),
    ("task_late", "-32601", "it becomes a task, which this call does not ask for"),
    ("task_only", "-32601", "it runs as a task or not at all"),
    ("url_first", "-32042", "the user has not been at the page yet"),
];

/// How many forms and pages this host accepts in one call: more than any tool needs that ends by
/// itself, so that the one that does not is declined at last.
const ACCEPTED: usize = 2;

#[tokio::test]
async fn every_tool_of_the_lab_works_with_the_arguments_that_it_names() {
    let tools = checks::tools(&TESTED).await;
    let mut host = Harness::new(MockOptions::default()).open().await;
    let mut found = BTreeMap::new();
    for (name, tool) in &tools {
        let valid = checks::valid(&TESTED, tool);
        let outcome = outcome(&call(&mut host, name, &valid).await);
        if outcome != "done" {
            found.insert(name.as_str(), outcome);
        }
        for missing in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
            let mut arguments = valid.clone();
            arguments.as_object_mut().unwrap().remove(missing.as_str().unwrap());
            let answer = call(&mut host, name, &arguments).await;
            assert_ne!(self::outcome(&answer), "done", "{name} without {missing}: {answer}");
        }
    }
    let expected = OTHERWISE.iter().map(|(name, outcome, _)| (*name, (*outcome).to_owned()));
    assert_eq!(found, expected.collect());
}

fn outcome(answer: &Value) -> String {
    let result = &answer["result"];
    match result["content"].is_array() {
        true if result["isError"] == true => "failed".to_owned(),
        true => "done".to_owned(),
        false => answer["error"]["code"].to_string(),
    }
}

/// Calls a tool, answers what the server asks meanwhile, and returns the answer.
async fn call(host: &mut Harness, tool: &str, arguments: &Value) -> Value {
    let id = host.start_call(tool, arguments.clone()).await;
    let mut asked = 0;
    loop {
        let message = host.next().await;
        let result = match message["method"].as_str() {
            None if message["id"] == id => return message,
            Some("elicitation/create") => {
                asked += 1;
                let action = if asked > ACCEPTED { "decline" } else { "accept" };
                json!({ "action": action, "content": { "answer": "blue" } })
            }
            Some("sampling/createMessage") => json!({
                "role": "assistant", "model": "none",
                "content": { "type": "text", "text": "hello" },
            }),
            Some("roots/list") => json!({ "roots": [] }),
            _ => continue,
        };
        let reply = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        host.send(&reply.to_string()).await;
    }
}
