//! Authenticates the client at the token endpoint: exactly as registered, and in one way only (RFC
//! 6749 §2.3).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::answer::OAuthError;
use super::assertion;
use super::book::ClientRecord;
use super::fields::{FormFields, missing};
use super::issuer::Issuer;
use super::issuer_options::ClientAuthentication;
use super::registration::find_client;
use crate::faults::{ClientRule, ClientRuleFault, OAuthFaults};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The client that a request claims to come from, and its proof.
#[derive(Debug, PartialEq, Eq)]
struct Claimed {
    id: String,
    method: ClientAuthentication,
    /// Secret or assertion.
    proof: Option<String>,
}

/// Returns the client that sent a form.
pub(super) async fn authenticate_client(
    issuer: &Issuer,
    headers: &HeaderMap,
    form: &FormFields,
    faults: &OAuthFaults,
) -> Result<ClientRecord, OAuthError> {
    let rule = faults.client_rule.as_ref();
    if let Some(rule) = rule {
        check(rule, headers, form)?;
    }
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_raw = rule.is_some_and(|rule| rule.rule == ClientRule::RawBasic);
    let claimed = claimed(authorization, form, is_raw)?;
    let mut registration = find_client(issuer, &claimed.id).await?;
    registration.authentication =
        rule.and_then(|rule| method_of(rule.rule)).unwrap_or(registration.authentication);
    if registration.authentication != claimed.method {
        let words = format!(
            "registered for `{}`, not `{}`",
            registration.authentication.name(),
            claimed.method.name()
        );
        return Err(OAuthError::invalid_client(words));
    }
    if claimed.method == ClientAuthentication::PrivateKeyJwt {
        assertion::verify(issuer, &registration, claimed.proof.as_deref().unwrap_or_default())?;
        return Ok(registration);
    }
    if registration.secret != claimed.proof {
        return Err(OAuthError::invalid_client("the secret is wrong"));
    }
    if registration.secret_ends.is_some_and(|ends| ends <= issuer.clock.now()) {
        return Err(OAuthError::invalid_client("the secret has expired"));
    }
    Ok(registration)
}

/// Refuses a client that breaks the rule of a fault.
fn check(
    fault: &ClientRuleFault,
    headers: &HeaderMap,
    form: &FormFields,
) -> Result<(), OAuthError> {
    let in_header = headers.contains_key(AUTHORIZATION);
    let broken = match fault.rule {
        ClientRule::IdInForm if !form.contains_key("client_id") => "Missing client_id",
        ClientRule::NoIdInForm if in_header && form.contains_key("client_id") => {
            "the client is named twice"
        }
        ClientRule::OnlyBasic if !in_header => "the client has to be named in the header",
        ClientRule::OnlyPost if in_header => "the client has to be named in the form",
        _ => return Ok(()),
    };
    Err(OAuthError { status: fault.status, ..OAuthError::new(&fault.code, broken) })
}

/// Returns the method that a rule demands instead of the registered one.
fn method_of(rule: ClientRule) -> Option<ClientAuthentication> {
    match rule {
        ClientRule::OnlyBasic => Some(ClientAuthentication::Basic),
        ClientRule::OnlyPost => Some(ClientAuthentication::Post),
        ClientRule::IdInForm | ClientRule::NoIdInForm | ClientRule::RawBasic => None,
    }
}

fn claimed(
    authorization: Option<&str>,
    form: &FormFields,
    is_raw: bool,
) -> Result<Claimed, OAuthError> {
    let in_form = form.get("client_id");
    let mut ways = Vec::new();
    if let Some(value) = authorization {
        ways.push(basic(value, is_raw)?);
    }
    if let Some(secret) = form.get("client_secret") {
        let id = in_form.ok_or_else(|| missing("client_id"))?.clone();
        let method = ClientAuthentication::Post;
        ways.push(Claimed { id, method, proof: Some(secret.clone()) });
    }
    if let Some(assertion) = form.get("client_assertion") {
        if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION_TYPE) {
            return Err(OAuthError::invalid_client("`client_assertion_type` is not known"));
        }
        let id = assertion::subject(assertion)?;
        let method = ClientAuthentication::PrivateKeyJwt;
        ways.push(Claimed { id, method, proof: Some(assertion.clone()) });
    }
    if ways.len() > 1 {
        return Err(OAuthError::invalid_request("more than one client authentication"));
    }
    let claimed = match ways.pop() {
        Some(claimed) => claimed,
        None => {
            let id = in_form.ok_or_else(|| missing("client_id"))?.clone();
            Claimed { id, method: ClientAuthentication::None, proof: None }
        }
    };
    match in_form {
        Some(id) if *id != claimed.id => {
            Err(OAuthError::invalid_client("two different client ids"))
        }
        _ => Ok(claimed),
    }
}

/// Reads id and secret from a `Basic` header, in which they are form-encoded (RFC 6749 §2.3.1).
/// With `is_raw` they are not decoded, like at servers that parse the header by hand.
fn basic(authorization: &str, is_raw: bool) -> Result<Claimed, OAuthError> {
    let refused = || OAuthError::invalid_client("the `Authorization` header is not `Basic`");
    let (scheme, encoded) = authorization.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
    let pair = String::from_utf8(decoded).map_err(|_| refused())?;
    let (id, secret) = pair.split_once(':').ok_or_else(refused)?;
    let method = ClientAuthentication::Basic;
    let decoded = |text: &str| if is_raw { text.to_owned() } else { form_decoded(text) };
    Ok(Claimed { id: decoded(id), method, proof: Some(decoded(secret)) })
}

fn form_decoded(text: &str) -> String {
    let field = format!("x={text}");
    let decoded =
        form_urlencoded::parse(field.as_bytes()).next().map(|(_, value)| value.into_owned());
    decoded.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> FormFields {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    ///
    #[test]
    fn id_and_secret_in_a_header_are_form_encoded_first() {
        let header = format!("Basic {}", STANDARD.encode("a%3Ab:s+%25%3A"));
        let claimed = claimed(Some(&header), &form(&[]), false).unwrap();
        assert_eq!((claimed.id.as_str(), claimed.proof.as_deref()), ("a:b", Some("s %:")));
        let raw = basic(&header, true).unwrap();
        assert_eq!((raw.id.as_str(), raw.proof.as_deref()), ("a%3Ab", Some("s+%25%3A")));
    }

    #[test]
    fn two_ways_at_once_and_two_names_are_refused() {
        let header = format!("Basic {}", STANDARD.encode("a:s"));
        let both = form(&[("client_id", "a"), ("client_secret", "s")]);
        assert_eq!(claimed(Some(&header), &both, false).unwrap_err().code, "invalid_request");
        let other = form(&[("client_id", "b")]);
        assert_eq!(claimed(Some(&header), &other, false).unwrap_err().code, "invalid_client");
        assert!(claimed(None, &form(&[]), false).is_err());
        assert!(claimed(Some("Bearer x"), &form(&[]), false).is_err());
    }
}
