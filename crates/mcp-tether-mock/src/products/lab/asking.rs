//! The tools of the lab that ask the host for its user, model or folders: once, in parallel, in
//! sequence, endlessly, and in ways that no remote should. One implementation serves both eras.

use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};

use super::state::{Entry, Lab};
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once};
use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::rpc_error::RpcError;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, methods};

const TIMES: &str = r#"{"type":"object","properties":{
    "times":{"type":"integer","minimum":0,"maximum":1000}}}"#;
const VISIT: &str = r#"{"type":"object","properties":{
    "times":{"type":"integer","minimum":0,"maximum":1000},"key":{"type":"string"}}}"#;

pub(super) const TABLE: &[Entry] = &[
    Entry {
        name: "ask_user",
        description: "asks the user a question through the host",
        kind: ToolKind::Read,
        input: r#"{"type":"object","properties":{"question":{"type":"string"}}}"#,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| Box::pin(ask_user(call, arguments)),
    },
    Entry {
        name: "ask_model",
        description: "asks the model of the host for a completion",
        kind: ToolKind::Read,
        input: r#"{"type":"object","properties":{"prompt":{"type":"string"}}}"#,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| Box::pin(ask_model(call, arguments)),
    },
    Entry {
        name: "ask_roots",
        description: "asks the host for its folders",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(ask(call, methods::LIST_ROOTS, Value::Null)),
    },
    Entry {
        name: "ask_all",
        description: "asks user, model and folders at once, as far as the host can be asked",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(ask_all(call)),
    },
    Entry {
        name: "ask_twice",
        description: "asks the user something, and then something else; acts in the end",
        kind: ToolKind::Destructive,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, _| Box::pin(ask_twice(lab, call)),
    },
    Entry {
        name: "ask_endless",
        description: "asks the user again as long as they accept",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(ask_endless(call)),
    },
    Entry {
        name: "ask_openly",
        description: "asks the user, and needs no state to know the answer",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(ask_openly(call)),
    },
    Entry {
        name: "ask_between",
        description: "tells how far it is, asks the user half-way, and goes on telling",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(ask_between(call)),
    },
    Entry {
        name: "ask_regardless",
        description: "asks the model whether or not the host said that it has one",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| Box::pin(put(call, methods::SAMPLE, sample("say something"))),
    },
    Entry {
        name: "ask_url",
        description: "sends the user to a URL, again for each of `times`",
        kind: ToolKind::Read,
        input: TIMES,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| Box::pin(ask_url(call, arguments)),
    },
    Entry {
        name: "url_first",
        description: "fails until the user has been at a URL, `times` times for each `key`",
        kind: ToolKind::Read,
        input: VISIT,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, arguments| Box::pin(url_first(lab, call, arguments)),
    },
    Entry {
        name: "put_off",
        description: "puts the call off this many times without asking anything (2026-07-28)",
        kind: ToolKind::Read,
        input: TIMES,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| Box::pin(put_off(call, arguments)),
    },
    Entry {
        name: "needs_model",
        description: "refuses a host that cannot sample, in the way of the protocol",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, call, _| needs_model(call),
    },
];

async fn ask_user(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let question = arguments.text_of("question").unwrap_or("what is your name?");
    ask(call, methods::ELICIT, form(question)).await
}

async fn ask_model(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let prompt = arguments.text_of("prompt").unwrap_or("say something");
    ask(call, methods::SAMPLE, sample(prompt)).await
}

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

async fn ask_all(call: &CallContext) -> ToolOutcome {
    let questions = [
        ("user", methods::ELICIT, form("what is your name?")),
        ("model", methods::SAMPLE, sample("say something")),
        ("folders", methods::LIST_ROOTS, Value::Null),
    ];
    let open = questions.iter().filter(|(_, method, _)| call.can_ask(method));
    let asked = open.map(async |(key, method, params)| {
        let answer = call.ask(method, params).named(key).answer().await;
        ((*key).to_owned(), answer.and_then(Result::ok).unwrap_or_default())
    });
    let answers: serde_json::Map<_, _> = join_all(asked).await.into_iter().collect();
    Ok(ToolResult::value(&answers.into()))
}

async fn ask_twice(lab: &Lab, call: &CallContext) -> ToolOutcome {
    let mut answers = Vec::new();
    for (key, question) in [("name", "what is your name?"), ("color", "what color do you like?")] {
        match call.ask(methods::ELICIT, &form(question)).named(key).answer().await {
            Some(Ok(answer)) if answer["action"] == "accept" => {
                answers.push(answer["content"]["answer"].clone());
            }
            _ => return Ok(ToolResult::error(format!("no answer to `{key}`"))),
        }
    }
    Ok(ToolResult::value(&json!({ "answers": answers, "acts": lab.act() })))
}

async fn ask_endless(call: &CallContext) -> ToolOutcome {
    let mut asked = 0;
    loop {
        let answer = call.ask(methods::ELICIT, &form("once more?")).answer().await;
        match answer {
            Some(Ok(answer)) if answer["action"] == "accept" => asked += 1,
            _ => return Ok(ToolResult::value(&json!({ "asked": asked }))),
        }
    }
}

async fn ask_openly(call: &CallContext) -> ToolOutcome {
    let params = form("what is your name?");
    let asked = call.ask(methods::ELICIT, &params).named("name").unguarded();
    match asked.answer().await {
        Some(Ok(answer)) => Ok(ToolResult::value(&answer)),
        _ => Ok(ToolResult::error("no answer")),
    }
}

async fn ask_between(call: &CallContext) -> ToolOutcome {
    for step in 1..=5 {
        call.progress(step, 10, "before the question");
    }
    let answer = ask(call, methods::ELICIT, form("go on?")).await?;
    for step in 6..=10 {
        call.progress(step, 10, "after the question");
    }
    Ok(answer)
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

/// Demands a visit of a URL first: with an error in 2025-11-25, with a question in 2026-07-28.
async fn url_first(lab: &Lab, call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let key = arguments.text_of("key").unwrap_or("default");
    let params = visit_params(call, key);
    match call.session.version() {
        ProtocolVersion::V2025_11_25 => {
            if lab.visit(key) < arguments.number_of("times").unwrap_or(1) {
                call.tell_completed(&params);
                return Err(RpcError {
                    code: codes::URL_ELICITATION_REQUIRED,
                    message: "a URL has to be visited first".to_owned(),
                    data: json!({ "elicitations": [params] }),
                });
            }
            Ok(ToolResult::text("the URL was visited"))
        }
        version if version.era() == Era::Modern => ask_url(call, arguments).await,
        _ => Ok(ToolResult::error("this revision knows no visits of URLs")),
    }
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

async fn put_off(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let times = arguments.number_of("times").unwrap_or(1);
    call.put_off(times).await;
    Ok(ToolResult::value(&json!({ "put_off": times })))
}

fn needs_model<'a>(call: &'a CallContext) -> BoxFuture<'a, ToolOutcome> {
    let able = call.require(methods::SAMPLE);
    at_once(able.map(|()| ToolResult::text("this host can sample")))
}
