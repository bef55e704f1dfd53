//! The adapter's JSON-RPC errors, for a host's request that cannot be served, or a remote's request
//! that the host cannot be asked.

use serde_json::Value;

use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Message, RequestId, error_object, error_response};
use crate::protocol::codes;

/// An error answer without its id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RequestRefusal {
    pub(super) code: i64,
    pub(super) message: String,
    /// The error's `data`; left out if null.
    pub(super) data: Value,
}

impl RequestRefusal {
    /// The refusal of invalid parameters.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::plain(codes::INVALID_PARAMS, message)
    }

    /// The refusal of a method that is unknown in this direction.
    pub(super) fn unknown_method(method: &str) -> Self {
        Self::plain(codes::METHOD_NOT_FOUND, format!("`{method}` is not served here"))
    }

    /// The refusal of a retry whose input requests are not open, or no longer (E-37).
    pub(super) fn expired() -> Self {
        let text = "no input request is open under this `requestState`";
        let failure = Failure::new(FailureKind::InputExpired, text)
            .hint("call the tool again from the start, without `requestState`");
        Self { code: codes::INVALID_PARAMS, data: failure.data(), message: failure.message }
    }

    /// A refusal without data.
    pub(super) fn plain(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    /// The error answer to this id, as a line.
    pub(super) fn to_response(&self, id: &RequestId) -> String {
        error_response(id, self.code, &self.message, self.data.clone())
    }

    /// The error answer to this id, as a message for the remote.
    pub(super) fn to_message(&self, id: &RequestId) -> Message {
        Message::error(id, &error_object(self.code, &self.message, self.data.clone()).to_string())
    }
}

/// The failure for a server that violates the protocol (E-59).
pub(super) fn fault_of_server(message: &str) -> Failure {
    Failure::new(FailureKind::Protocol, message).hint("report this to the server's operator")
}
