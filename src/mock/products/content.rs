//! What products give: results of tools, resources, prompts.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::mock::revisions::Rules;

/// The result of a tool call.
#[derive(Clone, Debug)]
pub(in crate::mock) struct ToolResult {
    content: Vec<Value>,
    structured: Option<Box<RawValue>>,
    is_error: bool,
}

impl ToolResult {
    /// A text.
    pub(in crate::mock) fn text(text: impl Into<String>) -> Self {
        let content = vec![json!({ "type": "text", "text": text.into() })];
        Self { content, structured: None, is_error: false }
    }

    /// Content blocks as they are.
    pub(in crate::mock) fn blocks(content: Vec<Value>) -> Self {
        Self { content, structured: None, is_error: false }
    }

    /// A text that tells what went wrong.
    pub(in crate::mock) fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// A value, as structured content and as its JSON text for hosts that know only text.
    pub(in crate::mock) fn value(value: &Value) -> Self {
        Self { structured: to_raw_value(value).ok(), ..Self::text(value.to_string()) }
    }

    /// JSON text, passed on as it is.
    pub(in crate::mock) fn json_text(text: &str) -> Self {
        Self { structured: RawValue::from_string(text.to_owned()).ok(), ..Self::text(text) }
    }

    /// The same, marked as a failure.
    pub(in crate::mock) fn failed(self) -> Self {
        Self { is_error: true, ..self }
    }

    /// The JSON text of the result, without what a revision does not know.
    pub(in crate::mock) fn to_json(&self, rules: Rules) -> String {
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
pub(in crate::mock) struct Resource {
    pub(in crate::mock) uri: String,
    pub(in crate::mock) name: String,
    pub(in crate::mock) description: String,
    pub(in crate::mock) mime_type: &'static str,
}

impl Resource {
    pub(in crate::mock) fn to_json(&self) -> Value {
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
pub(in crate::mock) struct ResourceTemplate {
    pub(in crate::mock) uri_template: &'static str,
    pub(in crate::mock) name: &'static str,
    pub(in crate::mock) description: &'static str,
    pub(in crate::mock) mime_type: &'static str,
}

impl ResourceTemplate {
    pub(in crate::mock) fn to_json(&self) -> Value {
        json!({
            "uriTemplate": self.uri_template,
            "name": self.name,
            "description": self.description,
            "mimeType": self.mime_type,
        })
    }
}

/// An entry of `prompts/list` and how it is filled in.
#[derive(Clone, Debug)]
pub(in crate::mock) struct Prompt {
    pub(in crate::mock) name: &'static str,
    pub(in crate::mock) description: &'static str,
    pub(in crate::mock) arguments: &'static [PromptArgument],
    pub(in crate::mock) render: fn(&Value) -> Value,
}

/// An argument of a prompt.
#[derive(Clone, Copy, Debug)]
pub(in crate::mock) struct PromptArgument {
    pub(in crate::mock) name: &'static str,
    pub(in crate::mock) description: &'static str,
    pub(in crate::mock) required: bool,
}

impl Prompt {
    pub(in crate::mock) fn to_json(&self) -> Value {
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
