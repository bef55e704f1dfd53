//! HTTP+SSE of revision 2024-11-05: one stream per session, and POSTs to the endpoint that its
//! first event names.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::body::{self, EventStream};
use super::exchange::HttpExchange;
use super::reply::stream_head;
use super::work::{Work, ask_on_standalone_stream};
use super::{gate, reply};
use crate::events::{EndOnDrop, EventLog, NextEvent};
use crate::faults::{EndpointFault, Point, PostAnswer, Silence};
use crate::methods;
use crate::notification::notification;
use crate::product::{EndpointPaths, Streams};
use crate::session::HostSession;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::{Message, MessageKind, Received};
use mcp_tether_wire::protocol::ProtocolVersion;
use mcp_tether_wire::protocol::methods::INITIALIZE;

type Answer = Result<Response, Box<Response>>;

/// Opens a stream and with it a session.
pub(super) async fn open(
    State(shared): State<Arc<MockState>>,
    Extension(exchange): Extension<Arc<HttpExchange>>,
) -> Response {
    open_stream(&shared, &exchange).unwrap_or_else(|refusal| *refusal)
}

/// Receives a message.
pub(super) async fn message(
    State(shared): State<Arc<MockState>>,
    Extension(exchange): Extension<Arc<HttpExchange>>,
) -> Response {
    receive_message(&shared, &exchange).await.unwrap_or_else(|refusal| *refusal)
}

fn open_stream(shared: &Arc<MockState>, exchange: &HttpExchange) -> Answer {
    gate::admit(shared, exchange)?;
    gate::check_stream_type(exchange)?;
    let mut plan = exchange.plan.clone();
    if plan.silent == Some(Silence::Body) {
        return Ok(stream_head(exchange, body::silent(), false));
    }
    let profile = shared.product.profile();
    if let Some(pause) = profile.habits.heartbeat {
        plan.style.heartbeat.get_or_insert(pause);
        plan.style.dated_heartbeat = true;
    }
    let id = shared.connections.sessions.new_id(shared.options.seed);
    let session = Arc::new(HostSession::new(Some(id.clone()), ProtocolVersion::V2024_11_05));
    session.open_standalone();
    shared.connections.sessions.insert(&session);
    let reader = session.standalone().read_after(0);
    let end = EndsSession { shared: Arc::clone(shared), id: id.clone() };
    let mut events = EventStream::new(reader, &plan, false, false).keeping(end);
    if plan.endpoint == Some(EndpointFault::WrongFirst) {
        let params = json!({ "level": "info", "data": "hello" });
        events.opening_event("open", "1", None);
        events.opening_event("message", &notification("notifications/message", &params), None);
    }
    if let Some(endpoint) = endpoint_url(shared.port(), profile.paths, &id, plan.endpoint.as_ref())
    {
        events.opening_event("endpoint", &endpoint, plan.endpoint_delay);
    }
    let gzip = events.is_gzip();
    Ok(stream_head(exchange, events.into_body(), gzip))
}

/// The session lives as long as its stream.
struct EndsSession {
    shared: Arc<MockState>,
    id: String,
}

impl Drop for EndsSession {
    fn drop(&mut self) {
        self.shared.connections.sessions.remove(&self.id);
    }
}

/// Returns the URL for messages that the `endpoint` event names.
fn endpoint_url(
    port: u16,
    paths: EndpointPaths,
    id: &str,
    fault: Option<&EndpointFault>,
) -> Option<String> {
    let query = format!("?sessionId={id}");
    let path = paths.message;
    match fault {
        None | Some(EndpointFault::WrongFirst) => Some(format!("{path}{query}")),
        Some(EndpointFault::Missing) => None,
        Some(EndpointFault::Absolute) => Some(format!("http://127.0.0.1:{port}{path}{query}")),
        Some(EndpointFault::Relative) => {
            let folder = paths.sse.rfind('/').map_or(0, |slash| slash + 1);
            Some(format!("{}{query}", path.get(folder..).unwrap_or(path)))
        }
        Some(EndpointFault::Query) => Some(query),
        // Both lead back here or nowhere, so that the record shows a host that follows them.
        Some(EndpointFault::CrossHost) => Some(format!("http://localhost:{port}{path}{query}")),
        Some(EndpointFault::CrossPort) => {
            Some(format!("http://127.0.0.1:{}{path}{query}", port.wrapping_add(1).max(1)))
        }
        Some(EndpointFault::Javascript) => Some("javascript:alert(document.domain)".to_owned()),
        Some(EndpointFault::Elsewhere(url)) => Some(format!("{url}{query}")),
    }
}

async fn receive_message(shared: &Arc<MockState>, exchange: &HttpExchange) -> Answer {
    let credential = gate::admit(shared, exchange)?;
    if exchange.plan.forget {
        shared.connections.sessions.forget_all();
    }
    let session = find_session(shared, exchange)?;
    let message = match &exchange.received {
        Some(Ok(Received::One(message))) => message.clone(),
        Some(Ok(Received::Batch(_))) => {
            return gate::refuse(StatusCode::BAD_REQUEST, "this revision has no batches");
        }
        Some(Err(invalid)) => return gate::refuse(StatusCode::BAD_REQUEST, &invalid.reason),
        None => return gate::refuse(StatusCode::BAD_REQUEST, "the body is empty"),
    };
    if exchange.plan.drop_stream {
        session.standalone().cut();
    }
    match message.kind() {
        MessageKind::Notification => {
            methods::handle_notification(&session, &message);
            ask_on_standalone_stream(&session, &exchange.plan);
        }
        MessageKind::Response | MessageKind::ErrorResponse => {
            session.answered(message);
        }
        MessageKind::Request => {
            return run_request(shared, exchange, &session, credential, message).await;
        }
    }
    Ok(accepted(shared, exchange))
}

fn find_session(
    shared: &MockState,
    exchange: &HttpExchange,
) -> Result<Arc<HostSession>, Box<Response>> {
    let query = exchange.uri.query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let id = pairs.find_map(|(name, value)| (name == "sessionId").then(|| value.into_owned()));
    let Some(id) = id else {
        return gate::refuse(StatusCode::METHOD_NOT_ALLOWED, "messages are not posted here");
    };
    match shared.connections.sessions.find(&id) {
        Some(session) => Ok(session),
        None => gate::refuse(StatusCode::NOT_FOUND, "session not found"),
    }
}

async fn run_request(
    shared: &Arc<MockState>,
    exchange: &HttpExchange,
    session: &Arc<HostSession>,
    credential: String,
    message: Message,
) -> Answer {
    let stream = session.standalone();
    let breaks = exchange.plan.disconnect.is_some_and(|point| point != Point::BeforeHeaders);
    let elsewhere = breaks || matches!(exchange.plan.post_answer, Some(PostAnswer::Json));
    let answers = if elsewhere { session.new_log() } else { Arc::clone(stream) };
    let work = Work {
        shared: Arc::clone(shared),
        session: Arc::clone(session),
        credential,
        plan: exchange.plan.clone(),
        end: elsewhere.then(|| Arc::new(EndOnDrop(Arc::clone(&answers)))),
        streams: Streams { answers: Arc::clone(&answers), related: Arc::clone(stream) },
        refused: Arc::default(),
    };
    let shown = matches!(exchange.plan.post_answer, Some(PostAnswer::Json | PostAnswer::Both));
    let copy = shown.then(|| answers.peek());
    start_work(&work, message);
    drop(work);
    if breaks {
        tokio::spawn(cut_when_done(answers, Arc::clone(stream)));
        return Ok(accepted(shared, exchange));
    }
    match copy {
        Some(copy) => match copy.first_answer().await {
            Some(answer) => Ok(reply::json(StatusCode::OK, answer)),
            None => Ok(accepted(shared, exchange)),
        },
        None => Ok(accepted(shared, exchange)),
    }
}

fn start_work(work: &Work, message: Message) {
    if message.method() != INITIALIZE {
        return work.start(message);
    }
    let session = Arc::clone(&work.session);
    let opened = methods::initialize(&work.shared, &work.plan, &message, Some(session));
    if let Some(id) = message.id() {
        work.deliver(id, opened.map(|opened| opened.result.to_string()));
    }
}

/// Cuts the stream instead of answering: the work was done.
async fn cut_when_done(answers: Arc<EventLog>, stream: Arc<EventLog>) {
    let mut reader = answers.read_after(0);
    while let NextEvent::Event(_) = reader.next().await {}
    stream.cut();
}

fn accepted(shared: &MockState, exchange: &HttpExchange) -> Response {
    match exchange.plan.post_answer {
        Some(PostAnswer::Ok) => reply::text(StatusCode::OK, "ok"),
        Some(PostAnswer::Note) => reply::json(StatusCode::ACCEPTED, r#"{"accepted":true}"#),
        _ if shared.product.profile().habits.bare_accepted => reply::empty(StatusCode::ACCEPTED),
        _ => reply::text(StatusCode::ACCEPTED, "Accepted"),
    }
}
