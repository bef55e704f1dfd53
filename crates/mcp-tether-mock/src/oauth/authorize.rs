//! The authorization endpoint: checks a request, asks for consent, and sends the browser back with
//! a code or an error.

use axum::http::StatusCode;
use axum::response::Response;
use url::Url;

use super::answer::{OAuthError, page, redirect};
use super::book::{AuthorizationRequest, ClientRecord, random};
use super::consent;
use super::fields::{FormFields, granted_scope, missing, resource};
use super::issuer::Issuer;
use super::issuer_options::{ConsentPolicy, Iss};
use super::{pushed, registration};
use crate::faults::{CallbackFault, OAuthFaults};

/// Answers an authorization request.
pub(super) async fn authorize(
    issuer: &Issuer,
    query: &FormFields,
    faults: &OAuthFaults,
) -> Response {
    let query = &match pushed::fields(issuer, query) {
        Ok(fields) => fields,
        Err(error) => return page(StatusCode::BAD_REQUEST, consent::refusal(&error)),
    };
    let (registration, redirect_uri) = match find_client_and_redirect(issuer, query).await {
        Ok(found) => found,
        // Never redirect to a URI that is not registered (RFC 6749 §4.1.2.1).
        Err(error) => return page(StatusCode::BAD_REQUEST, consent::refusal(&error)),
    };
    let state = query.get("state").cloned().unwrap_or_default();
    let request = match check_request(issuer, query, &registration, redirect_uri.clone()) {
        Ok(request) => request,
        Err(error) => return redirect_back(issuer, &redirect_uri, &state, Err(error), faults),
    };
    if let Some(error) = faults.error_at("authorize") {
        let error = OAuthError::new(&error.code, &error.message);
        return redirect_back(issuer, &redirect_uri, &state, Err(error), faults);
    }
    let options = issuer.options();
    match options.consent {
        ConsentPolicy::Approve => {
            let account = options.accounts.first().cloned().unwrap_or_default();
            approve(issuer, request, account, faults)
        }
        ConsentPolicy::Deny => deny(issuer, &request, faults),
        ConsentPolicy::Page => {
            let id = random("consent");
            let action = issuer.endpoint("consent");
            let html = consent::page(&request, &options.accounts, &action, &id);
            issuer.book().waiting.insert(id, request);
            page(StatusCode::OK, html)
        }
    }
}

/// Answers the form of the consent page.
pub(super) fn decide(issuer: &Issuer, form: &FormFields, faults: &OAuthFaults) -> Response {
    let id = form.get("request").map(String::as_str).unwrap_or_default();
    let waiting = issuer.book().waiting.remove(id);
    let Some(request) = waiting else {
        let error = OAuthError::invalid_request("this page was answered before");
        return page(StatusCode::BAD_REQUEST, consent::refusal(&error));
    };
    let accounts = issuer.options().accounts;
    let chosen = form.get("account").or(accounts.first()).cloned().unwrap_or_default();
    let approved = form.get("decision").is_some_and(|decision| decision == "approve");
    if approved && accounts.contains(&chosen) {
        approve(issuer, request, chosen, faults)
    } else {
        deny(issuer, &request, faults)
    }
}

/// Returns the client and its redirect URI. Without them the browser cannot be sent back.
async fn find_client_and_redirect(
    issuer: &Issuer,
    query: &FormFields,
) -> Result<(ClientRecord, String), OAuthError> {
    let id = query.get("client_id").ok_or_else(|| missing("client_id"))?;
    let registration = registration::find_client(issuer, id).await?;
    let redirect = query.get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    if !registration::redirect_matches(&registration, redirect, issuer.options().redirect_match) {
        let words = format!("the redirect URI `{redirect}` is not registered");
        return Err(OAuthError::invalid_request(words));
    }
    Ok((registration, redirect.clone()))
}

fn check_request(
    issuer: &Issuer,
    query: &FormFields,
    registration: &ClientRecord,
    redirect_uri: String,
) -> Result<AuthorizationRequest, OAuthError> {
    let field = |name: &str| query.get(name).map(String::as_str);
    if field("response_type") != Some("code") {
        return Err(OAuthError::new("unsupported_response_type", "only `code` is known"));
    }
    let challenge = field("code_challenge").ok_or_else(|| missing("code_challenge"))?;
    if field("code_challenge_method") != Some("S256") {
        return Err(OAuthError::invalid_request("`code_challenge_method` must be `S256`"));
    }
    if challenge.len() != 43 {
        return Err(OAuthError::invalid_request("`code_challenge` is not a SHA-256 hash"));
    }
    let state = field("state").filter(|state| !state.is_empty());
    let state = state.ok_or_else(|| missing("state"))?;
    if !registration.may("authorization_code") {
        return Err(OAuthError::new("unauthorized_client", "registered for other grants"));
    }
    let rules = issuer.options().rules;
    if let Some(refusal) = rules.iter().find_map(|rule| rule.refuses_authorization(query)) {
        return Err(refusal);
    }
    Ok(AuthorizationRequest {
        client_id: registration.id.clone(),
        client_name: registration.name.clone(),
        redirect_uri,
        state: state.to_owned(),
        challenge: challenge.to_owned(),
        scope: granted_scope(issuer, field("scope").unwrap_or_default()),
        resource: resource(issuer, query)?,
        key: field("dpop_jkt").map(str::to_owned),
    })
}

fn approve(
    issuer: &Issuer,
    request: AuthorizationRequest,
    account: String,
    faults: &OAuthFaults,
) -> Response {
    let ends = issuer.clock.after(issuer.options().code_lifetime);
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let code = issuer.book().add_code(request, account, ends);
    redirect_back(issuer, &redirect_uri, &state, Ok(code), faults)
}

fn deny(issuer: &Issuer, request: &AuthorizationRequest, faults: &OAuthFaults) -> Response {
    let error = OAuthError::new("access_denied", "the user said no");
    redirect_back(issuer, &request.redirect_uri, &request.state, Err(error), faults)
}

/// Sends the browser back to the client.
fn redirect_back(
    issuer: &Issuer,
    redirect_uri: &str,
    state: &str,
    outcome: Result<String, OAuthError>,
    faults: &OAuthFaults,
) -> Response {
    let Ok(mut target) = Url::parse(redirect_uri) else {
        let error = OAuthError::invalid_request("the redirect URI is not a URL");
        return page(StatusCode::BAD_REQUEST, consent::refusal(&error));
    };
    let mut fields: Vec<(&str, String)> = match outcome {
        Ok(code) => vec![("code", code)],
        Err(error) => vec![("error", error.code), ("error_description", error.description)],
    };
    let options = issuer.options();
    fields.push(("state", state.to_owned()));
    match &options.iss {
        Iss::Right => fields.push(("iss", issuer.identifier())),
        Iss::Absent => {}
        Iss::Other(text) => fields.push(("iss", issuer.filled(text))),
    }
    for fault in &faults.callback {
        apply_callback_fault(&mut fields, *fault, issuer);
    }
    target.query_pairs_mut().extend_pairs(fields);
    redirect(target.as_str())
}

fn apply_callback_fault(fields: &mut Vec<(&str, String)>, fault: CallbackFault, issuer: &Issuer) {
    let drop = |fields: &mut Vec<(&str, String)>, gone: &str| {
        fields.retain(|(name, _)| *name != gone);
    };
    match fault {
        CallbackFault::NoState => drop(fields, "state"),
        CallbackFault::WrongState => {
            drop(fields, "state");
            fields.push(("state", random("state")));
        }
        CallbackFault::TwoStates => {
            // The correct `state` again: a client that takes the first or the last value is
            // deceived.
            let state =
                fields.iter().find(|(name, _)| *name == "state").map(|(_, state)| state.clone());
            fields.extend(state.map(|state| ("state", state)));
        }
        CallbackFault::NoIss => drop(fields, "iss"),
        CallbackFault::WrongIss => {
            drop(fields, "iss");
            fields.push(("iss", "https://issuer.example".to_owned()));
        }
        CallbackFault::SlashIss => {
            drop(fields, "iss");
            fields.push(("iss", format!("{}/", issuer.identifier())));
        }
        CallbackFault::NoCode => drop(fields, "code"),
        CallbackFault::Script => {
            drop(fields, "code");
            fields.push(("error", "<script>alert(1)</script>".to_owned()));
            fields.push(("error_description", "\"><img src=x onerror=alert(2)>".to_owned()));
            fields.push(("error_uri", "javascript:alert(3)".to_owned()));
        }
    }
}
