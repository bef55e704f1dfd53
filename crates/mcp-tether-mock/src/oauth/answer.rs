//! Answers of the authorization server: JSON, OAuth errors, pages, redirects.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, DATE, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::html::PAGE_HEADERS;
use crate::http_date::http_date;

/// An OAuth error (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OAuthError {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) description: String,
    /// The nonce that the next proof has to have (RFC 9449 §8).
    pub(super) nonce: Option<String>,
    /// The time to claim, in seconds since 1970; the system's if left out.
    pub(super) date: Option<u64>,
}

impl OAuthError {
    pub(super) fn new(code: &str, description: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.to_owned(),
            description: description.into(),
            nonce: None,
            date: None,
        }
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn invalid_client(description: impl Into<String>) -> Self {
        Self { status: 401, ..Self::new("invalid_client", description) }
    }
}

impl From<OAuthError> for Response {
    fn from(error: OAuthError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({ "error": error.code, "error_description": error.description });
        let mut response = not_stored(json_body(status, &body));
        if status == StatusCode::UNAUTHORIZED {
            set(&mut response, WWW_AUTHENTICATE, "Basic realm=\"authorization server\"");
        }
        if let Some(nonce) = &error.nonce {
            set(&mut response, HeaderName::from_static("dpop-nonce"), nonce);
        }
        if let Some(date) = error.date {
            set(&mut response, DATE, &http_date(date));
        }
        response
    }
}

pub(super) fn json_body(status: StatusCode, body: &Value) -> Response {
    typed(status, "application/json", body.to_string())
}

pub(super) fn not_stored(mut response: Response) -> Response {
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

pub(super) fn typed(status: StatusCode, media_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, media_type);
    response
}

pub(super) fn page(status: StatusCode, html: String) -> Response {
    let mut response = not_stored(typed(status, "text/html; charset=utf-8", html));
    for (name, value) in PAGE_HEADERS {
        set(&mut response, HeaderName::from_static(name), value);
    }
    response
}

/// Returns a 303 redirect, which a browser follows with a GET, so that the form is not sent again.
pub(super) fn redirect(target: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    set(&mut response, LOCATION, target);
    not_stored(response)
}

pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(super) fn not_allowed(allowed: &str) -> Response {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    set(&mut response, ALLOW, allowed);
    response
}

/// Values that are not legal in a header are left out.
fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().insert(name, value);
    }
}
