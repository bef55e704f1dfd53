//! A tool as the host sees it: its description and the schemas that are enforced.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

use crate::mock::revisions::Rules;
use crate::mock::tasks::TaskSupport;
use crate::protocol::ProtocolVersion;

/// What calling a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Kind {
    /// Looks something up.
    Read,
    /// Changes something in a way that can be changed back.
    Write,
    /// Removes or merges something for good.
    Destructive,
}

/// One tool.
#[derive(Debug)]
pub(in crate::mock) struct Tool {
    pub(in crate::mock) name: Cow<'static, str>,
    pub(in crate::mock) title: Cow<'static, str>,
    pub(in crate::mock) description: Cow<'static, str>,
    pub(in crate::mock) kind: Kind,
    pub(in crate::mock) input: Value,
    pub(in crate::mock) output: Option<Value>,
    pub(in crate::mock) meta: Option<Value>,
    pub(in crate::mock) tasks: TaskSupport,
    validator: OnceLock<Validator>,
}

impl Tool {
    pub(in crate::mock) fn new(
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        kind: Kind,
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

    /// Its entry in `tools/list`, without what `version` does not know.
    pub(in crate::mock) fn to_json(&self, version: ProtocolVersion) -> Value {
        let rules = Rules::of(version);
        let mut tool = json!({
            "name": self.name,
            "description": self.description,
            "inputSchema": self.input,
        });
        if rules.annotations {
            tool["annotations"] = json!({
                "title": self.title,
                "readOnlyHint": self.kind == Kind::Read,
                "destructiveHint": self.kind == Kind::Destructive,
                "idempotentHint": self.kind == Kind::Read,
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

    /// What is wrong with these arguments, one entry for each mistake.
    pub(in crate::mock) fn misfits(&self, arguments: &Value) -> Vec<Misfit> {
        // Compiled at the first call: listing tools must stay cheap.
        let validator = self.validator.get_or_init(|| {
            jsonschema::validator_for(&self.input).expect("the schemas of our tables are valid")
        });
        validator.iter_errors(arguments).map(|error| Misfit::of(&error)).collect()
    }
}

/// Something about the arguments that does not fit the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock) struct Misfit {
    /// The member that holds the mistake, such as `lines.0`; empty for the whole.
    pub(in crate::mock) within: String,
    /// The member that is missing or one too many.
    pub(in crate::mock) member: Option<String>,
    /// What is wrong.
    pub(in crate::mock) text: String,
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

    /// All of them in one sentence.
    pub(in crate::mock) fn all(misfits: &[Self]) -> String {
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

/// Arguments of a call: the text as it came, and its value.
#[derive(Clone, Copy, Debug)]
pub(in crate::mock) struct Arguments<'a> {
    pub(in crate::mock) text: &'a str,
    pub(in crate::mock) value: &'a Value,
}

impl Arguments<'_> {
    /// An argument as text, if it is there.
    pub(in crate::mock) fn text_of(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// An argument as a number that is not negative, if it is there.
    pub(in crate::mock) fn number_of(&self, name: &str) -> Option<u64> {
        self.value.get(name).and_then(Value::as_u64)
    }
}
