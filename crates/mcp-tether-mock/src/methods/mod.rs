//! The MCP methods, independent of the transport: from a request message to the text of a result or
//! an error.

mod capabilities;
mod common;
mod initialize;
mod legacy;
mod lists;
mod modern;
mod params;
mod skills;
mod tasks;

pub(super) use initialize::initialize;
pub(super) use modern::supported_versions;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::faults::Plan;
use super::product::CallContext;
use super::rpc_error::MethodResult;
use super::session::HostSession;
use super::state::MockState;
use mcp_tether_wire::jsonrpc::{Message, RequestId};
use mcp_tether_wire::protocol::{Era, methods};

/// Answers one request other than `initialize` and `subscriptions/listen`.
///
/// # Errors
/// The JSON-RPC error to answer with.
pub(super) async fn handle(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
    plan: &Plan,
) -> MethodResult {
    match call.session.version().era() {
        Era::Legacy => legacy::handle(shared, call, request).await,
        Era::Modern => modern::handle(shared, call, request, plan).await,
    }
}

/// Handles a notification of the host.
pub(super) fn handle_notification(session: &HostSession, note: &Message) {
    #[derive(Deserialize)]
    struct Cancelled {
        #[serde(rename = "requestId")]
        request_id: Box<RawValue>,
    }
    if note.method() == methods::CANCELLED
        && let Some(cancelled) = note.params_as::<Cancelled>()
        && let Some(id) = RequestId::from_raw(&cancelled.request_id)
    {
        session.cancel(&id);
    }
}
