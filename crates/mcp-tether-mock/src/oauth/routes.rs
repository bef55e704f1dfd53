//! Which request is for which document or endpoint.

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::json;
use url::form_urlencoded;

use super::answer::{OAuthError, json_body, not_allowed};
use super::authorize;
use super::control::OAuth;
use super::fields::FormFields;
use super::issuer::Issuer;
use super::issuer_options::RegistrationPolicy;
use super::provider_rule::ProviderRule;
use super::{device, documents, pushed, registration, revocation, token};
use crate::faults::OAuthFaults;

/// A request that may be for the OAuth side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OAuthCall<'a> {
    pub(crate) http: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) faults: &'a OAuthFaults,
}

impl OAuthCall<'_> {
    fn query(&self) -> FormFields {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// The form in the body; a field that comes twice is a mistake (RFC 6749 §3.2).
    fn form(&self) -> Result<FormFields, OAuthError> {
        let kind = self.headers.get("content-type").and_then(|value| value.to_str().ok());
        let wanted = "application/x-www-form-urlencoded";
        if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with(wanted)) {
            return Err(OAuthError::invalid_request(format!("the body must be `{wanted}`")));
        }
        let mut fields = FormFields::new();
        for (name, value) in form_urlencoded::parse(self.body) {
            if fields.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(OAuthError::invalid_request(format!("`{name}` comes twice")));
            }
        }
        Ok(fields)
    }
}

impl OAuth {
    /// The answer to a request for a document or an endpoint; `None` for every other.
    pub(crate) async fn respond(&self, asked: &OAuthCall<'_>) -> Option<Response> {
        let resource = self.resource();
        if let Some(endpoint) = resource.documented_at(asked.path) {
            let document = || documents::of_resource(resource, endpoint, asked.faults);
            return Some(answer_get(asked, document));
        }
        let issuer = resource.own_issuer()?;
        let options = issuer.options();
        if let Some(place) = documents::issuer_place(&options, asked.path) {
            let document = || documents::of_issuer(issuer, place, asked.faults);
            return Some(answer_get(asked, document));
        }
        let prefix = options.prefix.trim_end_matches('/');
        let name = asked.path.strip_prefix(prefix)?.strip_prefix('/')?;
        let there = match name {
            "authorize" | "consent" | "token" | "jwks" => true,
            "register" => options.registration != RegistrationPolicy::Absent,
            "par" => options.pushed.is_some(),
            "revoke" => options.revocation,
            "device_authorization" | "device" => options.device.is_some(),
            _ => false,
        };
        if !there {
            return None;
        }
        Some(endpoint(issuer, name, asked).await.unwrap_or_else(Response::from))
    }
}

async fn endpoint(
    issuer: &Issuer,
    name: &str,
    asked: &OAuthCall<'_>,
) -> Result<Response, OAuthError> {
    if let Some(error) = asked.faults.error_at(name).filter(|_| name != "authorize") {
        let refusal = OAuthError::new(&error.code, &error.message);
        return Err(OAuthError { status: error.status, ..refusal });
    }
    let faults = asked.faults;
    match (asked.http.as_str(), name) {
        ("GET", "authorize") => Ok(authorize::authorize(issuer, &asked.query(), faults).await),
        ("POST", "consent") => Ok(authorize::decide(issuer, &asked.form()?, faults)),
        ("POST", "token") => {
            let answer = token::token(issuer, asked.headers, &asked.form()?, faults).await;
            let is_ok = issuer.options().rules.contains(&ProviderRule::ErrorsWithStatus200);
            answer.map_err(|error| if is_ok { OAuthError { status: 200, ..error } } else { error })
        }
        ("POST", "par") => pushed::push(issuer, asked.headers, &asked.form()?, faults).await,
        ("POST", "register") => registration::register(issuer, asked.body),
        ("POST", "revoke") => {
            revocation::revoke(issuer, asked.headers, &asked.form()?, faults).await
        }
        ("POST", "device_authorization") => {
            device::begin(issuer, asked.headers, &asked.form()?, faults).await
        }
        ("GET", "device") => Ok(device::show(issuer, &asked.query())),
        ("POST", "device") => Ok(device::decide(issuer, &asked.form()?)),
        ("GET", "jwks") => Ok(json_body(StatusCode::OK, &json!({ "keys": [] }))),
        (_, "authorize" | "jwks") => Ok(not_allowed("GET")),
        (_, "device") => Ok(not_allowed("GET, POST")),
        _ => Ok(not_allowed("POST")),
    }
}

fn answer_get(asked: &OAuthCall<'_>, document: impl FnOnce() -> Response) -> Response {
    match asked.http.as_str() {
        "GET" | "HEAD" => document(),
        _ => not_allowed("GET"),
    }
}
