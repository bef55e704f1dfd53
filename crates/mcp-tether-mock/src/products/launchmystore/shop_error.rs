//! Errors of tools in this product's format: `{error: {code, message}}`, with the invalid argument
//! if there is one.

use serde_json::{Value, json};

/// An error of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShopError {
    code: &'static str,
    message: String,
    argument: Option<String>,
}

/// The result of a tool.
pub(super) type ShopResult = Result<Value, ShopError>;

impl ShopError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), argument: None }
    }

    /// Returns the error for a name that does not exist; `list` is the tool that lists the existing
    /// ones.
    pub(super) fn not_found(what: &str, name: &str, list: &str) -> Self {
        Self::new("not_found", format!("there is no {what} `{name}`: see `{list}`"))
    }

    /// Returns the error for an invalid argument.
    pub(super) fn invalid(argument: &str, message: impl Into<String>) -> Self {
        let argument = Some(argument.to_owned()).filter(|name| !name.is_empty());
        Self { argument, ..Self::new("invalid_arguments", message) }
    }

    /// Returns the error for a value that another record has.
    pub(super) fn conflict(argument: &str, message: impl Into<String>) -> Self {
        Self { argument: Some(argument.to_owned()), ..Self::new("conflict", message) }
    }

    /// Returns the error for a change that the current state forbids.
    pub(super) fn state(message: impl Into<String>) -> Self {
        Self::new("invalid_state", message)
    }

    /// Returns the error for a tool that the role may not use.
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
