//! The tools of the lab that ask the host for its user, model or folders: once, in parallel, in
//! sequence, endlessly, and in ways that no remote should. One implementation serves both eras.
//! Each tool has its own file, and what several use is here.

mod ask_all;
mod ask_between;
mod ask_endless;
mod ask_model;
mod ask_openly;
mod ask_regardless;
mod ask_roots;
mod ask_twice;
mod ask_url;
mod ask_user;
mod needs_model;
mod put_off;
mod url_first;

use serde_json::{Value, json};

use super::state::Entry;
use crate::product::{Arguments, CallContext, ToolOutcome, ToolResult};
use mcp_tether_wire::protocol::{ProtocolVersion, methods};

const TIMES: &str = r#"{"type":"object","properties":{
    "times":{"type":"integer","minimum":0,"maximum":1000}}}"#;

pub(super) const TABLE: &[Entry] = &[
    ask_user::TOOL,
    ask_model::TOOL,
    ask_roots::TOOL,
    ask_all::TOOL,
    ask_twice::TOOL,
    ask_endless::TOOL,
    ask_openly::TOOL,
    ask_between::TOOL,
    ask_regardless::TOOL,
    ask_url::TOOL,
    url_first::TOOL,
    put_off::TOOL,
    needs_model::TOOL,
];

/// Returns the parameters of an elicitation by form.
pub(super) fn form(question: &str) -> Value {
    json!({
        "message": question,
        "requestedSchema": {
            "type": "object",
            "properties": { "answer": { "type": "string", "title": "Answer" } },
            "required": ["answer"],
        },
    })
}

fn sample(prompt: &str) -> Value {
    let content = json!({ "type": "text", "text": prompt });
    json!({ "messages": [{ "role": "user", "content": content }], "maxTokens": 100 })
}

async fn ask(call: &CallContext, method: &str, params: Value) -> ToolOutcome {
    if !call.can_ask(method) {
        return Ok(ToolResult::error(format!("this host cannot be asked `{method}`")));
    }
    put(call, method, params).await
}

async fn put(call: &CallContext, method: &str, params: Value) -> ToolOutcome {
    Ok(match call.ask(method, &params).answer().await {
        Some(Ok(result)) => ToolResult::value(&result),
        Some(Err(error)) => ToolResult::value(&error).failed(),
        None => ToolResult::error("the session ended before the host answered"),
    })
}

/// Asks the user to visit a URL. The mock does not see visits, so it asks a host that accepts
/// again, a fixed number of times.
async fn ask_url(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let times = arguments.number_of("times").unwrap_or(1);
    if !call.can_visit() {
        return Ok(ToolResult::error("this host cannot send its user to a URL"));
    }
    for visit in 0..times {
        let params = visit_params(call, "ask-url");
        let answer = match call.ask(methods::ELICIT, &params).answer().await {
            Some(Ok(answer)) => answer,
            _ => return Ok(ToolResult::error("no answer")),
        };
        if answer["action"] != "accept" {
            return Ok(ToolResult::value(&json!({ "visits": visit, "last": answer["action"] })));
        }
        call.tell_completed(&params);
    }
    Ok(ToolResult::value(&json!({ "visits": times })))
}

/// Returns the parameters of an elicitation by URL; only 2025-11-25 gives it an id.
fn visit_params(call: &CallContext, key: &str) -> Value {
    let url = format!("https://lab.example/visit/{key}");
    let mut params = json!({ "mode": "url", "message": "please visit this page", "url": url });
    if call.session.version() == ProtocolVersion::V2025_11_25 {
        params["elicitationId"] = format!("visit-{key}").into();
    }
    params
}
