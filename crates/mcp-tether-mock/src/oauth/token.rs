//! The token endpoint: one function for each grant.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{OAuthError, json_body, not_stored, typed};
use super::authenticate::authenticate_client;
use super::book::{ClientRecord, DEVICE_GRANT, GrantRecord, IssuedTokens, has_scopes};
use super::device;
use super::dpop::{ProofRefusal, ProvedRequest};
use super::fields::{FormFields, granted_scope, missing, resource};
use super::identity;
use super::issuer::Issuer;
use super::issuer_options::{ClientAuthentication, IssuerOptions};
use crate::faults::{OAuthFaults, TokenFault};

/// Answers a token request.
pub(super) async fn token(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &FormFields,
    faults: &OAuthFaults,
) -> Result<Response, OAuthError> {
    let registration = authenticate_client(issuer, headers, form, faults).await?;
    let rules = issuer.options().rules;
    if let Some(refusal) = rules.iter().find_map(|rule| rule.refuses_token_request(form)) {
        return Err(refusal);
    }
    let grant_type = form.get("grant_type").ok_or_else(|| missing("grant_type"))?;
    let known = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        DEVICE_GRANT,
        identity::EXCHANGE_GRANT,
        identity::ASSERTION_GRANT,
    ];
    if !known.contains(&grant_type.as_str()) {
        let words = format!("`{grant_type}` is not known");
        return Err(OAuthError::new("unsupported_grant_type", words));
    }
    if !registration.may(grant_type) {
        let words = format!("`{grant_type}` was not registered");
        return Err(OAuthError::new("unauthorized_client", words));
    }
    let key = proved_key(issuer, headers, "token")?;
    if grant_type == identity::EXCHANGE_GRANT {
        return identity::exchange(issuer, &registration, form);
    }
    let issued = match grant_type.as_str() {
        "authorization_code" => exchange(issuer, &registration, form, key),
        "refresh_token" => refresh(issuer, &registration, form, key.as_ref()),
        "client_credentials" => client_credentials(issuer, &registration, form, key),
        identity::ASSERTION_GRANT => identity::redeem(issuer, &registration, form, key),
        _ => device::exchange(issuer, &registration, form, key),
    }?;
    let id_token = id_token_of(issuer, &registration, &issued);
    Ok(answer(&issued, id_token, &issuer.options(), faults.token))
}

/// Returns the ID token that an identity provider issues with tokens of the scope `openid`.
fn id_token_of(
    issuer: &Issuer,
    registration: &ClientRecord,
    issued: &IssuedTokens,
) -> Option<String> {
    if !has_scopes(&issued.scope, "openid") {
        return None;
    }
    let account = issuer.book().grant_of(&issued.access).map(|(_, grant)| grant.account.clone())?;
    identity::id_token(issuer, &registration.id, &account)
}

/// Returns the thumbprint of the key that a proof in the headers proves (RFC 9449 §5).
pub(super) fn proved_key(
    issuer: &Issuer,
    headers: &HeaderMap,
    endpoint: &str,
) -> Result<Option<String>, OAuthError> {
    let Some(options) = issuer.options().dpop else { return Ok(None) };
    let now = issuer.clock.now();
    let date = u64::try_from(now / 1000).ok();
    let refuse = |refusal: ProofRefusal| OAuthError {
        nonce: refusal.nonce,
        date,
        ..OAuthError::new(refusal.code, refusal.words)
    };
    let mut proofs = headers.get_all("dpop").into_iter().filter_map(|value| value.to_str().ok());
    let (proof, another) = (proofs.next(), proofs.next());
    let endpoint = issuer.endpoint(endpoint);
    let request = ProvedRequest { method: "POST", url: &endpoint, token: None, now };
    match proof {
        Some(_) if another.is_some() => {
            Err(OAuthError::new("invalid_dpop_proof", "there are two proofs"))
        }
        Some(proof) => {
            issuer.dpop.verify(proof, &request, options.nonces).map(Some).map_err(refuse)
        }
        None if options.required => Err(OAuthError::new("invalid_dpop_proof", "a proof is needed")),
        None => Ok(None),
    }
}

/// Exchanges an authorization code (RFC 6749 §4.1.3 with RFC 7636 §4.6).
fn exchange(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
    key: Option<String>,
) -> Result<IssuedTokens, OAuthError> {
    let field = |name: &str| form.get(name).ok_or_else(|| missing(name));
    let (text, verifier) = (field("code")?, field("code_verifier")?);
    let redirect_uri = field("redirect_uri")?;
    let (options, now) = (issuer.options(), issuer.clock.now());
    let mut book = issuer.book();
    let code = book.code(text, now)?;
    let request = &code.request;
    if request.client_id != registration.id {
        return Err(OAuthError::invalid_grant("the code was given to another client"));
    }
    if &request.redirect_uri != redirect_uri {
        return Err(OAuthError::invalid_grant("the redirect URI is not the one of the request"));
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != request.challenge {
        return Err(OAuthError::invalid_grant("the verifier does not fit the challenge"));
    }
    if request.key.is_some() && request.key != key {
        return Err(OAuthError::invalid_grant("the code is bound to another key"));
    }
    same_resource(request.resource.as_ref(), form)?;
    let grant = book.add_grant(GrantRecord {
        client_id: registration.id.clone(),
        scope: request.scope.clone(),
        resource: request.resource.clone(),
        account: code.account.clone(),
        key,
    });
    book.spend_code(text, grant);
    Ok(book.issue_to(registration, grant, &options, now))
}

/// Refreshes tokens (RFC 6749 §6).
fn refresh(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
    key: Option<&String>,
) -> Result<IssuedTokens, OAuthError> {
    let token = form.get("refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let (options, now) = (issuer.options(), issuer.clock.now());
    let mut book = issuer.book();
    let (number, grant) = book.refreshable(token, &options, now)?;
    if grant.client_id != registration.id {
        return Err(OAuthError::invalid_grant("the token was given to another client"));
    }
    if grant.key.as_ref() != key {
        return Err(OAuthError::invalid_grant("the token is bound to another key"));
    }
    same_resource(grant.resource.as_ref(), form)?;
    let wanted = form.get("scope").map(String::as_str).unwrap_or_default();
    if !has_scopes(&grant.scope, wanted) {
        return Err(OAuthError::new("invalid_scope", "more than was granted"));
    }
    Ok(book.refresh(token, number, &options, now))
}

/// Issues an access token to the client itself, without a refresh token (RFC 6749 §4.4).
fn client_credentials(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
    key: Option<String>,
) -> Result<IssuedTokens, OAuthError> {
    if registration.authentication == ClientAuthentication::None {
        let words = "only for clients that prove who they are";
        return Err(OAuthError::new("unauthorized_client", words));
    }
    let scope = form.get("scope").map(String::as_str).unwrap_or_default();
    let grant = GrantRecord {
        client_id: registration.id.clone(),
        scope: granted_scope(issuer, scope),
        resource: resource(issuer, form)?,
        account: registration.id.clone(),
        key,
    };
    let (options, now) = (issuer.options(), issuer.clock.now());
    let mut book = issuer.book();
    let number = book.add_grant(grant);
    Ok(book.issue(number, &options, false, now))
}

/// Checks that the `resource` of a token request is the authorized one.
fn same_resource(granted: Option<&String>, form: &FormFields) -> Result<(), OAuthError> {
    match granted {
        Some(granted) if form.get("resource") != Some(granted) => {
            let words = format!("`resource` must be `{granted}`, as it was authorized");
            Err(OAuthError::new("invalid_target", words))
        }
        _ => Ok(()),
    }
}

fn answer(
    issued: &IssuedTokens,
    id_token: Option<String>,
    options: &IssuerOptions,
    fault: Option<TokenFault>,
) -> Response {
    let mut body = json!({
        "access_token": issued.access,
        "token_type": if issued.is_bound { "DPoP" } else { "Bearer" },
        "scope": issued.scope,
    });
    if options.says_expires_in {
        body["expires_in"] = options.access_lifetime.as_secs().into();
    }
    if let Some(id_token) = id_token {
        body["id_token"] = id_token.into();
    }
    if let Some(refresh) = &issued.refresh {
        body["refresh_token"] = refresh.as_str().into();
    }
    match fault {
        None => {}
        Some(TokenFault::Html) => {
            let page = "<!doctype html>\n<title>sorry</title>\n<p>we are being updated</p>\n";
            return typed(StatusCode::OK, "text/html; charset=utf-8", page);
        }
        Some(TokenFault::NoAccessToken) => remove(&mut body, "access_token"),
        Some(TokenFault::NoType) => remove(&mut body, "token_type"),
        Some(TokenFault::OtherType) => body["token_type"] = "mac".into(),
        Some(TokenFault::LowerCaseType) => body["token_type"] = "bearer".into(),
        Some(TokenFault::NoScope) => remove(&mut body, "scope"),
        Some(TokenFault::ExpiresInText) => {
            body["expires_in"] = options.access_lifetime.as_secs().to_string().into();
        }
        Some(TokenFault::ExpiresInNegative) => body["expires_in"] = (-1).into(),
        Some(TokenFault::ExpiresInZero) => body["expires_in"] = 0.into(),
        Some(TokenFault::EmptyToken) => body["access_token"] = "".into(),
        Some(TokenFault::DpopType) => body["token_type"] = "DPoP".into(),
        Some(TokenFault::IllegalToken) => body["access_token"] = "a\r\nX-Evil: 1".into(),
    }
    not_stored(json_body(StatusCode::OK, &body))
}

fn remove(body: &mut Value, name: &str) {
    if let Some(members) = body.as_object_mut() {
        members.remove(name);
    }
}
