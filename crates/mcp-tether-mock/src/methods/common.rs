//! The methods that every revision has: tools, resources, prompts and completions.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::params::{read_params, uri};
use super::{lists, skills, tasks};
use crate::product::{Arguments, CallContext, Prompt, ResourceEntry, ResourceTemplate};
use crate::revisions::RevisionRules;
use crate::rpc_error::{MethodResult, RpcError};
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::Message;
use mcp_tether_wire::protocol::{meta, methods};

/// Answers the methods that every revision has.
pub(super) async fn common(
    shared: &MockState,
    call: &CallContext,
    request: &Message,
) -> MethodResult {
    let product = &shared.product;
    let offers = product.profile().offers;
    match request.method() {
        methods::TOOLS_LIST => {
            shared.tools_were_listed();
            let version = call.session.version();
            let tools = product.tools().iter().map(|tool| tool.to_json(version)).collect();
            lists::page(shared, request, "tools", tools)
        }
        methods::TOOLS_CALL => call_tool(shared, call, request).await,
        "resources/list" if offers.resources => {
            let all = product.resources().iter().map(ResourceEntry::to_json).collect();
            lists::page(shared, request, "resources", all)
        }
        "resources/templates/list" if offers.resources => {
            let all = product.templates().iter().map(ResourceTemplate::to_json).collect();
            lists::page(shared, request, "resourceTemplates", all)
        }
        methods::RESOURCES_READ if offers.resources => read_resource(shared, call, request).await,
        "prompts/list" if offers.prompts => {
            let all = product.prompts().iter().map(Prompt::to_json).collect();
            lists::page(shared, request, "prompts", all)
        }
        methods::SKILLS_LIST if offers.skills => skills::list(shared, request),
        methods::SKILLS_GET if offers.skills => skills::get(shared, request),
        methods::RESOURCE_DIRECTORY_READ if offers.skills => {
            skills::read_directory(shared, request)
        }
        methods::EVENTS_STREAM if offers.events => stream_events(call).await,
        methods::PROMPTS_GET if offers.prompts => get_prompt(shared, call, request).await,
        "completion/complete" if offers.completions => complete(shared, request),
        other => Err(RpcError::unknown_method(other)),
    }
}

/// Sends one event, and then nothing for as long as the host listens (SEP-3415).
async fn stream_events(call: &CallContext) -> MethodResult {
    let id: Value = serde_json::from_str(&call.id.to_json()).unwrap_or_default();
    let own = json!({ meta::SUBSCRIPTION_ID: id });
    let active = json!({ "cursor": "1", "truncated": false, "_meta": own });
    call.notify("notifications/events/active", &active);
    let event = json!({
        "eventId": "evt_1",
        "name": "test.event",
        "timestamp": "2026-07-28T00:00:00Z",
        "data": { "n": 1 },
        "cursor": "2",
        "_meta": own,
    });
    call.notify("notifications/events/event", &event);
    std::future::pending().await
}

async fn call_tool(shared: &MockState, call: &CallContext, request: &Message) -> MethodResult {
    #[derive(Deserialize)]
    struct Params<'a> {
        name: String,
        #[serde(borrow, default)]
        arguments: Option<&'a RawValue>,
    }
    let params: Params<'_> =
        read_params(request, "`name` must be a string and `arguments` an object")?;
    let product = &shared.product;
    let Some(tool) = product.tools().into_iter().find(|tool| tool.name == params.name) else {
        return Err(product.unknown_tool(&params.name));
    };
    let text = params.arguments.map_or("{}", RawValue::get);
    let arguments: Value = serde_json::from_str(text)
        .map_err(|error| RpcError::invalid_params(format!("`arguments`: {error}")))?;
    let misfits = tool.misfits(&arguments);
    let result = if misfits.is_empty() {
        tasks::enter(call, &tool, request)?;
        product.call(call, &tool, Arguments { text, value: &arguments }).await?
    } else {
        product.invalid_arguments(call, &tool, &misfits)?
    };
    Ok(result.to_json(RevisionRules::of(call.session.version())))
}

/// Asks the user the product's question before this request, if it has one; returns its key and the
/// answer.
async fn ask_first(
    shared: &MockState,
    call: &CallContext,
    name: &str,
) -> Result<Option<(&'static str, Value)>, RpcError> {
    let Some(need) = shared.product.asks_before(name) else {
        return Ok(None);
    };
    call.require(methods::ELICIT)?;
    let schema = json!({
        "type": "object",
        "properties": { need.member: { "type": "string" } },
        "required": [need.member],
    });
    let params = json!({ "message": need.question, "requestedSchema": schema });
    match call.ask(methods::ELICIT, &params).named(need.key).answer().await {
        Some(Ok(answer)) if answer["action"] == "accept" => {
            Ok(Some((need.key, answer["content"][need.member].clone())))
        }
        _ => Err(RpcError::invalid_params(format!("the user did not say `{}`", need.member))),
    }
}

async fn read_resource(shared: &MockState, call: &CallContext, request: &Message) -> MethodResult {
    let uri = uri(request)?;
    ask_first(shared, call, &uri).await?;
    match shared.product.read(&uri) {
        Some(contents) => Ok(json!({ "contents": [contents] }).to_string()),
        None => Err(unknown_resource(call, uri)),
    }
}

pub(super) fn unknown_resource(call: &CallContext, uri: String) -> RpcError {
    RpcError {
        code: RevisionRules::of(call.session.version()).resource_not_found,
        message: "resource not found".to_owned(),
        data: json!({ "uri": uri }),
    }
}

async fn get_prompt(shared: &MockState, call: &CallContext, request: &Message) -> MethodResult {
    #[derive(Deserialize)]
    struct Params {
        name: String,
        #[serde(default)]
        arguments: Value,
    }
    let mut params: Params = read_params(request, "`name` must be a string")?;
    if let Some((key, answer)) = ask_first(shared, call, &params.name).await? {
        params.arguments[key] = answer;
    }
    let prompts = shared.product.prompts();
    let Some(prompt) = prompts.iter().find(|prompt| prompt.name == params.name) else {
        return Err(RpcError::invalid_params(format!("no prompt is named `{}`", params.name)));
    };
    let missing =
        prompt.arguments.iter().find(|a| a.required && params.arguments[a.name].is_null());
    match missing {
        Some(missing) => {
            Err(RpcError::invalid_params(format!("argument `{}` is missing", missing.name)))
        }
        None => Ok((prompt.render)(&params.arguments).to_string()),
    }
}

fn complete(shared: &MockState, request: &Message) -> MethodResult {
    #[derive(Deserialize)]
    struct Argument {
        name: String,
        value: String,
    }
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "ref")]
        reference: Value,
        argument: Argument,
    }
    let params: Params =
        read_params(request, "needs `ref` and an `argument` with `name` and `value`")?;
    let all = shared.product.complete(&params.reference, &params.argument.name);
    let fitting: Vec<_> =
        all.into_iter().filter(|value| value.starts_with(&params.argument.value)).collect();
    let total = fitting.len();
    let values: Vec<_> = fitting.into_iter().take(100).collect();
    let completion = json!({ "values": values, "total": total, "hasMore": total > values.len() });
    Ok(json!({ "completion": completion }).to_string())
}
