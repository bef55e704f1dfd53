//! The endpoint of a replay: Streamable HTTP of either era, on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use mcp_tether_wire::jsonrpc::{
    Message, MessageKind, error_response, error_response_without_id, result_response,
};
use mcp_tether_wire::protocol::{codes, headers, methods};

use super::playing::{Playing, aimed};
use super::recording::{Recording, Turn, is_answer};
use super::script::{ReplayNote, ReplayTally};
use super::stream;
use crate::own_host::{is_local_origin, is_own_host};
use crate::wire::{Switch, Wires};

/// The path of the endpoint.
const PATH: &str = "/mcp";
/// The largest message of a host, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// The id of the one session.
const SESSION: &str = "replay";

/// Receives a note on each request that does not match the recording.
type Tell = dyn Fn(&ReplayNote) + Send + Sync;

struct Endpoint {
    playing: Arc<Playing>,
    port: u16,
    tell: Box<Tell>,
}

/// Serves a recording on loopback until `shutdown` resolves; passes the URL to `ready`, and a note
/// on each mismatch to `tell`. Returns how many requests matched.
///
/// # Errors
/// The port cannot be bound.
pub async fn serve_replay(
    recording: &Recording,
    port: u16,
    ready: impl FnOnce(&Url),
    tell: impl Fn(&ReplayNote) + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) -> io::Result<ReplayTally> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = tokio::net::TcpListener::bind(address).await?;
    let port = listener.local_addr()?.port();
    let playing = Arc::new(Playing::new(recording));
    let endpoint = Endpoint { playing: Arc::clone(&playing), port, tell: Box::new(tell) };
    let router = Router::new()
        .route(PATH, any(answer))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(endpoint))
        .into_make_service_with_connect_info::<Switch>();
    let url = Url::parse(&format!("http://127.0.0.1:{port}{PATH}"));
    ready(&url.map_err(io::Error::other)?);
    tokio::select! {
        // Ends only when it is dropped.
        _ = axum::serve(Wires::new(listener), router).into_future() => {}
        () = shutdown => {}
    }
    Ok(playing.tally())
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    method: Method,
    head: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| head.get(name).and_then(|value| value.to_str().ok());
    let is_foreign = !is_own_host(text("host").unwrap_or_default(), endpoint.port)
        || text("origin").is_some_and(|origin| !is_local_origin(origin));
    if is_foreign {
        let refusal = error_response_without_id(codes::INVALID_REQUEST, "invalid Host or Origin");
        return json_with(StatusCode::FORBIDDEN, refusal);
    }
    match method {
        Method::POST => post(&endpoint, &switch, body).await,
        Method::GET if endpoint.playing.has_stream => {
            event_stream(stream::standalone(Arc::clone(&endpoint.playing)))
        }
        Method::DELETE if endpoint.playing.has_sessions => empty(StatusCode::NO_CONTENT),
        _ => empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

async fn post(endpoint: &Endpoint, switch: &Switch, body: Bytes) -> Response {
    let message = match Message::parse(body) {
        Ok(message) => message,
        Err(invalid) => {
            let error = error_response_without_id(invalid.code, &invalid.reason);
            return json_with(StatusCode::BAD_REQUEST, error);
        }
    };
    match message.kind() {
        MessageKind::Notification => return empty(StatusCode::ACCEPTED),
        MessageKind::Response | MessageKind::ErrorResponse => {
            endpoint.playing.note_answer(&message);
            return empty(StatusCode::ACCEPTED);
        }
        MessageKind::Request => {}
    }
    let Some(id) = message.id() else { return empty(StatusCode::BAD_REQUEST) };
    if message.method() == methods::PING {
        return json_with(StatusCode::OK, result_response(id, json!({})));
    }
    let found = endpoint.playing.play(&message);
    if let Some(note) = &found.note {
        (endpoint.tell)(note);
    }
    match found.turn {
        Some(turn) => played(endpoint, switch, turn, message).await,
        None => not_recorded(endpoint.playing.is_legacy, &message),
    }
}

/// Answers like the recorded server.
async fn played(endpoint: &Endpoint, switch: &Switch, turn: Turn, request: Message) -> Response {
    // A request that was answered on another stream is answered here.
    let status = match StatusCode::from_u16(turn.status) {
        Ok(status) if status != StatusCode::ACCEPTED => status,
        _ => StatusCode::OK,
    };
    let mut response = if let Some(body) = &turn.body {
        refused(status, body, &turn, &request)
    } else if turn.status == 0 && turn.messages.is_empty() {
        // No response came: the connection broke, or nothing came in time.
        if turn.failed.as_deref() != Some("timeout") {
            switch.cut();
        }
        return std::future::pending().await;
    } else if turn.status >= 300 {
        empty(status)
    } else if turn.is_stream || !matches!(turn.messages.as_slice(), [one] if is_answer(one)) {
        event_stream(stream::of_turn(Arc::clone(&endpoint.playing), turn.clone(), request.clone()))
    } else {
        json_with(status, aimed(&turn.messages[0], &turn, &request))
    };
    if let Some(value) = turn.retry_after.as_deref().and_then(|text| text.parse().ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    if endpoint.playing.has_sessions && request.method() == methods::INITIALIZE {
        response.headers_mut().insert(headers::SESSION_ID, HeaderValue::from_static(SESSION));
    }
    response
}

/// Returns the recorded refusal; a JSON-RPC error gets the id of this request.
fn refused(status: StatusCode, body: &str, turn: &Turn, request: &Message) -> Response {
    match Message::parse(body.to_owned()) {
        Ok(error) if error.id().is_some() => json_with(status, aimed(&error, turn, request)),
        _ if serde_json::from_str::<Value>(body).is_ok() => json_with(status, body.to_owned()),
        _ => with_type(status, "text/plain; charset=utf-8", body.to_owned()),
    }
}

/// Returns the answer to an unknown method in the recorded era.
fn not_recorded(is_legacy: bool, request: &Message) -> Response {
    let Some(id) = request.id() else { return empty(StatusCode::BAD_REQUEST) };
    let method = request.method();
    if !is_legacy && method == methods::INITIALIZE {
        let text = "the recorded server speaks no revision with `initialize`";
        let code = codes::UNSUPPORTED_PROTOCOL_VERSION;
        let data = json!({ "supported": ["2026-07-28"], "requested": "" });
        return json_with(StatusCode::BAD_REQUEST, error_response(id, code, text, data));
    }
    let text = format!("the recording has no `{method}`");
    let error = error_response(id, codes::METHOD_NOT_FOUND, &text, Value::Null);
    let status = match (is_legacy, method) {
        (true, methods::DISCOVER) => StatusCode::BAD_REQUEST,
        (true, _) => StatusCode::OK,
        (false, _) => StatusCode::NOT_FOUND,
    };
    json_with(status, error)
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn json_with(status: StatusCode, body: impl Into<Body>) -> Response {
    with_type(status, headers::JSON, body)
}

fn event_stream(body: Body) -> Response {
    with_type(StatusCode::OK, headers::EVENT_STREAM, body)
}

fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
