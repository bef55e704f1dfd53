//! The tool `ask_all`, which asks user, model and folders at once, as far as the host can be
//! asked.

use futures_util::future::join_all;
use serde_json::Value;

use super::{form, sample};
use crate::product::entry::{NO_ARGUMENTS, NOTHING};
use crate::product::{CallContext, ToolKind, ToolOutcome, ToolResult};
use crate::products::lab::state::Entry;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

pub(super) const TOOL: Entry = Entry {
    name: "ask_all",
    description: "asks user, model and folders at once, as far as the host can be asked",
    kind: ToolKind::Read,
    input: NOTHING,
    example: NO_ARGUMENTS,
    tasks: TaskSupport::Forbidden,
    run: |_, call, _| Box::pin(ask_all(call)),
};

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
