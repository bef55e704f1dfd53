//! The values that products return: results of tools, resources, prompts.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::revisions::RevisionRules;
use crate::rpc_error::RpcError;

/// The outcome of a tool call.
pub(crate) type ToolOutcome = Result<ToolResult, RpcError>;

/// The result of a tool call.
#[derive(Clone, Debug)]
pub(crate) struct ToolResult {
    content: Vec<Value>,
    structured: Option<Box<RawValue>>,
    is_error: bool,
}

impl ToolResult {
    /// Returns a result with one text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let content = vec![json!({ "type": "text", "text": text.into() })];
        Self { content, structured: None, is_error: false }
    }

    /// Returns a result with these content blocks.
    pub(crate) fn blocks(content: Vec<Value>) -> Self {
        Self { content, structured: None, is_error: false }
    }

    /// Returns a failed result with a text that describes the error.
    pub(crate) fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// Returns a result with a value as structured content, and as JSON text for hosts that know
    /// only text.
    pub(crate) fn value(value: &Value) -> Self {
        Self { structured: to_raw_value(value).ok(), ..Self::text(value.to_string()) }
    }

    /// Returns a result with JSON text as structured content, unchanged.
    pub(crate) fn json_text(text: &str) -> Self {
        Self { structured: RawValue::from_string(text.to_owned()).ok(), ..Self::text(text) }
    }

    /// Marks the result as failed.
    pub(crate) fn failed(self) -> Self {
        Self { is_error: true, ..self }
    }

    /// Returns the JSON text of the result, without members that the revision does not have.
    pub(crate) fn to_json(&self, rules: RevisionRules) -> String {
        let content = serde_json::to_string(&self.content).expect("values can be written");
        let mut text = format!("{{\"content\":{content}");
        if rules.structured
            && let Some(structured) = &self.structured
        {
            text.push_str(",\"structuredContent\":");
            text.push_str(structured.get());
        }
        text.push_str(if self.is_error { ",\"isError\":true}" } else { "}" });
        text
    }
}

/// An entry of `resources/list`.
#[derive(Clone, Debug)]
pub(crate) struct ResourceEntry {
    pub(crate) uri: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) mime_type: &'static str,
}

impl ResourceEntry {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "uri": self.uri,
            "name": self.name,
            "description": self.description,
            "mimeType": self.mime_type,
        })
    }
}

/// An entry of `resources/templates/list`.
#[derive(Clone, Debug)]
pub(crate) struct ResourceTemplate {
    pub(crate) uri_template: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) mime_type: &'static str,
}

impl ResourceTemplate {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "uriTemplate": self.uri_template,
            "name": self.name,
            "description": self.description,
            "mimeType": self.mime_type,
        })
    }
}

/// An entry of `prompts/list`, and the function that renders it.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) arguments: &'static [PromptArgument],
    pub(crate) render: fn(&Value) -> Value,
}

/// An argument of a prompt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PromptArgument {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) required: bool,
}

impl Prompt {
    pub(crate) fn to_json(&self) -> Value {
        let argument = |argument: &PromptArgument| {
            json!({
                "name": argument.name,
                "description": argument.description,
                "required": argument.required,
            })
        };
        let arguments: Vec<_> = self.arguments.iter().map(argument).collect();
        json!({ "name": self.name, "description": self.description, "arguments": arguments })
    }
}
