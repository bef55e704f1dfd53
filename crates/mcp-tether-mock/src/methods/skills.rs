//! The methods of the skills extension (SEP-2640), in every revision.

use serde_json::json;

use super::lists;
use super::params::uri;
use crate::product::Skill;
use crate::rpc_error::{MethodResult, RpcError};
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;

pub(super) fn list(shared: &MockState, request: &Message) -> MethodResult {
    let all = shared.product.skills().iter().map(|skill| skill.to_json()).collect();
    lists::page(shared, request, "skills", all)
}

pub(super) fn get(shared: &MockState, request: &Message) -> MethodResult {
    let wanted = uri(request)?;
    let skills = shared.product.skills();
    let found = skills.iter().find(|skill| skill.uri() == wanted);
    found
        .map(|skill| json!({ "skill": skill.to_json() }).to_string())
        .ok_or_else(|| RpcError::invalid_params(format!("no skill is served at `{wanted}`")))
}

pub(super) fn read_directory(shared: &MockState, request: &Message) -> MethodResult {
    let wanted = uri(request)?;
    let skills = shared.product.skills();
    let found = skills.iter().find_map(|skill: &Skill| skill.children(&wanted));
    let children = found.ok_or_else(|| {
        RpcError::invalid_params(format!("`{wanted}` is not a directory resource"))
    })?;
    lists::page(shared, request, "resources", children)
}
