//! Answers that are no streams.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::exchange::Exchange;
use crate::faults::{Challenge, Redirect, StatusBody, StatusFault};
use crate::rpc_error::RpcError;
use mcp_tether_wire::jsonrpc::{RequestId, error_response, error_response_without_id};
use mcp_tether_wire::protocol::headers;

/// The query that a redirected request carries, with how often it was.
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

/// A refusal before JSON-RPC comes into play: an error without an id.
pub(super) fn refusal(status: StatusCode, code: i64, message: &str) -> Response {
    json(status, error_response_without_id(code, message))
}

/// A JSON-RPC error with another status than 200.
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

/// Sets a header whose value is known to be legal.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// How often this request was redirected to its own path.
pub(super) fn hops_so_far(exchange: &Exchange) -> u32 {
    let fields = exchange.uri.query().unwrap_or_default().split('&');
    let hops = fields.filter_map(|field| field.strip_prefix(REDIRECTED)?.parse().ok());
    hops.max().unwrap_or(0)
}

pub(super) fn redirect(exchange: &Exchange, redirect: &Redirect) -> Response {
    let status = StatusCode::from_u16(redirect.code).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    let mut response = empty(status);
    let target = redirect.to.clone().unwrap_or_else(|| {
        let joint = if exchange.uri.query().is_some() { '&' } else { '?' };
        format!("{}{joint}{REDIRECTED}{}", exchange.uri, hops_so_far(exchange) + 1)
    });
    set(&mut response, "location", &target);
    response
}

pub(super) fn fault(exchange: &Exchange, fault: &StatusFault) -> Response {
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
        Some(Challenge::Value(value)) => Some(value.as_str()),
        None if fault.code == 401 => Some("Bearer"),
        _ => None,
    };
    if let Some(challenge) = challenge {
        set(&mut response, "www-authenticate", challenge);
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
