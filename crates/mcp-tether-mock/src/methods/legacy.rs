//! The methods that only the legacy revisions have: `ping`, subscriptions to resources, the log
//! level, and the tasks of 2025-11-25.

use serde::Deserialize;

use super::common::{common, unknown_resource};
use super::params::{read_params, uri};
use super::tasks;
use crate::product::CallContext;
use crate::rpc_error::{MethodResult, RpcError};
use crate::session::LogSeverity;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::{ProtocolVersion, methods};

/// Answers a request of a legacy revision: the methods that only these have, then the common ones.
///
/// # Errors
/// The JSON-RPC error to answer with.
pub(super) async fn handle(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
) -> MethodResult {
    let offers = shared.product.profile().offers;
    let has_tasks = offers.tasks && call.session.version() == ProtocolVersion::V2025_11_25;
    match request.method() {
        methods::TASKS_GET
        | methods::TASKS_RESULT
        | methods::TASKS_CANCEL
        | methods::TASKS_LIST
            if has_tasks =>
        {
            tasks::legacy(shared, call, request).await
        }
        methods::PING => Ok("{}".to_owned()),
        methods::SUBSCRIBE if offers.resources => subscription(shared, call, request, true),
        methods::UNSUBSCRIBE if offers.resources => subscription(shared, call, request, false),
        methods::SET_LEVEL if offers.logging => set_level(call, request),
        _ => common(shared, call, request).await,
    }
}

fn subscription(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
    wanted: bool,
) -> MethodResult {
    let uri = uri(request)?;
    if shared.product.read(&uri).is_none() {
        return Err(unknown_resource(call, uri));
    }
    if wanted {
        call.session.subscribe(&uri)
    } else {
        call.session.unsubscribe(&uri)
    }
    Ok("{}".to_owned())
}

fn set_level(call: &CallContext, request: &Message) -> MethodResult {
    #[derive(Deserialize)]
    struct Params {
        level: String,
    }
    let params: Params = read_params(request, "`level` must be a string")?;
    let level = LogSeverity::from_name(&params.level)
        .ok_or_else(|| RpcError::invalid_params(format!("`{}` is not a level", params.level)))?;
    call.session.set_level(level);
    Ok("{}".to_owned())
}
