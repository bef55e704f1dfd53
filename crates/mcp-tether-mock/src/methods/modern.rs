//! The additions of the revision 2026-07-28 to the methods: `server/discover`, result types, server
//! info in results, caching hints, and input that is requested in rounds.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::capabilities::capabilities;
use super::common::common;
use super::tasks;
use crate::faults::{ModernFaults, Plan};
use crate::product::{CallContext, QuestionChannel};
use crate::rounds;
use crate::rpc_error::MethodResult;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::meta::{self, caching, result_type};
use mcp_tether_wire::protocol::{ProtocolVersion, methods};

/// Answers one request of this era.
pub(super) async fn handle(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
    plan: &Plan,
) -> MethodResult {
    let faults = &plan.modern;
    if let Some((method, params)) = &faults.needs_input {
        let questions = json!({ "q1": { "method": method, "params": params } });
        let mut demand = Map::new();
        demand.insert(result_type::KEY.to_owned(), result_type::INPUT_REQUIRED.into());
        demand.insert(meta::rounds::REQUESTS.to_owned(), questions);
        return Ok(with_server_info(shared, demand));
    }
    let method = request.method();
    let done = match &call.asking {
        QuestionChannel::Rounds(open) if methods::may_need_input(method) => {
            let lifetime = faults.state_lifetime.unwrap_or(rounds::LIFETIME);
            open.run(&shared.seal, lifetime, common(shared, call, request)).await
        }
        _ if is_task_method(method) && shared.product.profile().offers.tasks => {
            Ok(tasks::extension(call, request))
        }
        _ if method == methods::DISCOVER => Ok(Ok(discover(shared, plan))),
        _ => Ok(common(shared, call, request).await),
    };
    match done {
        // The outcome of a task is embedded in it unchanged.
        Ok(outcome) if call.task().is_some() => outcome,
        Ok(outcome) => outcome.map(|text| complete(shared, method, faults, &text)),
        Err(demand) => Ok(with_server_info(shared, demand)),
    }
}

/// Returns the revisions that `server/discover` lists.
pub(crate) fn supported_versions(shared: &MockState, plan: &Plan) -> Vec<Cow<'static, str>> {
    match &plan.modern.versions {
        Some(names) => names.iter().cloned().map(Cow::Owned).collect(),
        None => shared.served(plan).names().into_iter().map(Cow::Borrowed).collect(),
    }
}

fn is_task_method(method: &str) -> bool {
    matches!(method, methods::TASKS_GET | methods::TASKS_UPDATE | methods::TASKS_CANCEL)
}

fn discover(shared: &MockState, plan: &Plan) -> String {
    let version = ProtocolVersion::V2026_07_28;
    let profile = shared.product.profile();
    json!({
        "supportedVersions": supported_versions(shared, plan),
        "capabilities": capabilities(&profile, version, true),
        "instructions": profile.instructions,
    })
    .to_string()
}

/// Adds the members that this revision requires to a result. The text is not parsed, because it may
/// be large.
fn complete(shared: &MockState, method: &str, faults: &ModernFaults, text: &str) -> String {
    let mut first = Map::new();
    match &faults.result_type {
        Some(None) => {}
        Some(Some(other)) => {
            first.insert(result_type::KEY.to_owned(), other.as_str().into());
        }
        None => {
            first.insert(result_type::KEY.to_owned(), result_type::COMPLETE.into());
        }
    }
    if methods::is_cacheable(method) {
        let (ttl, scope) = faults.caching.clone().unwrap_or((0.into(), "private".into()));
        first.insert(caching::TTL.to_owned(), ttl);
        first.insert(caching::SCOPE.to_owned(), scope);
        first.retain(|_, value| !value.is_null());
    }
    first.insert("_meta".to_owned(), shared.product.profile().server_info_meta());
    let head = Value::from(first).to_string();
    let head = &head[..head.len() - 1];
    match text.strip_prefix('{').unwrap_or(text) {
        "}" => format!("{head}}}"),
        rest => format!("{head},{rest}"),
    }
}

/// Returns a result that asks for input.
fn with_server_info(shared: &MockState, mut demand: Map<String, Value>) -> String {
    demand.insert("_meta".to_owned(), shared.product.profile().server_info_meta());
    Value::from(demand).to_string()
}
