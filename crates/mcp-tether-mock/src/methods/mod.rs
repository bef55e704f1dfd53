//! What each MCP method does, whatever transport brought it: from a request message to the text of
//! a result or an error.

mod call;
mod lifecycle;
mod lists;
mod modern;
mod tasks;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(super) use call::{Asking, Call, Streams};
pub(super) use lifecycle::initialize;
pub(super) use modern::{needs, spoken};
pub(super) use tasks::needs_extension;

use super::faults::Plan;
use super::products::{Prompt, Resource, ResourceTemplate};
use super::revisions::Rules;
use super::session::{Level, Session};
use mcp_tether_wire::jsonrpc::{Message, RequestId};
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, methods};

/// A JSON-RPC error in the making.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Value::Null }
    }

    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(codes::INVALID_PARAMS, message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(codes::INTERNAL_ERROR, message)
    }

    fn unknown_method(method: &str) -> Self {
        Self::new(codes::METHOD_NOT_FOUND, format!("method `{method}` is not known"))
    }
}

/// The JSON text of a result, or an error.
pub(super) type Outcome = Result<String, RpcError>;

/// Answers one request other than `initialize` and `subscriptions/listen`.
pub(super) async fn handle(call: &Call, request: &Message, plan: &Plan) -> Outcome {
    match call.session.version().era() {
        Era::Legacy => legacy(call, request).await,
        Era::Modern => modern::handle(call, request, plan).await,
    }
}

/// What only the legacy revisions have, and the rest.
async fn legacy(call: &Call, request: &Message) -> Outcome {
    let offers = call.shared.product.profile().offers;
    let tasks = offers.tasks && call.session.version() == ProtocolVersion::V2025_11_25;
    match request.method() {
        methods::TASKS_GET
        | methods::TASKS_RESULT
        | methods::TASKS_CANCEL
        | methods::TASKS_LIST
            if tasks =>
        {
            tasks::legacy(call, request).await
        }
        methods::PING => Ok("{}".to_owned()),
        methods::SUBSCRIBE if offers.resources => subscription(call, request, true),
        methods::UNSUBSCRIBE if offers.resources => subscription(call, request, false),
        methods::SET_LEVEL if offers.logging => set_level(call, request),
        _ => common(call, request).await,
    }
}

/// What every revision has.
async fn common(call: &Call, request: &Message) -> Outcome {
    let product = &call.shared.product;
    let offers = product.profile().offers;
    match request.method() {
        methods::TOOLS_LIST => {
            call.shared.tools_were_listed();
            let version = call.session.version();
            let tools = product.tools().iter().map(|tool| tool.to_json(version)).collect();
            lists::page(&call.shared, request, "tools", tools)
        }
        methods::TOOLS_CALL => call_tool(call, request).await,
        "resources/list" if offers.resources => {
            let all = product.resources().iter().map(Resource::to_json).collect();
            lists::page(&call.shared, request, "resources", all)
        }
        "resources/templates/list" if offers.resources => {
            let all = product.templates().iter().map(ResourceTemplate::to_json).collect();
            lists::page(&call.shared, request, "resourceTemplates", all)
        }
        methods::RESOURCES_READ if offers.resources => read_resource(call, request).await,
        "prompts/list" if offers.prompts => {
            let all = product.prompts().iter().map(Prompt::to_json).collect();
            lists::page(&call.shared, request, "prompts", all)
        }
        methods::PROMPTS_GET if offers.prompts => prompt(call, request).await,
        "completion/complete" if offers.completions => complete(call, request),
        other => Err(RpcError::unknown_method(other)),
    }
}

/// Takes note of a notification of the host.
pub(super) fn notified(session: &Session, note: &Message) {
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

async fn call_tool(call: &Call, request: &Message) -> Outcome {
    #[derive(Deserialize)]
    struct Params<'a> {
        name: String,
        #[serde(borrow, default)]
        arguments: Option<&'a RawValue>,
    }
    let params: Params<'_> = read(request, "`name` must be a string and `arguments` an object")?;
    let product = &call.shared.product;
    let Some(tool) = product.tools().into_iter().find(|tool| tool.name == params.name) else {
        return Err(product.unknown_tool(&params.name));
    };
    let text = params.arguments.map_or("{}", RawValue::get);
    let arguments: Value = serde_json::from_str(text)
        .map_err(|error| RpcError::invalid_params(format!("`arguments`: {error}")))?;
    let misfits = tool.misfits(&arguments);
    let result = if misfits.is_empty() {
        tasks::enter(call, &tool, request)?;
        product.call(call, &tool, super::products::Arguments { text, value: &arguments }).await?
    } else {
        product.invalid_arguments(call, &tool, &misfits)?
    };
    Ok(result.to_json(Rules::of(call.session.version())))
}

/// Asks the user what has to be known first.
async fn asked_first(call: &Call, name: &str) -> Result<Option<(&'static str, Value)>, RpcError> {
    let Some(need) = call.shared.product.asks_before(name) else {
        return Ok(None);
    };
    needs(call, methods::ELICIT)?;
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

async fn read_resource(call: &Call, request: &Message) -> Outcome {
    let uri = uri(request)?;
    asked_first(call, &uri).await?;
    match call.shared.product.read(&uri) {
        Some(contents) => Ok(json!({ "contents": [contents] }).to_string()),
        None => Err(unknown_resource(call, uri)),
    }
}

fn subscription(call: &Call, request: &Message, wanted: bool) -> Outcome {
    let uri = uri(request)?;
    if call.shared.product.read(&uri).is_none() {
        return Err(unknown_resource(call, uri));
    }
    if wanted {
        call.session.subscribe(&uri)
    } else {
        call.session.unsubscribe(&uri)
    }
    Ok("{}".to_owned())
}

fn uri(request: &Message) -> Result<String, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        uri: String,
    }
    read::<Params>(request, "`uri` must be a string").map(|params| params.uri)
}

fn unknown_resource(call: &Call, uri: String) -> RpcError {
    RpcError {
        code: Rules::of(call.session.version()).resource_not_found,
        message: "resource not found".to_owned(),
        data: json!({ "uri": uri }),
    }
}

async fn prompt(call: &Call, request: &Message) -> Outcome {
    #[derive(Deserialize)]
    struct Params {
        name: String,
        #[serde(default)]
        arguments: Value,
    }
    let mut params: Params = read(request, "`name` must be a string")?;
    if let Some((key, answer)) = asked_first(call, &params.name).await? {
        params.arguments[key] = answer;
    }
    let prompts = call.shared.product.prompts();
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

fn complete(call: &Call, request: &Message) -> Outcome {
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
    let params: Params = read(request, "needs `ref` and an `argument` with `name` and `value`")?;
    let all = call.shared.product.complete(&params.reference, &params.argument.name);
    let fitting: Vec<_> =
        all.into_iter().filter(|value| value.starts_with(&params.argument.value)).collect();
    let total = fitting.len();
    let values: Vec<_> = fitting.into_iter().take(100).collect();
    let completion = json!({ "values": values, "total": total, "hasMore": total > values.len() });
    Ok(json!({ "completion": completion }).to_string())
}

fn set_level(call: &Call, request: &Message) -> Outcome {
    #[derive(Deserialize)]
    struct Params {
        level: String,
    }
    let params: Params = read(request, "`level` must be a string")?;
    let level = Level::from_name(&params.level)
        .ok_or_else(|| RpcError::invalid_params(format!("`{}` is no level", params.level)))?;
    call.session.set_level(level);
    Ok("{}".to_owned())
}

fn read<'a, T: Deserialize<'a>>(request: &'a Message, expected: &str) -> Result<T, RpcError> {
    request.params_as().ok_or_else(|| RpcError::invalid_params(expected))
}
