//! What can be wrong with a call, before a product puts it into its own words.

use serde_json::Value;

/// Why a tool did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// There is no such thing, or not where the caller may look.
    NotFound { what: &'static str, id: String },
    /// An argument makes no sense.
    Invalid { field: String, message: String },
    /// Another record has this value already.
    Taken { field: &'static str, value: String },
    /// Not in this state.
    State(String),
    /// Not for this caller.
    Forbidden(String),
}

/// What a tool gives.
pub(crate) type Reply = Result<Value, RecordError>;

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
