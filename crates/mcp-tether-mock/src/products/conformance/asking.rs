//! Tools that ask user, model or folders, in both eras. Answers that the suite sends without being
//! asked are accepted (`unguarded`), except where it expects a state.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::state::{Conformance, Entry};
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

const fn tool(
    name: &'static str,
    description: &'static str,
    input: &'static str,
    run: crate::product::entry::ToolFunction<Conformance>,
) -> Entry {
    let (example, tasks) = (NO_ARGUMENTS, TaskSupport::Forbidden);
    Entry { name, description, kind: ToolKind::Read, input, example, tasks, run }
}

/// Defines a tool that asks its questions one after the other, under these keys.
macro_rules! asks {
    ($name:literal, $unguarded:expr, $($key:literal => $question:expr),+) => {
        tool($name, "asks what the suite answers", NOTHING, |_, call, _| {
            Box::pin(async move {
                let mut answers = Vec::new();
                $(
                    let (method, params) = $question;
                    answers.push(answer(call, $key, method, &params, $unguarded).await?);
                )+
                Ok(ToolResult::text(told(&answers)))
            })
        })
    };
}

pub(super) const TOOLS: &[Entry] = &[
    tool(
        "test_sampling",
        "asks the model",
        r#"{"type":"object","required":["prompt"],"properties":{"prompt":{"type":"string"}}}"#,
        |_, call, arguments| Box::pin(sampling(call, arguments)),
    ),
    tool(
        "test_elicitation",
        "asks the user",
        r#"{"type":"object","required":["message"],"properties":{"message":{"type":"string"}}}"#,
        |_, call, arguments| Box::pin(elicitation(call, arguments)),
    ),
    tool("test_elicitation_sep1034_defaults", "asks with defaults", NOTHING, |_, call, _| {
        Box::pin(completed(call, defaults()))
    }),
    tool("test_elicitation_sep1330_enums", "asks with choices", NOTHING, |_, call, _| {
        Box::pin(completed(call, choices()))
    }),
    tool("test_streaming_elicitation", "tells something and asks", NOTHING, |_, call, _| {
        Box::pin(async move {
            call.progress(1, 2, "about to ask");
            completed(call, json!({ "confirm": { "type": "boolean" } })).await
        })
    }),
    asks!("test_input_required_result_elicitation", true,
        "user_name" => name("What is your name?")),
    asks!("test_input_required_result_sampling", true,
        "capital_question" => sample("What is the capital of France?")),
    asks!("test_input_required_result_list_roots", true,
        "client_roots" => (methods::LIST_ROOTS, json!({}))),
    asks!("test_input_required_result_request_state", false,
        "confirm" => form("Please confirm", json!({ "ok": { "type": "boolean" } }))),
    asks!("test_input_required_result_tampered_state", false,
        "confirm" => form("Please confirm", json!({ "ok": { "type": "boolean" } }))),
    asks!("test_input_required_result_multi_round", false,
        "step1" => name("Step 1: What is your name?"),
        "step2" => form("Step 2: What is your favorite color?",
            json!({ "color": { "type": "string" } }))),
    tool(
        "test_input_required_result_multiple_inputs",
        "asks three at once",
        NOTHING,
        |_, call, _| Box::pin(several(call)),
    ),
    tool("test_input_required_result_capabilities", "asks what it can", NOTHING, |_, call, _| {
        Box::pin(several(call))
    }),
];

fn form(message: &str, properties: Value) -> (&'static str, Value) {
    let required: Vec<_> = properties.as_object().into_iter().flatten().map(|(k, _)| k).collect();
    let schema = json!({ "type": "object", "required": required, "properties": properties });
    (methods::ELICIT, json!({ "message": message, "requestedSchema": schema }))
}

fn name(message: &str) -> (&'static str, Value) {
    form(message, json!({ "name": { "type": "string" } }))
}

fn sample(prompt: &str) -> (&'static str, Value) {
    let content = json!({ "type": "text", "text": prompt });
    let messages = json!([{ "role": "user", "content": content }]);
    (methods::SAMPLE, json!({ "messages": messages, "maxTokens": 100 }))
}

async fn answer(
    call: &CallContext,
    key: &'static str,
    method: &str,
    params: &Value,
    unguarded: bool,
) -> Result<Value, crate::rpc_error::RpcError> {
    call.require(method)?;
    let question = call.ask(method, params).named(key);
    let question = if unguarded { question.unguarded() } else { question };
    Ok(question.answer().await.and_then(Result::ok).unwrap_or_default())
}

/// Returns the text that the suite looks for in the results.
fn told(answers: &[Value]) -> String {
    let last = answers.last().cloned().unwrap_or_default();
    match last["content"]["name"].as_str() {
        Some(name) => format!("Hello, {name}!"),
        None => format!("state-ok: {last}"),
    }
}

async fn sampling(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let (method, params) = sample(arguments.text_of("prompt").unwrap_or_default());
    if !call.can_ask(method) {
        return Ok(ToolResult::error("this host cannot sample"));
    }
    let answer = call.ask(method, &params).answer().await.and_then(Result::ok).unwrap_or_default();
    Ok(ToolResult::text(format!("LLM response: {}", answer["content"]["text"])))
}

async fn elicitation(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let (method, params) = form(
        arguments.text_of("message").unwrap_or_default(),
        json!({ "username": { "type": "string" }, "email": { "type": "string" } }),
    );
    if !call.can_ask(method) {
        return Ok(ToolResult::error("this host cannot ask its user"));
    }
    let answer = call.ask(method, &params).answer().await.and_then(Result::ok).unwrap_or_default();
    Ok(ToolResult::text(format!("User response: {answer}")))
}

async fn completed(call: &CallContext, properties: Value) -> ToolOutcome {
    let schema = json!({ "type": "object", "properties": properties });
    let params = json!({ "message": "please fill this in", "requestedSchema": schema });
    call.require(methods::ELICIT)?;
    let asked = call.ask(methods::ELICIT, &params).answer().await;
    let answer = asked.and_then(Result::ok).unwrap_or_default();
    let (action, content) = (answer["action"].as_str().unwrap_or("none"), &answer["content"]);
    Ok(ToolResult::text(format!("Elicitation completed: action={action}, content={content}")))
}

async fn several(call: &CallContext) -> ToolOutcome {
    let questions = [
        ("user_name", name("What is your name?")),
        ("greeting", sample("Generate a greeting")),
        ("client_roots", (methods::LIST_ROOTS, json!({}))),
    ];
    let open = questions.iter().filter(|(_, (method, _))| call.can_ask(method));
    let asked = open.map(|(key, (method, params))| answer(call, key, method, params, false));
    let answers = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(ToolResult::text(told(&answers)))
}

fn defaults() -> Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": {
            "type": "string", "enum": ["active", "inactive", "pending"], "default": "active",
        },
        "verified": { "type": "boolean", "default": true },
    })
}

fn choices() -> Value {
    let titled = |titles: [&str; 3]| -> Vec<Value> {
        let names = ["value1", "value2", "value3"];
        names
            .iter()
            .zip(titles)
            .map(|(name, title)| json!({ "const": name, "title": title }))
            .collect()
    };
    let plain = ["option1", "option2", "option3"];
    json!({
        "untitledSingle": { "type": "string", "enum": plain },
        "titledSingle": {
            "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]),
        },
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
        "titledMulti": {
            "type": "array",
            "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
        },
    })
}
