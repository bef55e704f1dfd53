//! Texts that are not messages.

use super::id::RequestId;
use crate::protocol::codes;

/// A text that is not a message, as the JSON-RPC error that answers it (T-05).
#[derive(Clone, Debug)]
pub struct Invalid {
    /// `-32700` for text that is not JSON, `-32600` for JSON that is not a message.
    pub code: i64,
    /// The id, if it could be read.
    pub id: Option<RequestId>,
    /// What is wrong, for the sender. Never quotes the text.
    pub reason: String,
    /// Whether it names a method, so that it cannot be meant as an answer.
    pub names_a_method: bool,
}

impl Invalid {
    /// The error for text that is not JSON.
    pub(super) fn not_json(reason: String) -> Self {
        let (code, reason) = (codes::PARSE_ERROR, format!("not JSON: {reason}"));
        Self { code, id: None, reason, names_a_method: false }
    }

    /// The error for JSON that is not a message.
    pub(super) fn not_message(id: Option<RequestId>, reason: &str) -> Self {
        Self {
            code: codes::INVALID_REQUEST,
            id,
            reason: format!("not a JSON-RPC message: {reason}"),
            names_a_method: false,
        }
    }

    /// The error for a batch in a revision without batches (T-38).
    pub fn unexpected_batch() -> Self {
        Self::not_message(None, "a batch, which is not part of the session's revision")
    }

    /// The same for a text that names a method.
    pub(super) fn of_request(self) -> Self {
        Self { names_a_method: true, ..self }
    }

    /// The error for text that the JSON parser refuses. Says where, and never quotes the text.
    pub(super) fn from_json_error(error: serde_json::Error) -> Self {
        Self::not_json(format!("{} at column {}", category(&error), error.column()))
    }

    /// Distinguishes text that is not JSON from JSON that is not a message. The error of parsing
    /// the members does not: it reports a number that is too large for any type as a syntax error.
    pub(super) fn classify(text: &str) -> Self {
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Err(error) => Self::from_json_error(error),
            Ok(_) => Self::not_message(None, "not an object, or a member occurs twice"),
        }
    }
}

fn category(error: &serde_json::Error) -> &'static str {
    if error.is_eof() { "the text ends too early" } else { "a syntax error" }
}
