//! Errors of calls, before a product turns them into its own format.

use serde_json::Value;

/// The reason why a tool did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// There is no such record, or none that the caller may see.
    NotFound { what: &'static str, id: String },
    /// An argument is invalid.
    Invalid { field: String, message: String },
    /// Another record has this value already.
    Taken { field: &'static str, value: String },
    /// Not allowed in this state.
    State(String),
    /// Not allowed for this caller.
    Forbidden(String),
}

/// The result of a tool.
pub(crate) type RecordResult = Result<Value, RecordError>;

impl RecordError {
    pub(crate) fn not_found(what: &'static str, id: &Value) -> Self {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        Self::NotFound { what, id }
    }

    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }

    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::State(message.into())
    }
}
