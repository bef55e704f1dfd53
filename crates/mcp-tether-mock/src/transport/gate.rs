//! Checks the headers of a request, before its message is processed.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::exchange::{self, HttpExchange};
use super::reply;
use crate::http_date::http_date;
use crate::oauth::PresentedToken;
use crate::options::{AnswerFormat, Auth};
use crate::own_host::{is_local_origin, is_own_host};
use crate::rpc_error::RpcError;
use crate::state::MockState;
use mcp_tether_wire::jsonrpc::{Invalid, Message, Received};
use mcp_tether_wire::protocol::headers;

/// Codes that JSON-RPC leaves to servers.
const SERVER_ERROR_CODE: i64 = -32000;

/// The account behind the credential of a request.
pub(super) type Credential = String;

/// Checks host, origin and credential, as every MCP route requires; returns the credential.
pub(super) fn admit(
    shared: &MockState,
    exchange: &HttpExchange,
) -> Result<Credential, Box<Response>> {
    check_host(shared, exchange)?;
    credential(shared, exchange)
}

/// Checks only host and origin.
pub(super) fn check_host(shared: &MockState, exchange: &HttpExchange) -> Result<(), Box<Response>> {
    let port = shared.port();
    let host = exchange.header("host").unwrap_or_default();
    if !shared.options.any_host && !is_own_host(host, port) {
        return refuse(StatusCode::FORBIDDEN, "invalid Host header");
    }
    if let Some(origin) = exchange.header("origin")
        && !is_local_origin(origin)
    {
        return refuse(StatusCode::FORBIDDEN, "invalid Origin header");
    }
    Ok(())
}

/// Checks `Accept` and `Content-Type` of a POST (transports, "sending messages"). A mock with only
/// one form of answers does not check which are accepted.
pub(super) fn check_post_types(
    shared: &MockState,
    exchange: &HttpExchange,
) -> Result<(), Box<Response>> {
    if exchange.plan.lenient {
        return Ok(());
    }
    let content_type = exchange.header("content-type").unwrap_or_default();
    if !media_type(content_type).eq_ignore_ascii_case(headers::JSON) {
        let message = "Content-Type must be application/json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    if shared.options.answers == AnswerFormat::OnlyJson {
        return Ok(());
    }
    if !(accepts(exchange, headers::JSON) && accepts(exchange, headers::EVENT_STREAM)) {
        let message = "Accept must list application/json and text/event-stream";
        return refuse(StatusCode::NOT_ACCEPTABLE, message);
    }
    Ok(())
}

/// Checks `Accept` of a GET.
pub(super) fn check_stream_type(exchange: &HttpExchange) -> Result<(), Box<Response>> {
    if exchange.plan.lenient || accepts(exchange, headers::EVENT_STREAM) {
        return Ok(());
    }
    refuse(StatusCode::NOT_ACCEPTABLE, "Accept must list text/event-stream")
}

/// Returns the refusal: a JSON-RPC error without an id.
pub(super) fn refuse<T>(status: StatusCode, message: &str) -> Result<T, Box<Response>> {
    Err(Box::new(reply::refusal(status, SERVER_ERROR_CODE, message)))
}

fn credential(shared: &MockState, exchange: &HttpExchange) -> Result<Credential, Box<Response>> {
    let bearer = token_of_scheme(exchange, "bearer");
    let named = ["x-api-key", "x-egrow-api-key"].into_iter().find_map(|name| exchange.header(name));
    let key = named.or(bearer);
    match &shared.options.auth {
        Auth::Open => Ok(key.unwrap_or("open").to_owned()),
        Auth::ApiKey => api_key(shared, key),
        Auth::Product => match bearer {
            Some(token) if shared.product.admits(token) => Ok(token.to_owned()),
            given => unauthorized(given.is_some(), "token"),
        },
        Auth::OAuth(_) => token(shared, exchange, bearer),
        // A client that presents an API key header gets an answer about keys.
        Auth::OAuthOrApiKey(_) if named.is_some() => api_key(shared, named),
        Auth::OAuthOrApiKey(_) => match bearer {
            Some(key) if key == shared.options.api_key => Ok(key.to_owned()),
            _ => token(shared, exchange, bearer),
        },
    }
}

fn token_of_scheme<'a>(exchange: &'a HttpExchange, wanted: &str) -> Option<&'a str> {
    let (scheme, token) = exchange.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(token.trim())
}

fn api_key(shared: &MockState, given: Option<&str>) -> Result<Credential, Box<Response>> {
    match given {
        Some(given) if given == shared.options.api_key => Ok(given.to_owned()),
        given => unauthorized(given.is_some(), "API key"),
    }
}

/// Returns the refusal of a wrong or missing credential of this kind.
fn unauthorized<T>(given: bool, kind: &str) -> Result<T, Box<Response>> {
    let (message, challenge) = if given {
        (format!("the {kind} is not valid"), "Bearer error=\"invalid_token\"")
    } else {
        (format!("a valid {kind} is needed"), "Bearer")
    };
    let mut response = reply::refusal(StatusCode::UNAUTHORIZED, SERVER_ERROR_CODE, &message);
    reply::set(&mut response, "www-authenticate", challenge);
    Err(Box::new(response))
}

fn token(
    shared: &MockState,
    exchange: &HttpExchange,
    token: Option<&str>,
) -> Result<Credential, Box<Response>> {
    let Some(oauth) = &shared.oauth else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "there is no authorization server");
    };
    let bound = token_of_scheme(exchange, "dpop");
    let proof = bound.map(|_| exchange.header(headers::DPOP).unwrap_or_default());
    let token = token.or(bound);
    let is_first = |token: &str| shared.is_first_token(token);
    let ended = exchange.plan.oauth.first_token_ended && token.is_some_and(is_first);
    let token = if ended { Some("ended") } else { token };
    let tools = exchange::tool_names(exchange.received.as_ref());
    let (path, method) = (exchange.uri.path(), exchange.http.as_str());
    let presented = PresentedToken { path, token, method, proof, tools: &tools };
    oauth.admit(&presented).map_err(|refused| {
        let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::UNAUTHORIZED);
        let mut response = reply::refusal(status, SERVER_ERROR_CODE, refused.message);
        for challenge in refused.challenges {
            if let Ok(value) = HeaderValue::from_bytes(challenge.as_bytes()) {
                response.headers_mut().append(WWW_AUTHENTICATE, value);
            }
        }
        if let Some(nonce) = refused.nonce {
            reply::set(&mut response, "dpop-nonce", &nonce);
        }
        if let Some(date) = refused.date {
            reply::set(&mut response, "date", &http_date(date));
        }
        Box::new(response)
    })
}

fn accepts(exchange: &HttpExchange, wanted: &str) -> bool {
    let fields = exchange.headers.get_all("accept").iter();
    let mut types = fields.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    types.any(|given| media_type(given).eq_ignore_ascii_case(wanted))
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Returns the messages of the body, or the refusal of an invalid one.
pub(super) fn readable(exchange: &HttpExchange) -> Result<Vec<Message>, Box<Response>> {
    let refused = |invalid: &Invalid| {
        let error = RpcError::new(invalid.code, &*invalid.reason);
        Box::new(reply::rpc_error(StatusCode::BAD_REQUEST, invalid.id.as_ref(), error))
    };
    match &exchange.received {
        None => refuse(StatusCode::BAD_REQUEST, "the body is empty"),
        Some(Err(invalid)) => Err(refused(invalid)),
        Some(Ok(Received::One(message))) => Ok(vec![message.clone()]),
        Some(Ok(Received::Batch(members))) => {
            members.iter().map(|member| member.clone().map_err(|i| refused(&i))).collect()
        }
    }
}
