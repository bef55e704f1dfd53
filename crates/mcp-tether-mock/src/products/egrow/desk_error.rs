//! Errors in this product's format: `{error: {code, message, hint, retry_safe}}`.

use serde_json::{Value, json};

use crate::stored_data::NotKept;

/// An error of a tool, with a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeskError {
    code: &'static str,
    message: String,
    hint: String,
    retry_safe: bool,
}

/// The result of a tool.
pub(super) type DeskResult = Result<Value, DeskError>;

impl DeskError {
    fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: hint.into(), retry_safe: false }
    }

    /// Returns the error for a name that does not exist.
    pub(super) fn not_found(what: &str, name: &str, hint: impl Into<String>) -> Self {
        Self::new("not_found", format!("no {what} `{name}`"), hint)
    }

    /// Returns the error for an invalid argument.
    pub(super) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new("invalid_arguments", message, hint)
    }

    /// Returns the error for a duplicate.
    pub(super) fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new("conflict", message, hint)
    }

    /// Returns the error for a change that the current state forbids.
    pub(super) fn state(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new("invalid_state", message, hint)
    }

    /// Returns the error for a declined confirmation.
    pub(super) fn declined(message: impl Into<String>) -> Self {
        Self::new("not_confirmed", message, "nothing was changed; ask before trying again")
    }

    /// Returns the error for an invalid confirmation token.
    pub(super) fn token(message: impl Into<String>) -> Self {
        let hint = "call the tool without `confirmToken` to get a new one";
        Self { retry_safe: true, ..Self::new("invalid_confirmation", message, hint) }
    }

    /// Returns the error for too many calls.
    pub(super) fn rate_limited(limit: u32, class: &str, seconds: u64) -> Self {
        let message = format!("more than {limit} {class} calls within a minute");
        let hint = format!("try again in {seconds} seconds");
        Self { retry_safe: true, ..Self::new("rate_limited", message, hint) }
    }

    /// Returns the error for an invalid GraphQL operation.
    pub(super) fn graphql(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new("graphql_error", message, hint)
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retry_safe": self.retry_safe,
        } })
    }
}

impl From<NotKept> for DeskError {
    fn from(reason: NotKept) -> Self {
        let hint = "try again when the data file can be written";
        Self { retry_safe: true, ..Self::new("unavailable", reason.to_string(), hint) }
    }
}

/// Returns the schema of the JSON from [`DeskError::to_json`].
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message", "hint", "retry_safe"],
            "properties": {
                "code": { "type": "string" },
                "message": { "type": "string" },
                "hint": { "type": "string" },
                "retry_safe": { "type": "boolean" },
            },
        } },
    })
}
