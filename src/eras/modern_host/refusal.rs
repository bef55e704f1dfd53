//! JSON-RPC errors that the translation itself owes: to the host for a request that cannot be
//! served, to the remote for a request that cannot be put to the host.

use serde_json::{Value, json};

use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, RequestId, error_response};
use crate::protocol::codes;

/// An error answer that waits for the id it is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: String,
    /// Left out when null.
    pub(super) data: Value,
}

impl Refusal {
    /// The parameters are wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::plain(codes::INVALID_PARAMS, message)
    }

    /// There is no such method in this direction.
    pub(super) fn unknown_method(method: &str) -> Self {
        Self::plain(codes::METHOD_NOT_FOUND, format!("`{method}` is not served here"))
    }

    /// The retry names input requests that are not open, here or any longer (E-37).
    pub(super) fn expired() -> Self {
        let hint = "call the tool again from the start, without `requestState`";
        Self {
            code: codes::INVALID_PARAMS,
            message: "no input request is open under this `requestState`".to_owned(),
            data: json!({ "bridge": { "kind": FailureKind::InputExpired.name(), "hint": hint } }),
        }
    }

    pub(super) fn plain(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    /// The answer to this id.
    pub(super) fn to_response(&self, id: &RequestId) -> String {
        error_response(id, self.code, &self.message, self.data.clone())
    }

    /// The same as a message for the remote.
    pub(super) fn to_message(&self, id: &RequestId) -> Message {
        Message::parse(self.to_response(id)).expect("an error answer is a message")
    }
}

/// A failure of the server's protocol, for the host (E-59).
pub(super) fn fault_of_server(message: &str) -> Failure {
    Failure::new(FailureKind::Protocol, message)
        .hint("this is a fault of the server; report it there")
}
