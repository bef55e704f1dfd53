//! A tool as the host sees it: its description and the schemas that are enforced.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

use crate::revisions::RevisionRules;
use crate::tasks::TaskSupport;
use mcp_tether_wire::protocol::ProtocolVersion;

/// The effect of calling a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolKind {
    /// Reads something.
    Read,
    /// Changes something in a way that can be undone.
    Write,
    /// Removes or merges something for good.
    Destructive,
}

/// One tool.
#[derive(Debug)]
pub(crate) struct ToolSpec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Cow<'static, str>,
    pub(crate) description: Cow<'static, str>,
    pub(crate) kind: ToolKind,
    pub(crate) input: Value,
    pub(crate) output: Option<Value>,
    pub(crate) meta: Option<Value>,
    pub(crate) tasks: TaskSupport,
    validator: OnceLock<Validator>,
}

impl ToolSpec {
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        kind: ToolKind,
        input: Value,
    ) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            description: description.into(),
            kind,
            input,
            output: None,
            meta: None,
            tasks: TaskSupport::Forbidden,
            validator: OnceLock::new(),
        }
    }

    /// Returns its entry in `tools/list`, without members that `version` does not have.
    pub(crate) fn to_json(&self, version: ProtocolVersion) -> Value {
        let rules = RevisionRules::of(version);
        let mut tool = json!({
            "name": self.name,
            "description": self.description,
            "inputSchema": self.input,
        });
        if rules.annotations {
            tool["annotations"] = json!({
                "title": self.title,
                "readOnlyHint": self.kind == ToolKind::Read,
                "destructiveHint": self.kind == ToolKind::Destructive,
                "idempotentHint": self.kind == ToolKind::Read,
                "openWorldHint": false,
            });
        }
        if rules.structured {
            tool["title"] = self.title.as_ref().into();
            if let Some(output) = &self.output {
                tool["outputSchema"] = output.clone();
            }
            if let Some(meta) = &self.meta {
                tool["_meta"] = meta.clone();
            }
        }
        if rules.task_support && self.tasks != TaskSupport::Forbidden {
            let support = if self.tasks == TaskSupport::Optional { "optional" } else { "required" };
            tool["execution"] = json!({ "taskSupport": support });
        }
        tool
    }

    /// Returns the mistakes in these arguments.
    pub(crate) fn misfits(&self, arguments: &Value) -> Vec<Misfit> {
        // Compiled at the first call: listing tools must stay cheap.
        let validator = self.validator.get_or_init(|| {
            jsonschema::validator_for(&self.input).expect("the schemas of our tables are valid")
        });
        validator.iter_errors(arguments).map(|error| Misfit::of(&error)).collect()
    }
}

/// One mistake in the arguments, against the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The member that holds the mistake, such as `lines.0`; empty for the whole.
    pub(crate) within: String,
    /// The member that is missing or unexpected.
    pub(crate) member: Option<String>,
    /// The description of the mistake.
    pub(crate) text: String,
}

impl Misfit {
    fn of(error: &ValidationError<'_>) -> Self {
        let within = error.instance_path().to_string();
        let member = match error.kind() {
            ValidationErrorKind::Required { property } => property.as_str().map(str::to_owned),
            ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.first().cloned(),
            _ => None,
        };
        let within = within.trim_start_matches('/').replace('/', ".");
        Self { within, member, text: error.to_string() }
    }

    /// Joins all mistakes into one sentence.
    pub(crate) fn all(misfits: &[Self]) -> String {
        let told: Vec<_> = misfits.iter().map(ToString::to_string).collect();
        told.join("; ")
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within.as_str() {
            "" => f.write_str(&self.text),
            within => write!(f, "`{within}`: {}", self.text),
        }
    }
}

/// Arguments of a call: the text as received, and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments<'a> {
    pub(crate) text: &'a str,
    pub(crate) value: &'a Value,
}

impl Arguments<'_> {
    /// Returns a text argument, if present.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// Returns a non-negative integer argument, if present.
    pub(crate) fn number_of(&self, name: &str) -> Option<u64> {
        self.value.get(name).and_then(Value::as_u64)
    }
}
