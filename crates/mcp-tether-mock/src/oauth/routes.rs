//! Routes requests to the documents and endpoints of the OAuth side.

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::json;
use url::form_urlencoded;

use super::answer::{OAuthError, json_body, not_allowed};
use super::authorize;
use super::control::OAuth;
use super::fields::FormFields;
use super::issuer::Issuer;
use super::issuer_options::{IssuerOptions, RegistrationPolicy};
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

    /// Returns the form in the body; a repeated field is an error (RFC 6749 §3.2).
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
    /// Answers a request for a document or an endpoint; returns `None` for every other.
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
        let endpoint = Endpoint::from_name(name).filter(|endpoint| endpoint.is_in(&options))?;
        if let Some(error) = asked.faults.error_at(name).filter(|_| endpoint != Endpoint::Authorize)
        {
            let refusal = OAuthError::new(&error.code, &error.message);
            return Some(OAuthError { status: error.status, ..refusal }.into());
        }
        Some(answer(issuer, endpoint, asked).await.unwrap_or_else(Response::from))
    }
}

/// An endpoint of an issuer, besides its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Authorize,
    Consent,
    Token,
    Keys,
    Register,
    Push,
    Revoke,
    AuthorizeDevice,
    Device,
}

impl Endpoint {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "authorize" => Self::Authorize,
            "consent" => Self::Consent,
            "token" => Self::Token,
            "jwks" => Self::Keys,
            "register" => Self::Register,
            "par" => Self::Push,
            "revoke" => Self::Revoke,
            "device_authorization" => Self::AuthorizeDevice,
            "device" => Self::Device,
            _ => return None,
        })
    }

    /// Returns whether an issuer with these options has it.
    fn is_in(self, options: &IssuerOptions) -> bool {
        match self {
            Self::Authorize | Self::Consent | Self::Token | Self::Keys => true,
            Self::Register => options.registration != RegistrationPolicy::Absent,
            Self::Push => options.pushed.is_some(),
            Self::Revoke => options.revocation,
            Self::AuthorizeDevice | Self::Device => options.device.is_some(),
        }
    }

    /// Returns its methods, for the `Allow` header of a 405 answer.
    fn methods(self) -> &'static str {
        match self {
            Self::Authorize | Self::Keys => "GET",
            Self::Device => "GET, POST",
            Self::Consent
            | Self::Token
            | Self::Register
            | Self::Push
            | Self::Revoke
            | Self::AuthorizeDevice => "POST",
        }
    }
}

async fn answer(
    issuer: &Issuer,
    endpoint: Endpoint,
    asked: &OAuthCall<'_>,
) -> Result<Response, OAuthError> {
    let faults = asked.faults;
    match (asked.http.as_str(), endpoint) {
        ("GET", Endpoint::Authorize) => {
            Ok(authorize::authorize(issuer, &asked.query(), faults).await)
        }
        ("POST", Endpoint::Consent) => Ok(authorize::decide(issuer, &asked.form()?, faults)),
        ("POST", Endpoint::Token) => {
            let answer = token::token(issuer, asked.headers, &asked.form()?, faults).await;
            answer.map_err(|error| {
                if issuer.options().rules.contains(&ProviderRule::ErrorsWithStatus200) {
                    OAuthError { status: 200, ..error }
                } else {
                    error
                }
            })
        }
        ("POST", Endpoint::Push) => {
            pushed::push(issuer, asked.headers, &asked.form()?, faults).await
        }
        ("POST", Endpoint::Register) => registration::register(issuer, asked.body),
        ("POST", Endpoint::Revoke) => {
            revocation::revoke(issuer, asked.headers, &asked.form()?, faults).await
        }
        ("POST", Endpoint::AuthorizeDevice) => {
            device::begin(issuer, asked.headers, &asked.form()?, faults).await
        }
        ("GET", Endpoint::Device) => Ok(device::show(issuer, &asked.query())),
        ("POST", Endpoint::Device) => Ok(device::decide(issuer, &asked.form()?)),
        ("GET", Endpoint::Keys) => Ok(json_body(StatusCode::OK, &json!({ "keys": [] }))),
        _ => Ok(not_allowed(endpoint.methods())),
    }
}

fn answer_get(asked: &OAuthCall<'_>, document: impl FnOnce() -> Response) -> Response {
    match asked.http.as_str() {
        "GET" | "HEAD" => document(),
        _ => not_allowed("GET"),
    }
}
