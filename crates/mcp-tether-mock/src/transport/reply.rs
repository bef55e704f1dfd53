//! HTTP responses of every transport: bodies, refusals, redirects, and the heads of streams.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::exchange::HttpExchange;
use super::{body, encode};
use crate::faults::{ChallengeFault, Point, RedirectFault, StatusBody, StatusFault};
use crate::response_batch::join_array;
use crate::rpc_error::RpcError;
use mcp_tether_wire::jsonrpc::{RequestId, error_response, error_response_without_id};
use mcp_tether_wire::protocol::{codes, headers};

/// The response to a request; a refusal is boxed, because it is large and rare.
pub(super) type HttpAnswer = Result<Response, Box<Response>>;

/// The query parameter of a redirected request: how often it was redirected.
const REDIRECTED: &str = "redirected=";

pub(super) fn empty(status: StatusCode) -> Response {
    with_body(status, None, Body::empty())
}

pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    with_body(status, Some(headers::JSON), body.into())
}

pub(super) fn text(status: StatusCode, body: &'static str) -> Response {
    with_body(status, Some("text/plain; charset=utf-8"), body.into())
}

/// Returns a refusal that concerns no JSON-RPC request: an error without an id.
pub(super) fn refusal(status: StatusCode, code: i64, message: &str) -> Response {
    json(status, error_response_without_id(code, message))
}

/// Returns a JSON-RPC error with a status other than 200.
pub(super) fn rpc_error(status: StatusCode, id: Option<&RequestId>, error: RpcError) -> Response {
    let body = match id {
        Some(id) => error_response(id, error.code, &error.message, error.data),
        None => error_response_without_id(error.code, &error.message),
    };
    json(status, body)
}

pub(super) fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "nothing here\n")
}

/// Sets a header. An illegal value is ignored.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// Returns how often this request was redirected to its own path.
pub(super) fn hops_so_far(exchange: &HttpExchange) -> u32 {
    let fields = exchange.uri.query().unwrap_or_default().split('&');
    let hops = fields.filter_map(|field| field.strip_prefix(REDIRECTED)?.parse().ok());
    hops.max().unwrap_or(0)
}

pub(super) fn redirect(exchange: &HttpExchange, redirect: &RedirectFault) -> Response {
    let status = StatusCode::from_u16(redirect.code).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    let mut response = empty(status);
    let target = redirect.to.clone().unwrap_or_else(|| {
        let joint = if exchange.uri.query().is_some() { '&' } else { '?' };
        format!("{}{joint}{REDIRECTED}{}", exchange.uri, hops_so_far(exchange) + 1)
    });
    set(&mut response, "location", &target);
    response
}

pub(super) fn fault(exchange: &HttpExchange, fault: &StatusFault) -> Response {
    let status = StatusCode::from_u16(fault.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = fault.message.as_deref().unwrap_or("a fault was asked for");
    let error = RpcError { data: fault.rpc_data.clone(), ..RpcError::new(fault.rpc_code, message) };
    let null_id = || {
        json!({ "jsonrpc": "2.0", "id": Value::Null,
        "error": { "code": fault.rpc_code, "message": message } })
    };
    let mut response = match fault.body {
        StatusBody::Error => rpc_error(status, exchange.request_id(), error),
        StatusBody::ErrorWithoutId => rpc_error(status, None, error),
        StatusBody::ErrorWithNullId => json(status, null_id().to_string()),
        StatusBody::Json => json(status, json!({ "error": message }).to_string()),
        StatusBody::Html => {
            let page = format!("<!doctype html>\n<title>{status}</title>\n<p>{message}</p>\n");
            with_body(status, Some("text/html; charset=utf-8"), page.into())
        }
        StatusBody::Text => with_body(status, Some("text/plain"), message.to_owned().into()),
        StatusBody::Empty => empty(status),
    };
    if let Some(retry_after) = &fault.retry_after {
        set(&mut response, "retry-after", retry_after);
    }
    let challenge = match &fault.challenge {
        Some(ChallengeFault::Value(value)) => Some(value.as_str()),
        None if fault.code == 401 => Some("Bearer"),
        _ => None,
    };
    if let Some(challenge) = challenge {
        set(&mut response, "www-authenticate", challenge);
    }
    if let Some(nonce) = &fault.nonce {
        static ASKED: AtomicU64 = AtomicU64::new(0);
        let number = ASKED.fetch_add(1, Ordering::Relaxed);
        set(&mut response, "dpop-nonce", &nonce.replace("{n}", &number.to_string()));
    }
    response
}

pub(super) fn invalid(message: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, codes::INVALID_REQUEST, message)
}

/// Answers with a JSON body. A cancelled request has no answer, so the body is empty.
pub(super) fn json_answer(
    exchange: &HttpExchange,
    status: StatusCode,
    texts: Vec<Bytes>,
    is_batch: bool,
) -> Response {
    let plan = &exchange.plan;
    if texts.is_empty() {
        return empty(StatusCode::ACCEPTED);
    }
    let text = if is_batch { join_array(&texts) } else { texts[0].clone() };
    let text = match encode::format_json(&text, &plan.style) {
        Cow::Borrowed(_) => text,
        Cow::Owned(text) => text.into(),
    };
    let body = match plan.disconnect {
        _ if plan.empty_body => body::whole(Bytes::new(), None),
        Some(Point::MidBody) => body::half(&text),
        _ => body::whole(encode::body(text, &plan.style), plan.style.chunk),
    };
    let mut response = json(status, body);
    if plan.style.gzip {
        // Names of codings have no case, and an old one is still in use (RFC 9110 §8.4.1.3).
        set(&mut response, "content-encoding", "X-GZip");
    }
    if let Some(media_type) = &plan.content_type {
        set(&mut response, "content-type", media_type);
    }
    response
}

/// Returns an SSE response with this body.
pub(super) fn stream_head(exchange: &HttpExchange, body: Body, gzip: bool) -> Response {
    let mut response = Response::new(body);
    let media_type = exchange.plan.content_type.as_deref().unwrap_or(headers::EVENT_STREAM);
    set(&mut response, "content-type", media_type);
    set(&mut response, "cache-control", "no-cache");
    if gzip {
        set(&mut response, "content-encoding", "gzip");
    }
    response
}

fn with_body(status: StatusCode, media_type: Option<&'static str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(media_type) = media_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    response
}
