//! The tools of the lab: one table entry and one function each.

use std::time::Duration;

use serde_json::{Value, json};

use super::contents;
use super::state::{Entry, Lab};
use crate::product::CallContext;
use crate::product::entry::{ANYTHING, NO_ARGUMENTS, NOTHING, now};
use crate::product::{Arguments, ToolKind, ToolOutcome, ToolResult};
use crate::session::LogSeverity;
use crate::tasks::TaskSupport;

const NAME: &str = r#"{"type":"object","required":["name"],
    "properties":{"name":{"type":"string","minLength":1}}}"#;

pub(super) const TABLE: &[Entry] = &[
    Entry {
        name: "echo",
        description: "gives its arguments back, byte for byte",
        kind: ToolKind::Read,
        input: ANYTHING,
        example: r#"{"text":"hello"}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, _, arguments| now(ToolResult::json_text(arguments.text)),
    },
    Entry {
        name: "add",
        description: "adds two whole numbers",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["a","b"],"additionalProperties":false,
            "properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}"#,
        example: r#"{"a":2,"b":3}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, _, arguments| now(add(arguments)),
    },
    Entry {
        name: "slow",
        description: "takes its time and tells how far it is in steps of a tenth",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["ms"],
            "properties":{"ms":{"type":"integer","minimum":0}}}"#,
        example: r#"{"ms":10}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| Box::pin(slow(call, arguments)),
    },
    Entry {
        name: "fail",
        description: "fails as a tool, not as a protocol",
        kind: ToolKind::Read,
        input: r#"{"type":"object","properties":{"message":{"type":"string"}}}"#,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |_, _, arguments| {
            now(ToolResult::error(arguments.text_of("message").unwrap_or("it went wrong")))
        },
    },
    Entry {
        name: "big",
        description: "gives a text of this many bytes",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["bytes"],
            "properties":{"bytes":{"type":"integer","minimum":0,"maximum":1000000000}}}"#,
        example: r#"{"bytes":100}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, _, arguments| now(big(arguments)),
    },
    Entry {
        name: "act",
        description: "has one side effect and tells how many there were",
        kind: ToolKind::Destructive,
        input: ANYTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, _, _| now(ToolResult::value(&json!({ "acts": lab.act() }))),
    },
    Entry {
        name: "act_late",
        description: "has the side effect of `act` after a while",
        kind: ToolKind::Destructive,
        input: r#"{"type":"object","required":["ms"],
            "properties":{"ms":{"type":"integer","minimum":0}}}"#,
        example: r#"{"ms":10}"#,
        tasks: TaskSupport::Forbidden,
        run: |lab, _, arguments| Box::pin(act_late(lab, arguments)),
    },
    Entry {
        name: "given_up",
        description: "tells how many calls of `act_late` were cancelled before they acted",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, _, _| now(ToolResult::value(&json!({ "given_up": lab.given_up() }))),
    },
    Entry {
        name: "count",
        description: "tells how many side effects `act` had",
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, _, _| now(ToolResult::value(&json!({ "acts": lab.acts() }))),
    },
    Entry {
        name: "log",
        description: "sends a log message on the way to its answer",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["level"],"properties":{
            "level":{"enum":["debug","info","notice","warning","error","critical","alert",
                "emergency"]},
            "message":{"type":"string"}}}"#,
        example: r#"{"level":"info"}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| now(log(call, arguments)),
    },
    Entry {
        name: "burst",
        description: "sends this many notifications on the way to its answer",
        kind: ToolKind::Read,
        input: r#"{"type":"object","required":["count"],"properties":{
            "count":{"type":"integer","minimum":0,"maximum":1000000}}}"#,
        example: r#"{"count":3}"#,
        tasks: TaskSupport::Forbidden,
        run: |_, call, arguments| now(burst(call, arguments)),
    },
    Entry {
        name: "touch",
        description: "changes the resource `lab://watched` and tells its subscribers",
        kind: ToolKind::Write,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, _| now(touch(lab, call)),
    },
    Entry {
        name: "add_tool",
        description: "adds a tool of this name and announces it",
        kind: ToolKind::Write,
        input: NAME,
        example: r#"{"name":"extra"}"#,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, arguments| now(change_tools(lab, call, arguments, Lab::add_tool)),
    },
    Entry {
        name: "remove_tool",
        description: "removes a tool that was added and announces it",
        kind: ToolKind::Write,
        input: NAME,
        example: r#"{"name":"extra"}"#,
        tasks: TaskSupport::Forbidden,
        run: |lab, call, arguments| now(change_tools(lab, call, arguments, Lab::remove_tool)),
    },
];

fn add(arguments: Arguments<'_>) -> ToolResult {
    let number = |name: &str| arguments.value[name].as_i64().unwrap_or_default();
    match number("a").checked_add(number("b")) {
        Some(sum) => ToolResult::value(&json!({ "sum": sum })),
        None => ToolResult::error("the sum is too large"),
    }
}

async fn slow(call: &CallContext, arguments: Arguments<'_>) -> ToolOutcome {
    let ms = arguments.number_of("ms").unwrap_or_default();
    for step in 1..=10 {
        // Before the step, so that the last message does not race with the answer.
        call.progress(step, 10, &format!("step {step} of 10"));
        tokio::time::sleep(Duration::from_millis(ms * step / 10 - ms * (step - 1) / 10)).await;
    }
    Ok(ToolResult::value(&json!({ "ms": ms })))
}

/// Counts a call that is dropped before it acted.
struct GivesUp<'a>(Option<&'a Lab>);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        if let Some(lab) = self.0 {
            lab.give_up();
        }
    }
}

async fn act_late(lab: &Lab, arguments: Arguments<'_>) -> ToolOutcome {
    let mut guard = GivesUp(Some(lab));
    let ms = arguments.number_of("ms").unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    guard.0 = None;
    Ok(ToolResult::value(&json!({ "acts": lab.act() })))
}

fn big(arguments: Arguments<'_>) -> ToolResult {
    let bytes = usize::try_from(arguments.number_of("bytes").unwrap_or_default()).unwrap_or(0);
    ToolResult::text("0123456789abcdef".repeat(bytes / 16 + 1)[..bytes].to_owned())
}

fn log(call: &CallContext, arguments: Arguments<'_>) -> ToolResult {
    let level = arguments.text_of("level").and_then(LogSeverity::from_name);
    let Some(level) = level else {
        return ToolResult::error("no such level");
    };
    let message = arguments.text_of("message").unwrap_or("a message from the lab");
    call.log(level, "lab", &message.into());
    ToolResult::text("logged")
}

fn burst(call: &CallContext, arguments: Arguments<'_>) -> ToolResult {
    let count = arguments.number_of("count").unwrap_or_default();
    for number in 1..=count {
        let params = json!({ "level": "info", "logger": "burst", "data": number });
        call.notify("notifications/message", &params);
    }
    ToolResult::value(&json!({ "sent": count }))
}

fn touch(lab: &Lab, call: &CallContext) -> ToolResult {
    let touches = lab.touch();
    let uri = contents::WATCHED;
    let params = json!({ "uri": uri });
    let method = "notifications/resources/updated";
    let told = call.connections.broadcast_to(|session| session.is_subscribed(uri), method, &params);
    ToolResult::value(&json!({ "touches": touches, "told": told }))
}

pub(super) fn change_tools(
    lab: &Lab,
    call: &CallContext,
    arguments: Arguments<'_>,
    change: impl Fn(&Lab, &str) -> bool,
) -> ToolResult {
    let name = arguments.text_of("name").unwrap_or_default();
    if !change(lab, name) {
        return ToolResult::error(format!("cannot do that with `{name}`"));
    }
    call.connections.broadcast("notifications/tools/list_changed", &Value::Null);
    ToolResult::text("done")
}
