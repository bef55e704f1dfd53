//! The device grant (RFC 8628): codes, the page where they are approved, and their exchange.

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::answer::{OAuthError, json_body, not_stored, page};
use super::authenticate::authenticate_client;
use super::book::{ClientRecord, DeviceGrant, GrantRecord, IssuedTokens, random};
use super::clock::milliseconds;
use super::consent;
use super::fields::{FormFields, granted_scope, missing, resource};
use super::issuer::Issuer;
use super::issuer_options::{ConsentPolicy, DeviceOptions};
use crate::faults::OAuthFaults;

/// Letters that are easy to tell apart and form no words (RFC 8628 §6.1).
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Answers the device authorization endpoint.
pub(super) async fn begin(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &FormFields,
    faults: &OAuthFaults,
) -> Result<Response, OAuthError> {
    let registration = authenticate_client(issuer, headers, form, faults).await?;
    let options = offered(issuer)?;
    let scope = form.get("scope").map(String::as_str).unwrap_or_default();
    let code = DeviceGrant {
        grant: GrantRecord {
            client_id: registration.id,
            scope: granted_scope(issuer, scope),
            resource: resource(issuer, form)?,
            account: String::new(),
            key: None,
        },
        client_name: registration.name,
        user_code: user_code(),
        ends: issuer.clock.after(options.lifetime),
        polls: 0,
        polled: None,
        decision: None,
    };
    let place = issuer.endpoint("device");
    let id = random("device");
    let answer = json!({
        "device_code": id,
        "user_code": code.user_code,
        "verification_uri": place,
        "verification_uri_complete": format!("{place}?user_code={}", code.user_code),
        "expires_in": options.lifetime.as_secs(),
        "interval": options.interval.as_secs(),
    });
    issuer.book().devices.insert(id, code);
    Ok(not_stored(json_body(StatusCode::OK, &answer)))
}

/// Shows the page where a person approves a code.
pub(super) fn show(issuer: &Issuer, query: &FormFields) -> Response {
    let action = issuer.endpoint("device");
    let Some(typed) = query.get("user_code") else {
        return page(StatusCode::OK, consent::device_entry(&action));
    };
    let accounts = issuer.options().accounts;
    match by_user_code(&mut issuer.book().devices, typed) {
        Some(code) => page(StatusCode::OK, consent::device(code, &accounts, &action)),
        None => unknown(),
    }
}

/// Answers the form of the approval page.
pub(super) fn decide(issuer: &Issuer, form: &FormFields) -> Response {
    let typed = form.get("user_code").map(String::as_str).unwrap_or_default();
    let accounts = issuer.options().accounts;
    let chosen = form.get("account").or(accounts.first()).cloned().unwrap_or_default();
    let approved = form.get("decision").is_some_and(|decision| decision == "approve")
        && accounts.contains(&chosen);
    let mut book = issuer.book();
    let Some(code) = by_user_code(&mut book.devices, typed) else {
        return unknown();
    };
    code.decision = Some(approved.then_some(chosen));
    let text = "You can close this page and go back to your device.";
    let title = if approved { "The device is connected" } else { "The device was refused" };
    page(StatusCode::OK, consent::notice(title, text))
}

/// Exchanges a device code for tokens.
pub(super) fn exchange(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
    key: Option<String>,
) -> Result<IssuedTokens, OAuthError> {
    let options = offered(issuer)?;
    let id = form.get("device_code").ok_or_else(|| missing("device_code"))?;
    let (rules, now) = (issuer.options(), issuer.clock.now());
    let mut book = issuer.book();
    let code = book.devices.get_mut(id).filter(|code| code.grant.client_id == registration.id);
    let code = code.ok_or_else(|| OAuthError::invalid_grant("the device code is not known"))?;
    if code.ends <= now {
        return Err(OAuthError::new("expired_token", "the device code has expired"));
    }
    // Timers are not exact: waiting a little less is accepted.
    let earliest = code.polled.map(|at| at + milliseconds(options.interval) * 9 / 10);
    code.polled = Some(now);
    code.polls += 1;
    if earliest.is_some_and(|earliest| now < earliest) {
        return Err(OAuthError::new("slow_down", "asked too soon"));
    }
    let account = match (&code.decision, rules.consent) {
        (Some(Some(account)), _) => account.clone(),
        (Some(None), _) | (None, ConsentPolicy::Deny) => {
            return Err(OAuthError::new("access_denied", "the user said no"));
        }
        (None, ConsentPolicy::Approve) if code.polls > options.pending_polls => {
            rules.accounts.first().cloned().unwrap_or_default()
        }
        _ => return Err(OAuthError::new("authorization_pending", "nobody has decided yet")),
    };
    let grant = GrantRecord { account, key, ..code.grant.clone() };
    book.devices.remove(id);
    let number = book.add_grant(grant);
    Ok(book.issue_to(registration, number, &rules, now))
}

fn offered(issuer: &Issuer) -> Result<DeviceOptions, OAuthError> {
    let refused = || OAuthError::new("unsupported_grant_type", "there is no device grant");
    issuer.options().device.ok_or_else(refused)
}

/// Finds a code as people type it: in lower case, or without the dash.
fn by_user_code<'a>(
    devices: &'a mut HashMap<String, DeviceGrant>,
    typed: &str,
) -> Option<&'a mut DeviceGrant> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase()
    };
    devices.values_mut().find(|code| plain(&code.user_code) == plain(typed))
}

fn unknown() -> Response {
    let html = consent::notice(
        "No device is waiting for this code",
        "Go back and check it: it may have expired.",
    );
    page(StatusCode::NOT_FOUND, html)
}

fn user_code() -> String {
    let letters: Vec<char> = random("")
        .bytes()
        .skip(1)
        .take(8)
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
        .collect();
    let (first, second) = letters.split_at(4);
    format!("{}-{}", first.iter().collect::<String>(), second.iter().collect::<String>())
}
