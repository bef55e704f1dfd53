//! Tools that return content of each kind, send messages before their answer, or change the lists.

use std::time::Duration;

use serde_json::{Value, json};

use super::contents::{PIXEL, SILENCE};
use super::state::{Conformance, Entry};
use crate::product::CallContext;
use crate::product::entry::{NO_ARGUMENTS, NOTHING, at_once, now};
use crate::product::{ToolKind, ToolOutcome, ToolResult};
use crate::session::LogSeverity;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::methods;

/// How long a tool waits between two messages.
const PAUSE_BETWEEN_MESSAGES: Duration = Duration::from_millis(50);

/// Returns a tool without arguments.
const fn tool(
    name: &'static str,
    description: &'static str,
    run: crate::product::entry::ToolFunction<Conformance>,
) -> Entry {
    Entry {
        name,
        description,
        kind: ToolKind::Read,
        input: NOTHING,
        example: NO_ARGUMENTS,
        tasks: TaskSupport::Forbidden,
        run,
    }
}

pub(super) const TOOLS: &[Entry] = &[
    tool("test_simple_text", "gives a text", |_, _, _| {
        now(ToolResult::text("This is a simple text response for testing."))
    }),
    tool("test_image_content", "gives a picture", |_, _, _| now(ToolResult::blocks(vec![image()]))),
    tool("test_audio_content", "gives a sound", |_, _, _| {
        let sound = json!({ "type": "audio", "data": SILENCE, "mimeType": "audio/wav" });
        now(ToolResult::blocks(vec![sound]))
    }),
    tool("test_embedded_resource", "gives a resource", |_, _, _| {
        let text = "This is an embedded resource content.";
        now(ToolResult::blocks(vec![resource("test://embedded-resource", "text/plain", text)]))
    }),
    tool("test_multiple_content_types", "gives a text, a picture and a resource", |_, _, _| {
        let uri = "test://mixed-content-resource";
        let resource = resource(uri, "application/json", r#"{"test":"data","value":123}"#);
        let text = json!({ "type": "text", "text": "Multiple content types test:" });
        now(ToolResult::blocks(vec![text, image(), resource]))
    }),
    tool("test_error_handling", "fails as a tool", |_, _, _| {
        now(ToolResult::error("This tool intentionally returns an error for testing"))
    }),
    tool("test_tool_with_logging", "logs on the way", |_, call, _| Box::pin(log(call))),
    tool("test_logging_tool", "logs on the way, if that is wanted", |_, call, _| {
        Box::pin(log(call))
    }),
    tool("test_tool_with_progress", "tells how far it is", |_, call, _| Box::pin(progress(call))),
    // The fault `poll` ends its stream early, see the README of the suite.
    tool("test_reconnection", "answers after the host has come back", |_, _, _| {
        now(ToolResult::text("Reconnection test completed successfully."))
    }),
    tool("test_missing_capability", "needs a host that can sample", |_, call, _| {
        let able = call.require(methods::SAMPLE);
        at_once(able.map(|()| ToolResult::text("the host can sample")))
    }),
    tool("test_trigger_tool_change", "changes the list of tools", |product, call, _| {
        now(changed(product, call, "notifications/tools/list_changed"))
    }),
    tool("test_trigger_prompt_change", "changes the list of prompts", |product, call, _| {
        now(changed(product, call, "notifications/prompts/list_changed"))
    }),
];

fn image() -> Value {
    json!({ "type": "image", "data": PIXEL, "mimeType": "image/png" })
}

fn resource(uri: &str, mime_type: &str, text: &str) -> Value {
    let resource = json!({ "uri": uri, "mimeType": mime_type, "text": text });
    json!({ "type": "resource", "resource": resource })
}

async fn log(call: &CallContext) -> ToolOutcome {
    let info = LogSeverity::from_name("info");
    let steps = ["Tool execution started", "Tool processing data", "Tool execution completed"];
    for (place, step) in steps.into_iter().enumerate() {
        if place > 0 {
            tokio::time::sleep(PAUSE_BETWEEN_MESSAGES).await;
        }
        if let Some(info) = info {
            call.log(info, "conformance", &step.into());
        }
    }
    Ok(ToolResult::text("Tool with logging executed successfully"))
}

async fn progress(call: &CallContext) -> ToolOutcome {
    for step in [0, 50, 100] {
        if step > 0 {
            tokio::time::sleep(PAUSE_BETWEEN_MESSAGES).await;
        }
        call.progress(step, 100, &format!("{step} of 100"));
    }
    Ok(ToolResult::text("Tool with progress executed successfully"))
}

fn changed(product: &Conformance, call: &CallContext, method: &str) -> ToolResult {
    let changes = product.change();
    let told = call.connections.broadcast(method, &Value::Null);
    ToolResult::text(format!("change {changes} was told to {told}"))
}
