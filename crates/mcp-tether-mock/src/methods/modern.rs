//! What the revision 2026-07-28 puts around the methods: `server/discover`, result types, who made
//! a result, caching hints, and input that is asked for in rounds.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::call::{Asking, Call};
use super::{Outcome, RpcError, common, lifecycle, tasks};
use crate::faults::{ModernFaults, Plan};
use crate::rounds;
use crate::session::capability_for;
use crate::state::Shared;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::meta::{self, caching, result_type};
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, methods};

/// Answers one request of this era.
pub(super) async fn handle(call: &Call, request: &Message, plan: &Plan) -> Outcome {
    let faults = &plan.modern;
    if let Some((method, params)) = &faults.needs_input {
        let questions = json!({ "q1": { "method": method, "params": params } });
        let mut demand = Map::new();
        demand.insert(result_type::KEY.to_owned(), result_type::INPUT_REQUIRED.into());
        demand.insert(meta::rounds::REQUESTS.to_owned(), questions);
        return Ok(demanded(&call.shared, demand));
    }
    let method = request.method();
    let done = match &call.asking {
        Asking::Rounds(open) if methods::may_need_input(method) => {
            let lifetime = faults.state_lifetime.unwrap_or(rounds::LIFETIME);
            open.run(&call.shared.seal, lifetime, common(call, request)).await
        }
        _ if is_task_method(method) && call.shared.product.profile().offers.tasks => {
            Ok(tasks::extension(call, request))
        }
        _ if method == methods::DISCOVER => Ok(Ok(discover(&call.shared, plan))),
        _ => Ok(common(call, request).await),
    };
    match done {
        // What a task gives is shown inside of it, as it is.
        Ok(outcome) if call.task().is_some() => outcome,
        Ok(outcome) => outcome.map(|text| complete(&call.shared, method, faults, &text)),
        Err(demand) => Ok(demanded(&call.shared, demand)),
    }
}

/// The revisions that are said to be spoken.
pub(crate) fn spoken(shared: &Shared, plan: &Plan) -> Vec<Cow<'static, str>> {
    match &plan.modern.versions {
        Some(names) => names.iter().cloned().map(Cow::Owned).collect(),
        None => shared.served(plan).names().into_iter().map(Cow::Borrowed).collect(),
    }
}

/// A request needs what its host did not declare.
pub(super) fn missing_capability(needed: Value) -> RpcError {
    RpcError {
        code: codes::MISSING_CLIENT_CAPABILITY,
        message: "a capability is needed that the request does not declare".to_owned(),
        data: json!({ "requiredCapabilities": needed }),
    }
}

/// Refuses a call whose host cannot be asked what it will be asked.
pub(crate) fn needs(call: &Call, method: &str) -> Result<(), RpcError> {
    if call.can_ask(method) {
        return Ok(());
    }
    if call.session.version().era() == Era::Legacy {
        return Err(RpcError::invalid_params(format!("this host cannot be asked `{method}`")));
    }
    let name = capability_for(method).unwrap_or_default().trim_start_matches('/');
    Err(missing_capability(json!({ name: {} })))
}

fn is_task_method(method: &str) -> bool {
    matches!(method, methods::TASKS_GET | methods::TASKS_UPDATE | methods::TASKS_CANCEL)
}

fn discover(shared: &Shared, plan: &Plan) -> String {
    let version = ProtocolVersion::V2026_07_28;
    json!({
        "supportedVersions": spoken(shared, plan),
        "capabilities": lifecycle::capabilities(shared, version, true),
        "instructions": shared.product.profile().instructions,
    })
    .to_string()
}

/// A finished result as this era wants it. The text itself is not looked into: it may be large.
fn complete(shared: &Shared, method: &str, faults: &ModernFaults, text: &str) -> String {
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
    first.insert("_meta".to_owned(), about(shared));
    let head = Value::from(first).to_string();
    let head = &head[..head.len() - 1];
    match text.strip_prefix('{').unwrap_or(text) {
        "}" => format!("{head}}}"),
        rest => format!("{head},{rest}"),
    }
}

/// A result that asks for input.
fn demanded(shared: &Shared, mut demand: Map<String, Value>) -> String {
    demand.insert("_meta".to_owned(), about(shared));
    Value::from(demand).to_string()
}

pub(super) fn about(shared: &Shared) -> Value {
    json!({ meta::SERVER_INFO: lifecycle::implementation(shared, ProtocolVersion::V2026_07_28) })
}
