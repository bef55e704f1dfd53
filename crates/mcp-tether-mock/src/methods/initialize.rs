//! `initialize`, the handshake of the legacy revisions.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::capabilities::capabilities;
use crate::faults::{Plan, SessionFault};
use crate::rpc_error::RpcError;
use crate::session::HostSession;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::{ProtocolVersion, codes};

/// A session that `initialize` opened, and its result.
pub(crate) struct Opened {
    pub(crate) session: Arc<HostSession>,
    pub(crate) result: Value,
}

/// Opens a session, or completes `opened` if the transport already opened one.
pub(crate) fn initialize(
    shared: &MockState,
    plan: &Plan,
    request: &Message,
    opened: Option<Arc<HostSession>>,
) -> Result<Opened, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "protocolVersion")]
        protocol_version: String,
        capabilities: Value,
        #[serde(rename = "clientInfo")]
        _client_info: Value,
    }
    let Some(params) = request.params_as::<Params>() else {
        let needs = "needs `protocolVersion`, `capabilities` and `clientInfo`";
        return Err(RpcError::invalid_params(needs));
    };
    let session = opened.unwrap_or_else(|| open(shared, plan, &params.protocol_version));
    if !session.introduce(params.capabilities) {
        return Err(RpcError::new(codes::INVALID_REQUEST, "already initialized"));
    }
    let version = session.version();
    let named = plan.negotiate.as_deref().unwrap_or(version.name());
    Ok(Opened { result: result(shared, version, named, session.id().is_some()), session })
}

fn open(shared: &MockState, plan: &Plan, wanted: &str) -> Arc<HostSession> {
    let forced = plan.negotiate.as_deref().and_then(ProtocolVersion::from_name);
    let version = forced.unwrap_or_else(|| shared.served(plan).negotiate(wanted));
    let without = shared.is_stateless() || plan.session == Some(SessionFault::Absent);
    let id = (!without).then(|| shared.connections.sessions.new_id(shared.options.seed));
    let session = Arc::new(HostSession::new(id, version));
    shared.connections.sessions.insert(&session);
    session
}

fn result(shared: &MockState, version: ProtocolVersion, named: &str, has_session: bool) -> Value {
    json!({
        "protocolVersion": named,
        "capabilities": capabilities(&shared.product.profile(), version, has_session),
        "serverInfo": shared.product.profile().implementation(version),
        "instructions": shared.product.profile().instructions,
    })
}
