//! Failures of the bridge itself as JSON-RPC errors: `-32603` with `data.bridge`, so that they
//! cannot be mistaken for the server's (E-59). Their text never holds a secret.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ExitCode;
use super::without_hint::WithoutHint;
use crate::jsonrpc::{Message, Overlap, RequestId, error_object, error_response};
use crate::protocol::codes;
use crate::redact::plain;

/// The reason why the bridge could not get a response. The names are part of the interface (E-59).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A sign-in is needed or pending.
    AuthRequired,
    /// A sign-in was tried and did not work.
    AuthFailed,
    /// The server refuses, and signing in would not help.
    Forbidden,
    /// The server answered with an HTTP error.
    Http,
    /// The server could not be reached.
    Network,
    /// No response in time.
    Timeout,
    /// The request was not sent, or not accepted, so repeating it is safe.
    NotSent,
    /// The request was sent, but its response was lost.
    Lost,
    /// The server's response violates the protocol.
    Protocol,
    /// The bridge cannot translate between the revisions of the two sides.
    Era,
    /// The server insists that headers and body disagree.
    HeaderMismatch,
    /// The user, or the host, declined what the server asked for.
    Declined,
    /// An input request is no longer open.
    InputExpired,
    /// The bridge itself is at fault.
    Internal,
}

impl FailureKind {
    const ALL: [Self; 14] = [
        Self::AuthRequired,
        Self::AuthFailed,
        Self::Forbidden,
        Self::Http,
        Self::Network,
        Self::Timeout,
        Self::NotSent,
        Self::Lost,
        Self::Protocol,
        Self::Era,
        Self::HeaderMismatch,
        Self::Declined,
        Self::InputExpired,
        Self::Internal,
    ];

    /// The kind with this name in `data.bridge.kind`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The exit code of a command that ends with this kind of failure.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::AuthRequired => ExitCode::LoginNeeded,
            Self::AuthFailed
            | Self::Forbidden
            | Self::Http
            | Self::Network
            | Self::Timeout
            | Self::NotSent
            | Self::Lost
            | Self::Protocol
            | Self::Era
            | Self::HeaderMismatch
            | Self::Declined
            | Self::InputExpired
            | Self::Internal => ExitCode::Failed,
        }
    }

    /// Whether the failure is transient: the bridge's own listening and polling is retried after
    /// these, and ends after all others.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Network | Self::Timeout | Self::NotSent | Self::Lost | Self::Protocol => true,
            Self::AuthRequired
            | Self::AuthFailed
            | Self::Forbidden
            | Self::Http
            | Self::Era
            | Self::HeaderMismatch
            | Self::Declined
            | Self::InputExpired
            | Self::Internal => false,
        }
    }

    /// A further hint for a person at a terminal, with commands that a host cannot run; `None` if
    /// the host's hint is enough.
    pub fn command_hint(self) -> Option<&'static str> {
        match self {
            Self::AuthFailed => {
                Some("`mcp-tether doctor URL` shows at which step the sign-in fails")
            }
            Self::Http => Some("`mcp-tether doctor URL` shows what the server answers"),
            Self::Forbidden => Some(
                "`mcp-tether status` shows the signed-in account; `--account NAME` is for another",
            ),
            Self::Era => Some("`mcp-tether doctor URL` shows which revisions the server speaks"),
            Self::HeaderMismatch => {
                Some("`mcp-tether doctor URL` shows the proxy in between; `--no-proxy` bypasses it")
            }
            Self::InputExpired => Some("run the command again and answer sooner"),
            Self::Internal => Some("run the command again with `--debug` for what a report needs"),
            Self::AuthRequired
            | Self::Network
            | Self::Timeout
            | Self::NotSent
            | Self::Lost
            | Self::Protocol
            | Self::Declined => None,
        }
    }

    /// The name in `data.bridge.kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthRequired => "auth_required",
            Self::AuthFailed => "auth_failed",
            Self::Forbidden => "forbidden",
            Self::Http => "http",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::NotSent => "not_sent",
            Self::Lost => "lost",
            Self::Protocol => "protocol",
            Self::Era => "era",
            Self::HeaderMismatch => "header_mismatch",
            Self::Declined => "declined",
            Self::InputExpired => "input_expired",
            Self::Internal => "internal",
        }
    }
}

/// A failure of the bridge. It can answer any number of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The reason.
    pub kind: FailureKind,
    /// The HTTP status, if one was received.
    pub status: Option<u16>,
    /// One sentence in lower case, without a final period.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Failure {
    /// A failure of this kind; [`WithoutHint::hint`] completes it. Control characters in `message`
    /// are made visible.
    pub fn new(kind: FailureKind, message: impl AsRef<str>) -> WithoutHint<Self> {
        let (message, hint) = (plain(message.as_ref()), String::new());
        WithoutHint::new(Self { kind, status: None, message, hint })
    }

    /// The failure for a time limit that has passed. `flag` sets the limit, and `message` makes the
    /// text from it.
    pub fn timed_out(
        flag: &str,
        limit: Option<Duration>,
        message: impl FnOnce(&str) -> String,
    ) -> Self {
        let seconds = limit.unwrap_or_default().as_secs_f64();
        let longer = (seconds * 2.0).ceil();
        Self::new(FailureKind::Timeout, message(&format!("{seconds} s")))
            .hint(format!("wait longer with `{flag} {longer}`, or without a limit with `{flag} 0`"))
    }

    /// The failure for a bug in the bridge.
    pub fn internal() -> Self {
        Self::new(FailureKind::Internal, "internal error in `mcp-tether`")
            .hint("the server may or may not have acted on the request; please report this bug")
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The same failure with another next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The JSON-RPC error response to the request `id`, as one line without its ending.
    pub fn to_response(&self, id: &RequestId) -> String {
        error_response(id, codes::INTERNAL_ERROR, &self.message, self.data())
    }

    /// The same error response, as a message.
    pub fn to_answer(&self, id: &RequestId) -> Message {
        let error = error_object(codes::INTERNAL_ERROR, &self.message, self.data());
        Message::error(id, &error.to_string())
    }

    /// The error's `data`: the kind, and further details.
    pub fn data(&self) -> Value {
        let mut bridge = json!({ "kind": self.kind.name(), "hint": self.hint });
        if let Some(status) = self.status {
            bridge["status"] = status.into();
        }
        json!({ "bridge": bridge })
    }
}

impl WithoutHint<Failure> {
    /// Adds the HTTP status.
    pub fn status(self, status: u16) -> Self {
        self.map(|failure| failure.status(status))
    }

    /// Adds the hint, which completes the failure.
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        self.finish(|failure| failure.hint(hint))
    }
}

impl From<Overlap> for Failure {
    /// The failure for a message that cannot be translated, because its edits overlap.
    fn from(overlap: Overlap) -> Self {
        Self::new(FailureKind::Internal, format!("the message cannot be translated: {overlap}"))
            .hint("this is a bug in `mcp-tether`; please report it with the message that caused it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-26
    #[test]
    fn a_time_limit_that_has_passed_is_named_with_its_flag() {
        let passed = |limit| {
            let message = |limit: &str| format!("no answer within {limit}");
            let failure = Failure::timed_out("--headers-timeout", Some(limit), message);
            (failure.message, failure.hint)
        };
        let (message, hint) = passed(Duration::from_secs(60));
        assert_eq!(message, "no answer within 60 s");
        assert!(hint.contains("`--headers-timeout 120`"), "{hint}");
        let (message, hint) = passed(Duration::from_millis(300));
        assert_eq!(message, "no answer within 0.3 s");
        assert!(hint.contains("`--headers-timeout 1`"), "{hint}");
    }

    /// E-59, E-50
    #[test]
    fn a_failure_is_a_marked_internal_error() {
        let failure = Failure::new(FailureKind::Http, "the server answered HTTP 502")
            .status(502)
            .hint("try again later");
        let expected = concat!(
            r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32603,"data":{"bridge":"#,
            r#"{"hint":"try again later","kind":"http","status":502}},"#,
            r#""message":"the server answered HTTP 502"}}"#
        );
        assert_eq!(failure.to_response(&RequestId::from(9)), expected);
    }
}
