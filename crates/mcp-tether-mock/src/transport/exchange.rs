//! One HTTP request as the handlers see it: read once, with the plan of its faults.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;
use serde::Deserialize;

use crate::faults::{FaultTarget, Plan};
use crate::recorder::{ExchangeEnd, RecordedMessage, Ticket};
use crate::wire::Switch;
use mcp_tether_wire::jsonrpc::{Invalid, Message, MessageKind, Received, RequestId};
use mcp_tether_wire::protocol::headers;

/// One HTTP request and the plan of its faults.
pub(super) struct HttpExchange {
    pub(super) http: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// `None` for requests without a body.
    pub(super) received: Option<Result<Received, Invalid>>,
    pub(super) plan: Plan,
    pub(super) switch: Switch,
    pub(super) ticket: Arc<Ticket>,
}

impl HttpExchange {
    /// Returns the value of a header; `None` if absent or not text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn session_id(&self) -> Option<&str> {
        self.header(headers::SESSION_ID)
    }

    /// Returns the id of the single request in the body.
    pub(super) fn request_id(&self) -> Option<&RequestId> {
        match self.received.as_ref()? {
            Ok(Received::One(message)) if message.kind() == MessageKind::Request => message.id(),
            _ => None,
        }
    }

    /// Cuts the connection; never returns.
    pub(super) async fn cut(&self) -> ! {
        self.ticket.end(ExchangeEnd::Cut);
        self.switch.cut();
        std::future::pending().await
    }
}

/// Returns the valid messages of a body.
pub(super) fn messages(received: Option<&Result<Received, Invalid>>) -> Vec<&Message> {
    match received {
        Some(Ok(Received::One(message))) => vec![message],
        Some(Ok(Received::Batch(members))) => members.iter().flatten().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn recorded(message: &&Message) -> RecordedMessage {
    RecordedMessage {
        kind: message.kind(),
        method: message.method().to_owned(),
        id: message.id().cloned(),
    }
}

/// Returns the parts of a request that select faults. `tool` holds the name that is borrowed.
pub(super) fn asked<'a>(
    http: &'a Method,
    uri: &'a Uri,
    messages: &[&'a Message],
    tool: &'a str,
) -> FaultTarget<'a> {
    FaultTarget {
        http: http.as_str(),
        path: uri.path(),
        method: messages.first().map_or("", |message| message.method()),
        is_request: messages.iter().any(|message| message.kind() == MessageKind::Request),
        tool,
    }
}

/// Returns the tool that the first message calls.
pub(super) fn tool_name(messages: &[&Message]) -> Option<String> {
    called(messages.first()?)
}

/// Returns every tool that is called.
pub(super) fn tool_names(received: Option<&Result<Received, Invalid>>) -> Vec<String> {
    messages(received).into_iter().filter_map(called).collect()
}

fn called(message: &Message) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let calls = message.method() == mcp_tether_wire::protocol::methods::TOOLS_CALL;
    calls.then(|| message.params_as::<Named>()).flatten().map(|named| named.name)
}
