//! The tool `log`, which sends a log message on the way to its answer.

use crate::product::entry::now;
use crate::product::{Arguments, CallContext, ToolKind, ToolResult};
use crate::products::lab::state::Entry;
use crate::session::LogSeverity;
use crate::tasks::TaskSupport;

pub(super) const TOOL: Entry = Entry {
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
};

fn log(call: &CallContext, arguments: Arguments<'_>) -> ToolResult {
    let level = arguments.text_of("level").and_then(LogSeverity::from_name);
    let Some(level) = level else {
        return ToolResult::error("no such level");
    };
    let message = arguments.text_of("message").unwrap_or("a message from the lab");
    call.log(level, "lab", &message.into());
    ToolResult::text("logged")
}
