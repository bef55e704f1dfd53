//! `initialize`, the handshake of the legacy revisions, and what it has in common with
//! `server/discover`: how the product introduces itself and what it can do.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::RpcError;
use crate::faults::{Plan, SessionFault};
use crate::revisions::Rules;
use crate::session::Session;
use crate::state::Shared;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::meta::extensions;
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes};

/// What `initialize` opened.
pub(crate) struct Opened {
    pub(crate) session: Arc<Session>,
    pub(crate) result: Value,
}

/// Opens a session, or completes `opened`, which the transport opened already.
pub(crate) fn initialize(
    shared: &Shared,
    plan: &Plan,
    request: &Message,
    opened: Option<Arc<Session>>,
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

fn open(shared: &Shared, plan: &Plan, wanted: &str) -> Arc<Session> {
    let forced = plan.negotiate.as_deref().and_then(ProtocolVersion::from_name);
    let version = forced.unwrap_or_else(|| shared.served(plan).negotiate(wanted));
    let without = shared.is_stateless() || plan.session == Some(SessionFault::Absent);
    let id = (!without).then(|| shared.sessions.new_id(shared.options.seed));
    let session = Arc::new(Session::new(id, version));
    shared.sessions.insert(&session);
    session
}

fn result(shared: &Shared, version: ProtocolVersion, named: &str, has_session: bool) -> Value {
    json!({
        "protocolVersion": named,
        "capabilities": capabilities(shared, version, has_session),
        "serverInfo": implementation(shared, version),
        "instructions": shared.product.profile().instructions,
    })
}

/// How the product introduces itself.
pub(super) fn implementation(shared: &Shared, version: ProtocolVersion) -> Value {
    let profile = shared.product.profile();
    let mut remote = json!({ "name": profile.name, "version": profile.version });
    if Rules::of(version).structured {
        remote["title"] = profile.title.into();
    }
    remote
}

/// Where nothing can be pushed, for want of a session, nothing that pushes is promised.
pub(super) fn capabilities(shared: &Shared, version: ProtocolVersion, pushes: bool) -> Value {
    let offers = shared.product.profile().offers;
    let mut capabilities = json!({ "tools": {} });
    if offers.tools_change && pushes {
        capabilities["tools"]["listChanged"] = true.into();
    }
    if offers.resources {
        capabilities["resources"] = json!({ "subscribe": pushes, "listChanged": pushes });
    }
    if offers.prompts {
        capabilities["prompts"] = json!({ "listChanged": pushes });
    }
    if offers.completions && Rules::of(version).annotations {
        capabilities["completions"] = json!({});
    }
    if offers.logging {
        capabilities["logging"] = json!({});
    }
    if offers.tasks && version == ProtocolVersion::V2025_11_25 {
        let requests = json!({ "tools": { "call": {} } });
        capabilities["tasks"] = json!({ "list": {}, "cancel": {}, "requests": requests });
    }
    if offers.tasks && version.era() == Era::Modern {
        capabilities["extensions"] = json!({ extensions::TASKS: {} });
    }
    capabilities
}
