//! Streamable HTTP of the revisions 2025-03-26 to 2025-11-25: POST, GET and DELETE on one endpoint.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::body::{self, EventStream};
use super::exchange::HttpExchange;
use super::reply::{HttpAnswer, invalid, json_answer, stream_head};
use super::work::{Work, ask_on_standalone_stream};
use super::{flood, gate, modern, reply};
use crate::events::{EndOnDrop, LogReader, NextEvent};
use crate::faults::{AnswerForm, Plan, Point, SessionFault, Silence};
use crate::methods;
use crate::options::AnswerFormat;
use crate::product::Streams;
use crate::revisions::RevisionRules;
use crate::session::HostSession;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::{Message, MessageKind, Received};
use mcp_tether_wire::protocol::methods::INITIALIZE;
use mcp_tether_wire::protocol::{ProtocolVersion, codes, headers};

/// The server-defined code of an unknown session.
const SESSION_NOT_FOUND_CODE: i64 = -32001;

/// Answers the MCP endpoint.
pub(super) async fn endpoint(
    State(shared): State<Arc<MockState>>,
    Extension(exchange): Extension<Arc<HttpExchange>>,
) -> Response {
    if modern::is_modern_request(shared.served(&exchange.plan), &exchange) {
        return modern::endpoint(&shared, &exchange).await;
    }
    let answer = match exchange.http {
        Method::POST => post(&shared, &exchange).await,
        Method::GET => listen(&shared, &exchange),
        Method::DELETE => leave(&shared, &exchange),
        _ => Err(Box::new(not_allowed(&shared))),
    };
    let mut response = answer.unwrap_or_else(|refusal| *refusal);
    if exchange.plan.session == Some(SessionFault::Changing) {
        reply::set(&mut response, headers::SESSION_ID, "another-session");
    }
    response
}

async fn post(shared: &Arc<MockState>, exchange: &HttpExchange) -> HttpAnswer {
    let credential = gate::admit(shared, exchange)?;
    gate::check_post_types(shared, exchange)?;
    if exchange.plan.forget {
        shared.connections.sessions.forget_all();
    }
    let messages = gate::readable(exchange)?;
    if let [request] = messages.as_slice()
        && request.method() == INITIALIZE
        && request.kind() == MessageKind::Request
    {
        return initialize(shared, exchange, request).await;
    }
    let session = session(shared, exchange)?;
    let is_batch = matches!(exchange.received, Some(Ok(Received::Batch(_))));
    let takes_batches = shared.product.profile().habits.takes_batches;
    if is_batch && !takes_batches && !RevisionRules::of(session.version()).batches {
        return Err(Box::new(invalid("batches are not part of this revision")));
    }
    if exchange.plan.drop_stream {
        session.standalone().cut();
    }
    let requests = sort_out(&session, &exchange.plan, messages);
    if requests.is_empty() {
        return Ok(reply::empty(StatusCode::ACCEPTED));
    }
    let work = work(shared, &session, exchange, credential);
    let reader = work.streams.answers.read_after(0);
    for request in requests {
        work.start(request);
    }
    drop(work);
    respond(exchange, &session, reader, is_batch, shared.options.answers).await
}

/// Handles notifications and answers; returns the requests.
fn sort_out(session: &Arc<HostSession>, plan: &Plan, messages: Vec<Message>) -> Vec<Message> {
    let mut requests = Vec::new();
    for message in messages {
        match message.kind() {
            MessageKind::Request => requests.push(message),
            MessageKind::Notification => {
                methods::handle_notification(session, &message);
                ask_on_standalone_stream(session, plan);
            }
            MessageKind::Response | MessageKind::ErrorResponse => {
                session.answered(message);
            }
        }
    }
    requests
}

fn work(
    shared: &Arc<MockState>,
    session: &Arc<HostSession>,
    exchange: &HttpExchange,
    credential: String,
) -> Work {
    let answers = shared.connections.new_log(session);
    // If only the answer may be sent, everything else is sent on the standalone stream.
    let related = match (exchange.plan.form, shared.options.answers) {
        (Some(AnswerForm::Json), _) | (None, AnswerFormat::OnlyJson) => {
            Arc::clone(session.standalone())
        }
        _ => Arc::clone(&answers),
    };
    Work {
        shared: Arc::clone(shared),
        session: Arc::clone(session),
        credential,
        plan: exchange.plan.clone(),
        end: Some(Arc::new(EndOnDrop(Arc::clone(&answers)))),
        streams: Streams { answers, related },
        refused: Arc::default(),
    }
}

async fn initialize(
    shared: &Arc<MockState>,
    exchange: &HttpExchange,
    request: &Message,
) -> HttpAnswer {
    if exchange.session_id().is_some() && !shared.is_stateless() {
        return Err(Box::new(invalid("`initialize` must not carry a session id")));
    }
    let opened = match methods::initialize(shared, &exchange.plan, request, None) {
        Ok(opened) => opened,
        Err(error) => {
            let error = reply::rpc_error(StatusCode::OK, request.id(), error);
            return Err(Box::new(error));
        }
    };
    let session = opened.session;
    let work = work(shared, &session, exchange, String::new());
    let reader = work.streams.answers.read_after(0);
    if let Some(id) = request.id() {
        work.deliver(id, Ok(opened.result.to_string()));
    }
    drop(work);
    let mut response = respond(exchange, &session, reader, false, shared.options.answers).await?;
    if exchange.plan.session == Some(SessionFault::Illegal) {
        reply::set(&mut response, headers::SESSION_ID, "not legal \u{e9}");
    } else if let Some(id) = session.id() {
        reply::set(&mut response, headers::SESSION_ID, id);
    }
    Ok(response)
}

/// Answers with one JSON body or with a stream, as faults, options and the work require.
async fn respond(
    exchange: &HttpExchange,
    session: &HostSession,
    mut reader: LogReader,
    is_batch: bool,
    answers: AnswerFormat,
) -> HttpAnswer {
    let plan = &exchange.plan;
    if plan.silent == Some(Silence::Body) {
        return Ok(stream_head(exchange, body::silent(), false));
    }
    let json = match plan.form {
        Some(AnswerForm::Json) => true,
        Some(AnswerForm::Sse) => false,
        // A cut before the head must come after the work.
        None if plan.disconnect == Some(Point::BeforeHeaders) => true,
        None if answers == AnswerFormat::OnlyJson => true,
        None => answers == AnswerFormat::Json && reader.first_is_answer().await,
    };
    if !json && plan.flood.is_none() {
        return Ok(stream(exchange, session, reader));
    }
    let mut texts = Vec::new();
    loop {
        match reader.next().await {
            NextEvent::Event(event) => texts.push(event.payload),
            NextEvent::Ended => break,
            NextEvent::Cut => exchange.cut().await,
        }
    }
    match plan.flood {
        Some(flood) if !texts.is_empty() => Ok(flood::response(&texts, flood, &plan.style)),
        _ => Ok(json_answer(exchange, StatusCode::OK, texts, is_batch)),
    }
}

fn stream(exchange: &HttpExchange, session: &HostSession, reader: LogReader) -> Response {
    let ids = session.id().is_some();
    let priming = RevisionRules::of(session.version()).priming_event;
    let events = EventStream::new(reader, &exchange.plan, ids, priming);
    let gzip = events.is_gzip();
    stream_head(exchange, events.into_body(), gzip)
}

fn listen(shared: &Arc<MockState>, exchange: &HttpExchange) -> HttpAnswer {
    gate::admit(shared, exchange)?;
    if shared.is_stateless() {
        return Err(Box::new(not_allowed(shared)));
    }
    gate::check_stream_type(exchange)?;
    let session = session(shared, exchange)?;
    let reader = match exchange.header(headers::LAST_EVENT_ID) {
        Some(last) => match resumed(&session, last) {
            Some(reader) => reader,
            None => return Err(Box::new(invalid("no stream has this event id"))),
        },
        None => {
            session.open_standalone();
            session.standalone().read_new()
        }
    };
    if exchange.plan.silent == Some(Silence::Body) {
        return Ok(stream_head(exchange, body::silent(), false));
    }
    Ok(stream(exchange, &session, reader))
}

/// Opens a reader after the event with this id: `LOG-EVENT`.
fn resumed(session: &HostSession, last: &str) -> Option<LogReader> {
    let (log, event) = last.split_once('-')?;
    let log = session.log(log.parse().ok()?)?;
    Some(log.read_after(event.parse().ok()?))
}

fn leave(shared: &Arc<MockState>, exchange: &HttpExchange) -> HttpAnswer {
    if shared.is_stateless() && shared.product.profile().habits.takes_leave {
        gate::check_host(shared, exchange)?;
        return Ok(reply::empty(StatusCode::OK));
    }
    gate::admit(shared, exchange)?;
    if shared.is_stateless() {
        return Err(Box::new(not_allowed(shared)));
    }
    let session = session(shared, exchange)?;
    if let Some(id) = session.id() {
        shared.connections.sessions.remove(id);
    }
    Ok(reply::empty(StatusCode::OK))
}

/// Returns the session that the headers name, or a session of one stateless request.
fn session(
    shared: &Arc<MockState>,
    exchange: &HttpExchange,
) -> Result<Arc<HostSession>, Box<Response>> {
    let fault = exchange.plan.session;
    let without = matches!(fault, Some(SessionFault::Absent | SessionFault::Illegal));
    if shared.is_stateless() || (without && exchange.session_id().is_none()) {
        let version = stated_version(shared, exchange)?;
        return Ok(Arc::new(HostSession::new(None, version)));
    }
    let Some(id) = exchange.session_id() else {
        return gate::refuse(StatusCode::BAD_REQUEST, "the Mcp-Session-Id header is missing");
    };
    let Some(session) = shared.connections.sessions.find(id) else {
        let status = match fault {
            Some(SessionFault::Answers400) => StatusCode::BAD_REQUEST,
            _ => StatusCode::NOT_FOUND,
        };
        let refusal = reply::refusal(status, SESSION_NOT_FOUND_CODE, "session not found");
        return Err(Box::new(refusal));
    };
    let stated = exchange.header(headers::PROTOCOL_VERSION);
    let demanded = RevisionRules::of(session.version()).version_header && !exchange.plan.lenient;
    let is_excused = stated.is_none() && resumes_initialize(exchange);
    if demanded && !is_excused && stated != Some(session.version().name()) {
        let message = format!("the MCP-Protocol-Version header must be {}", session.version());
        return Err(Box::new(invalid(&message)));
    }
    Ok(session)
}

/// Returns whether this GET resumes the stream that answers `initialize`, the first of a session.
/// Its client does not know the revision yet; the header is for requests after it was negotiated
/// (2025-06-18 and later, transports, "protocol version header").
fn resumes_initialize(exchange: &HttpExchange) -> bool {
    exchange.header(headers::LAST_EVENT_ID).is_some_and(|last| last.starts_with("1-"))
}

/// Returns the revision that the header names; without a header it is 2025-03-26
/// (2025-06-18 and later, transports, "protocol version header").
fn stated_version(
    shared: &MockState,
    exchange: &HttpExchange,
) -> Result<ProtocolVersion, Box<Response>> {
    let served = shared.served(&exchange.plan);
    let stated = match exchange.header(headers::PROTOCOL_VERSION) {
        Some(name) => ProtocolVersion::from_name(name),
        None => Some(ProtocolVersion::V2025_03_26),
    };
    match stated.filter(|version| served.includes(*version)) {
        Some(version) => Ok(version),
        None if exchange.plan.lenient => Ok(served.negotiate("")),
        None => Err(Box::new(invalid("the MCP-Protocol-Version header names no served revision"))),
    }
}

fn not_allowed(shared: &MockState) -> Response {
    let mut response = reply::refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        codes::INVALID_REQUEST,
        "this HTTP method is not served here",
    );
    let allowed = if shared.is_stateless() { "POST" } else { "GET, POST, DELETE" };
    reply::set(&mut response, "allow", allowed);
    response
}
