//! Streamable HTTP of the revision 2026-07-28: each POST stands alone and describes itself, there
//! is no GET or DELETE, and a host that closes the stream of a request cancels it.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{self, EventStream};
use super::exchange::HttpExchange;
use super::reply::{HttpAnswer, invalid, json_answer, stream_head};
use super::work::Work;
use super::{gate, mirrored, reply};
use crate::events::{EndOnDrop, EventLog, LogReader, NextEvent};
use crate::faults::{AnswerForm, Granted, ListenEnd, Point, Silence};
use crate::listens::{self, ListenFilter};
use crate::methods;
use crate::options::AnswerFormat;
use crate::product::Streams;
use crate::rounds::Rounds;
use crate::rpc_error::RpcError;
use crate::served::Served;
use crate::session::{HostSession, LogSeverity};
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::{Message, MessageKind, Received, RequestId, notification};
use mcp_tether_wire::protocol::meta::{self, extensions};
use mcp_tether_wire::protocol::{Era, ProtocolVersion, codes, headers, methods as names};

/// Returns whether a request is one of this era, by how it opens (`basic/versioning`).
pub(super) fn is_modern_request(served: Served, exchange: &HttpExchange) -> bool {
    if !served.has(Era::Modern) || !served.has(Era::Legacy) {
        return served.has(Era::Modern);
    }
    let Some(Ok(Received::One(message))) = &exchange.received else {
        return false;
    };
    let stated = exchange.header(headers::PROTOCOL_VERSION).and_then(ProtocolVersion::from_name);
    let described = meta_of(message).is_some_and(|meta| meta.contains_key(meta::PROTOCOL_VERSION));
    match message.method() {
        names::DISCOVER => true,
        names::INITIALIZE => described,
        _ => described || stated.is_some_and(|version| version.era() == Era::Modern),
    }
}

/// Answers the MCP endpoint.
pub(super) async fn endpoint(shared: &Arc<MockState>, exchange: &HttpExchange) -> Response {
    let answer = match exchange.http {
        Method::POST => post(shared, exchange).await,
        _ => {
            let message = "this revision has only POST";
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let mut refusal = reply::refusal(status, codes::INVALID_REQUEST, message);
            reply::set(&mut refusal, "allow", "POST");
            Ok(refusal)
        }
    };
    answer.unwrap_or_else(|refusal| *refusal)
}

async fn post(shared: &Arc<MockState>, exchange: &HttpExchange) -> HttpAnswer {
    let credential = gate::admit(shared, exchange)?;
    gate::check_post_types(shared, exchange)?;
    let mut messages = gate::readable(exchange)?;
    let (Some(message), true) = (messages.pop(), messages.is_empty()) else {
        return Err(Box::new(invalid("batches are not part of this revision")));
    };
    match message.kind() {
        MessageKind::Request => request(shared, exchange, credential, message).await,
        // The revision has no notifications, but extensions may.
        MessageKind::Notification => Ok(reply::empty(StatusCode::ACCEPTED)),
        MessageKind::Response | MessageKind::ErrorResponse => {
            Err(Box::new(invalid("answers are not posted in this revision")))
        }
    }
}

async fn request(
    shared: &Arc<MockState>,
    exchange: &HttpExchange,
    credential: String,
    request: Message,
) -> HttpAnswer {
    let refused = |error: RpcError| {
        let status = match error.code {
            // The envelope is invalid (`basic`, `_meta`).
            codes::INVALID_PARAMS => StatusCode::BAD_REQUEST,
            code => status_of(code),
        };
        Box::new(reply::rpc_error(status, request.id(), error))
    };
    let params: Value = request.params_as().unwrap_or_default();
    let session = session_of_request(shared, exchange, &request, &params).map_err(refused)?;
    if request.method() == names::LISTEN {
        let granted =
            grant_filter(shared, exchange, &session, &credential, &params).map_err(refused)?;
        return Ok(listen(shared, exchange, &request, granted));
    }
    let rounds = rounds(shared, &credential, &request, &params).map_err(refused)?;
    let answers = shared.connections.new_log(&session);
    let reader = answers.read_after(0);
    let work = Work {
        shared: Arc::clone(shared),
        session: Arc::clone(&session),
        credential,
        plan: exchange.plan.clone(),
        end: Some(Arc::new(EndOnDrop(Arc::clone(&answers)))),
        streams: Streams { answers: Arc::clone(&answers), related: answers },
        refused: Arc::default(),
    };
    // Created before the first `await`: from here on, a host that disconnects stops the work.
    let guard = CancelsWork(session);
    let refused = Arc::clone(&work.refused);
    work.start_round(request, rounds).await;
    drop(work);
    respond(shared, exchange, reader, guard, || refused.get().copied().map(status_of)).await
}

/// Stops the work on a request when its stream is closed (`basic/patterns/cancellation`).
struct CancelsWork(Arc<HostSession>);

impl Drop for CancelsWork {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Returns a session for this request alone; an error if a required member is missing.
fn session_of_request(
    shared: &MockState,
    exchange: &HttpExchange,
    request: &Message,
    params: &Value,
) -> Result<Arc<HostSession>, RpcError> {
    let mismatch = |what: String| {
        // A legacy host can show its user nothing but this text (`basic/versioning`).
        let spoken = methods::supported_versions(shared, &exchange.plan).join(", ");
        RpcError::new(codes::HEADER_MISMATCH, format!("{what}; this remote speaks {spoken}"))
    };
    let none = Map::new();
    let meta = params["_meta"].as_object().unwrap_or(&none);
    let stated = mirrored::only(exchange, headers::PROTOCOL_VERSION).map_err(mismatch)?;
    let lenient = exchange.plan.lenient;
    if stated.is_none() && !lenient {
        return Err(mismatch(format!("the {} header is missing", headers::PROTOCOL_VERSION)));
    }
    let lacks = |key: &str| RpcError::invalid_params(format!("`_meta` has no `{key}`"));
    let known = |name: &str| {
        let modern = ProtocolVersion::from_name(name).filter(|v| v.era() == Era::Modern);
        modern.filter(|version| shared.served(&exchange.plan).includes(*version))
    };
    let version = match meta.get(meta::PROTOCOL_VERSION).and_then(Value::as_str) {
        Some(version) => version,
        // A legacy host declares no more than that.
        None => match stated.filter(|stated| known(stated).is_none()) {
            Some(stated) => return Err(unsupported(shared, exchange, stated)),
            None => return Err(lacks(meta::PROTOCOL_VERSION)),
        },
    };
    let capabilities = meta.get(meta::CLIENT_CAPABILITIES).filter(|value| value.is_object());
    let capabilities = capabilities.ok_or_else(|| lacks(meta::CLIENT_CAPABILITIES))?;
    if stated != Some(version) && !lenient {
        let stated = stated.unwrap_or_default();
        return Err(mismatch(format!("the header says `{stated}`, the body says `{version}`")));
    }
    let Some(known) = known(version) else {
        return Err(unsupported(shared, exchange, version));
    };
    if !lenient {
        mirrored::standard(exchange, request, params).map_err(mismatch)?;
        mirrored_arguments(shared, exchange, request, params).map_err(mismatch)?;
    }
    let session = HostSession::new(None, known);
    session.introduce(capabilities.clone());
    if let Some(level) = meta.get(meta::LOG_LEVEL) {
        let level = level.as_str().and_then(LogSeverity::from_name);
        let wrong = || RpcError::invalid_params(format!("`{}` is not a level", meta::LOG_LEVEL));
        session.set_level(level.ok_or_else(wrong)?);
    }
    Ok(Arc::new(session))
}

fn unsupported(shared: &MockState, exchange: &HttpExchange, requested: &str) -> RpcError {
    RpcError {
        code: codes::UNSUPPORTED_PROTOCOL_VERSION,
        message: "unsupported protocol version".to_owned(),
        data: json!({
            "supported": methods::supported_versions(shared, &exchange.plan),
            "requested": requested,
        }),
    }
}

fn mirrored_arguments(
    shared: &MockState,
    exchange: &HttpExchange,
    request: &Message,
    params: &Value,
) -> mirrored::HeaderVerdict {
    if !mirrored::has_arguments(request.method()) {
        return Ok(());
    }
    if exchange.plan.modern.stale_headers && !shared.has_listed_tools() {
        return Err("the headers do not match the newest schema of the tool".to_owned());
    }
    let named = params["name"].as_str().unwrap_or_default();
    match shared.product.tools().into_iter().find(|tool| tool.name == named) {
        Some(tool) => mirrored::arguments(exchange, &tool, &params["arguments"]),
        None => Ok(()),
    }
}

/// Resumes earlier rounds of a call.
fn rounds(
    shared: &MockState,
    credential: &str,
    request: &Message,
    params: &Value,
) -> Result<Rounds, RpcError> {
    // The parameters that identify the call: all but those that change from round to round.
    let salient = ["name", "uri", "arguments"].map(|member| params[member].to_string());
    let mut parts = vec![request.method(), credential];
    parts.extend(salient.iter().map(String::as_str));
    let text = if names::may_need_input(request.method()) { request.params() } else { None };
    Rounds::resume(&shared.seal, text.unwrap_or("{}"), &parts).map_err(RpcError::invalid_params)
}

/// Returns the HTTP status of an error code (`transports/streamable-http`; T-62).
fn status_of(code: i64) -> StatusCode {
    match code {
        codes::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        codes::HEADER_MISMATCH
        | codes::MISSING_CLIENT_CAPABILITY
        | codes::UNSUPPORTED_PROTOCOL_VERSION => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// Answers with one JSON body or with a stream, as faults, options and the work require. An
/// immediate refusal has its status in either form.
async fn respond(
    shared: &MockState,
    exchange: &HttpExchange,
    mut reader: LogReader,
    guard: CancelsWork,
    refused: impl Fn() -> Option<StatusCode>,
) -> HttpAnswer {
    let plan = &exchange.plan;
    if plan.silent == Some(Silence::Body) {
        return Ok(stream_head(exchange, body::silent(), false));
    }
    let json = match plan.form {
        _ if refused().is_some() => true,
        Some(AnswerForm::Json) => true,
        Some(AnswerForm::Sse) => false,
        None if plan.disconnect == Some(Point::BeforeHeaders) => true,
        None => match shared.options.answers {
            AnswerFormat::Json => reader.first_is_answer().await,
            AnswerFormat::OnlyJson => true,
            AnswerFormat::Sse => false,
        },
    };
    if !json {
        let events = EventStream::new(reader, plan, false, false).keeping(guard);
        return Ok(streamed(exchange, events));
    }
    let mut texts = Vec::new();
    loop {
        match reader.next().await {
            NextEvent::Event(event) if event.is_answer => texts.push(event.payload),
            NextEvent::Event(_) => {}
            NextEvent::Ended => break,
            NextEvent::Cut => exchange.cut().await,
        }
    }
    let status = refused().unwrap_or(StatusCode::OK);
    Ok(json_answer(exchange, status, texts, false))
}

fn streamed(exchange: &HttpExchange, events: EventStream) -> Response {
    let gzip = events.is_gzip();
    let mut response = stream_head(exchange, events.into_body(), gzip);
    reply::set(&mut response, headers::ACCEL_BUFFERING, "no");
    response
}

/// Returns the part of a listen filter that this product can deliver.
fn grant_filter(
    shared: &MockState,
    exchange: &HttpExchange,
    session: &HostSession,
    credential: &str,
    params: &Value,
) -> Result<ListenFilter, RpcError> {
    let wanted = ListenFilter::read(&params[meta::filter::KEY]).ok_or_else(|| {
        RpcError::invalid_params(format!("`{}` must be a filter", meta::filter::KEY))
    })?;
    let tasks = format!("/extensions/{}", extensions::TASKS.replace('/', "~1"));
    if wanted.tasks.is_some() && !session.host_has(&tasks) {
        return Err(RpcError::needs_tasks_extension());
    }
    let offers = shared.product.profile().offers;
    let readable = |uri: &String| offers.resources && shared.product.read(uri).is_some();
    let owned = |id: &String| shared.tasks.find(id, credential).is_some();
    let mut granted = ListenFilter {
        tools: wanted.tools && offers.tools_change,
        prompts: wanted.prompts && offers.prompts,
        resources: wanted.resources && offers.resources,
        updates: wanted.updates.map(|uris| uris.into_iter().filter(readable).collect()),
        tasks: wanted.tasks.map(|ids| ids.into_iter().filter(owned).collect()),
    };
    match exchange.plan.modern.granted {
        Some(Granted::Nothing) => granted = ListenFilter::default(),
        Some(Granted::Lists) => granted.updates = None,
        Some(Granted::Unsaid) | None => {}
    }
    Ok(granted)
}

/// Opens a listen stream: it stays until either side ends it.
fn listen(
    shared: &Arc<MockState>,
    exchange: &HttpExchange,
    request: &Message,
    granted: ListenFilter,
) -> Response {
    let log = shared.connections.new_log(&HostSession::new(None, ProtocolVersion::V2026_07_28));
    let reader = log.read_after(0);
    let events = EventStream::new(reader, &exchange.plan, false, false);
    let silent = exchange.plan.modern.granted == Some(Granted::Unsaid);
    let (Some(id), false) = (request.id(), silent) else {
        return streamed(exchange, events.keeping(log));
    };
    let listening = shared.connections.listens.open(id, granted, &log);
    if let Some(end) = exchange.plan.modern.listen_end {
        drop(listening);
        end_listening(end, id, &log);
        return streamed(exchange, events);
    }
    streamed(exchange, events.keeping((listening, log)))
}

fn end_listening(end: ListenEnd, id: &RequestId, log: &EventLog) {
    match end {
        ListenEnd::Graceful => return listens::end(id, log),
        ListenEnd::Cancelled => {
            let method = names::CANCELLED;
            let params = format!(r#"{{"requestId":{id},"reason":"shutting down"}}"#);
            log.say(notification(method, Some(&params)));
        }
        ListenEnd::Silent => {}
    }
    log.end();
}

fn meta_of(message: &Message) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    struct Params {
        #[serde(rename = "_meta")]
        meta: Map<String, Value>,
    }
    message.params_as::<Params>().map(|params| params.meta)
}
