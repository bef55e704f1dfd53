//! Pushed authorization requests (RFC 9126): stored after a check, and usable once.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::answer::{OAuthError, json_body, not_stored};
use super::authenticate::authenticate_client;
use super::book::{PushedAuthorization, random};
use super::fields::FormFields;
use super::issuer::Issuer;
use super::{registration, token};
use crate::faults::OAuthFaults;

/// Answers a pushed authorization request.
pub(super) async fn push(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &FormFields,
    faults: &OAuthFaults,
) -> Result<Response, OAuthError> {
    let client = authenticate_client(issuer, headers, form, faults).await?;
    if form.contains_key("request_uri") {
        return Err(OAuthError::invalid_request("`request_uri` cannot be pushed"));
    }
    if form.get("client_id").is_none_or(|id| *id != client.id) {
        return Err(OAuthError::invalid_request("`client_id` is missing"));
    }
    let redirect = form.get("redirect_uri").map(String::as_str).unwrap_or_default();
    if !registration::redirect_matches(&client, redirect, issuer.options().redirect_match) {
        return Err(OAuthError::invalid_request("the redirect URI is not registered"));
    }
    let key = token::proved_key(issuer, headers, "par")?;
    if form.get("dpop_jkt").is_some_and(|named| key.as_ref().is_some_and(|key| key != named)) {
        return Err(OAuthError::new("invalid_dpop_proof", "`dpop_jkt` names another key"));
    }
    let lifetime = issuer.options().pushed.map(|pushed| pushed.lifetime).unwrap_or_default();
    let uri = format!("urn:ietf:params:oauth:request_uri:{}", random("request"));
    let fields =
        form.iter().filter(|(name, _)| !name.starts_with("client_") || *name == "client_id");
    let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    let request = PushedAuthorization { fields, ends: issuer.clock.after(lifetime) };
    issuer.book().pushed.insert(uri.clone(), request);
    let answer = json!({ "request_uri": uri, "expires_in": lifetime.as_secs() });
    Ok(not_stored(json_body(StatusCode::CREATED, &answer)))
}

/// Returns the parameters of an authorization request: its own, or those that were pushed before,
/// which are then used up.
pub(super) fn fields(issuer: &Issuer, query: &FormFields) -> Result<FormFields, OAuthError> {
    let pushed = issuer.options().pushed;
    let Some(uri) = query.get("request_uri") else {
        return match pushed {
            Some(pushed) if pushed.required => {
                Err(OAuthError::invalid_request("the request has to be pushed first"))
            }
            _ => Ok(query.clone()),
        };
    };
    let found = issuer.book().pushed.remove(uri);
    let found = found.filter(|request| request.ends > issuer.clock.now());
    let request = found
        .ok_or_else(|| OAuthError::new("invalid_request_uri", "it is not known, or was used"))?;
    if request.fields.get("client_id") != query.get("client_id") {
        return Err(OAuthError::invalid_request("the request is another client's"));
    }
    Ok(request.fields)
}
