//! What goes wrong in a tool, in the one shape this product has for it: `{error: {code, message}}`,
//! with the invalid argument, if there is one.

use serde_json::{Value, json};

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    code: &'static str,
    message: String,
    argument: Option<String>,
}

/// The result of a tool.
pub(super) type Reply = Result<Value, Problem>;

impl Problem {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), argument: None }
    }

    /// There is nothing of that name; `list` is the tool that shows what there is.
    pub(super) fn not_found(what: &str, name: &str, list: &str) -> Self {
        Self::new("not_found", format!("there is no {what} `{name}`: see `{list}`"))
    }

    /// An argument is invalid.
    pub(super) fn invalid(argument: &str, message: impl Into<String>) -> Self {
        let argument = Some(argument.to_owned()).filter(|name| !name.is_empty());
        Self { argument, ..Self::new("invalid_arguments", message) }
    }

    /// Another record has it already.
    pub(super) fn conflict(argument: &str, message: impl Into<String>) -> Self {
        Self { argument: Some(argument.to_owned()), ..Self::new("conflict", message) }
    }

    /// Not allowed in this state.
    pub(super) fn state(message: impl Into<String>) -> Self {
        Self::new("invalid_state", message)
    }

    /// The role may not.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new("forbidden", message)
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(argument) = &self.argument {
            error["argument"] = argument.as_str().into();
        }
        json!({ "error": error })
    }
}
