//! Clients: dynamic registration (RFC 7591), and the lookup of a client id, which may be
//! registered, known from the start, or the URL of a document.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use url::Url;

use super::answer::{OAuthError, json_body, not_stored};
use super::book::{ClientRecord, DEVICE_GRANT, random};
use super::clock::EpochMillis;
use super::fetch;
use super::identity;
use super::issuer::Issuer;
use super::issuer_options::{
    ClientAuthentication, IssuerOptions, KnownClient, RedirectMatch, RegistrationPolicy,
    SecretExpiry,
};

/// Grants that a known client may use.
const EVERY_GRANT: [&str; 6] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    DEVICE_GRANT,
    identity::EXCHANGE_GRANT,
    identity::ASSERTION_GRANT,
];

/// Answers a registration request.
pub(super) fn register(issuer: &Issuer, body: &[u8]) -> Result<Response, OAuthError> {
    let options = issuer.options();
    if let RegistrationPolicy::Refused { status, error, description } = &options.registration {
        return Err(OAuthError { status: *status, ..OAuthError::new(error, description) });
    }
    let wrong = |words: &str| OAuthError::new("invalid_client_metadata", words);
    let mut wanted: Value =
        serde_json::from_slice(body).map_err(|_| wrong("the body is not JSON"))?;
    let asked = wanted.as_object_mut().ok_or_else(|| wrong("the body is not an object"))?;
    if let Some(fixed) = options.registered_as.as_object() {
        asked.extend(fixed.clone());
    }
    if let Some(refusal) = options.rules.iter().find_map(|rule| rule.refuses_registration(&wanted))
    {
        return Err(refusal);
    }
    let registration = read(&wanted, random("client"), &options, issuer.clock.now())?;
    let answer = answer(&registration, &wanted, issuer);
    issuer.book().registrations.insert(registration.id.clone(), registration);
    Ok(not_stored(json_body(StatusCode::CREATED, &answer)))
}

/// Returns the client with this id.
pub(super) async fn find_client(issuer: &Issuer, id: &str) -> Result<ClientRecord, OAuthError> {
    let options = issuer.options();
    if let Some(known) = options.known_clients.iter().find(|known| known.id == id) {
        return Ok(register_known(known));
    }
    if let Some(registration) = issuer.book().registrations.get(id).cloned() {
        return Ok(registration);
    }
    let is_url = id.starts_with("https://") || id.starts_with("http://");
    if !(is_url && options.client_documents) {
        return Err(OAuthError::invalid_client(format!("the client `{id}` is not known")));
    }
    register_document(id, &options, issuer.clock.now()).await
}

/// Registers the client that a document describes; its id is the document's URL.
async fn register_document(
    id: &str,
    options: &IssuerOptions,
    now: EpochMillis,
) -> Result<ClientRecord, OAuthError> {
    let wrong = |words: String| OAuthError::invalid_client(format!("`{id}`: {words}"));
    let has_path = Url::parse(id).is_ok_and(|url| url.path() != "/" && url.fragment().is_none());
    if !has_path {
        return Err(wrong("a client id that is a URL needs a path".to_owned()));
    }
    let known = options.known_documents.iter().find(|(url, _)| url == id);
    let document = match known {
        Some((_, document)) => document.clone(),
        None => fetch::json(id).await.map_err(wrong)?,
    };
    if document["client_id"] != id {
        return Err(wrong("the document has another `client_id`".to_owned()));
    }
    if !document["client_name"].is_string() {
        return Err(wrong("the document has no `client_name`".to_owned()));
    }
    if document.get("client_secret").is_some() {
        return Err(wrong("the document has a secret".to_owned()));
    }
    let mut registration =
        read(&document, id.to_owned(), options, now).map_err(|error| wrong(error.description))?;
    registration.secret = None;
    registration.key = document["jwks"]["keys"].get(0).cloned();
    Ok(registration)
}

/// Returns whether a redirect URI belongs to a client.
pub(super) fn redirect_matches(
    registration: &ClientRecord,
    redirect: &str,
    rule: RedirectMatch,
) -> bool {
    if registration.any_loopback_redirect {
        return loopback(redirect).is_some();
    }
    let same_but_port = |known: &String| match (loopback(known), loopback(redirect)) {
        // A name may resolve elsewhere; only addresses are loopback for sure (RFC 8252 §8.3).
        (Some(a), Some(b)) if a.host_str() != Some("localhost") => portless(a) == portless(b),
        _ => false,
    };
    registration.redirect_uris.iter().any(|known| {
        known == redirect || (rule == RedirectMatch::LoopbackAnyPort && same_but_port(known))
    })
}

fn read(
    wanted: &Value,
    id: String,
    options: &IssuerOptions,
    now: EpochMillis,
) -> Result<ClientRecord, OAuthError> {
    let texts = |name: &str| -> Option<Vec<String>> {
        let members = wanted.get(name)?.as_array()?;
        members.iter().map(|member| member.as_str().map(str::to_owned)).collect()
    };
    let grant_types = texts("grant_types").unwrap_or_else(|| vec!["authorization_code".to_owned()]);
    let redirect_uris = texts("redirect_uris").unwrap_or_default();
    if grant_types.iter().any(|grant| grant == "authorization_code") {
        check_redirects(wanted, &redirect_uris, options)?;
    }
    let authentication = authentication(wanted, options);
    // A client that does not form-encode it sends a different secret (RFC 6749 §2.3.1).
    let secret = authentication.has_secret().then(|| random("secret%41+:"));
    let secret_ends = match options.secret_expiry {
        SecretExpiry::After(time) if secret.is_some() => {
            Some(now.saturating_add(super::clock::milliseconds(time)))
        }
        _ => None,
    };
    Ok(ClientRecord {
        id,
        name: wanted["client_name"].as_str().unwrap_or("a program without a name").to_owned(),
        secret,
        secret_ends,
        authentication,
        redirect_uris,
        any_loopback_redirect: false,
        grant_types,
        key: wanted["jwks"]["keys"].get(0).cloned(),
    })
}

fn check_redirects(
    wanted: &Value,
    redirects: &[String],
    options: &IssuerOptions,
) -> Result<(), OAuthError> {
    let wrong = |words: String| Err(OAuthError::new("invalid_redirect_uri", words));
    if redirects.is_empty() {
        return wrong("`redirect_uris` is missing".to_owned());
    }
    let native = wanted["application_type"] == "native";
    for redirect in redirects {
        let Ok(url) = Url::parse(redirect) else {
            return wrong(format!("`{redirect}` is not a URL"));
        };
        let local = loopback(redirect).is_some();
        if url.fragment().is_some() || !(local || url.scheme() == "https") {
            return wrong(format!("`{redirect}` is neither https nor loopback"));
        }
        if local && options.native_must_say_so && !native {
            return wrong(format!("`{redirect}` is only for the application type `native`"));
        }
        if url.host_str() == options.refused_redirect_host.as_deref() {
            return wrong(format!("redirects to `{}` are not permitted", url.authority()));
        }
    }
    Ok(())
}

/// Returns the requested method if it is offered, otherwise the first one. No request means
/// `client_secret_basic` (RFC 7591 §2).
fn authentication(wanted: &Value, options: &IssuerOptions) -> ClientAuthentication {
    let name = wanted["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic");
    let offered = &options.authentication;
    let found = offered.iter().find(|method| method.name() == name).or(offered.first());
    found.copied().unwrap_or(ClientAuthentication::None)
}

fn answer(registration: &ClientRecord, wanted: &Value, issuer: &Issuer) -> Value {
    let mut answer = wanted.clone();
    let mut set = |name: &str, value: Value| answer[name] = value;
    set("client_id", registration.id.as_str().into());
    set("client_id_issued_at", (issuer.clock.now() / 1000).into());
    set("redirect_uris", json!(registration.redirect_uris));
    set("grant_types", json!(registration.grant_types));
    set("response_types", json!(["code"]));
    set("token_endpoint_auth_method", registration.authentication.name().into());
    if let Some(secret) = &registration.secret {
        set("client_secret", secret.as_str().into());
        let ends = registration.secret_ends.map_or(0, |ends| ends / 1000);
        set("client_secret_expires_at", ends.into());
    }
    answer
}

fn register_known(known: &KnownClient) -> ClientRecord {
    ClientRecord {
        id: known.id.clone(),
        name: known.id.clone(),
        secret: known.secret.clone(),
        secret_ends: None,
        authentication: known.authentication,
        redirect_uris: known.redirect_uris.clone(),
        any_loopback_redirect: known.redirect_uris.is_empty(),
        grant_types: EVERY_GRANT.map(str::to_owned).to_vec(),
        key: known.key.clone(),
    }
}

fn loopback(redirect: &str) -> Option<Url> {
    let url = Url::parse(redirect).ok()?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    (local && matches!(url.scheme(), "http" | "https")).then_some(url)
}

fn portless(mut url: Url) -> Url {
    // Fails only for URLs without a host.
    let _ = url.set_port(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(uris: &[&str]) -> ClientRecord {
        let wanted = json!({ "redirect_uris": uris });
        read(&wanted, "id".to_owned(), &IssuerOptions::default(), 0).unwrap()
    }

    /// A-35; RFC 8252 §7.3
    #[test]
    fn any_port_of_a_loopback_address_but_not_of_localhost() {
        let any = RedirectMatch::LoopbackAnyPort;
        let ours = registered(&["http://127.0.0.1:1/cb", "http://localhost:1/cb"]);
        assert!(redirect_matches(&ours, "http://127.0.0.1:2/cb", any));
        assert!(redirect_matches(&ours, "http://localhost:1/cb", any));
        for other in [
            "http://localhost:2/cb",
            "http://127.0.0.1:1/other",
            "https://127.0.0.1:1/cb",
            "http://[::1]:1/cb",
            "http://127.0.0.1:1/cb?x=1",
        ] {
            assert!(!redirect_matches(&ours, other, any), "{other}");
        }
        assert!(!redirect_matches(&ours, "http://127.0.0.1:2/cb", RedirectMatch::Exact));
        assert!(redirect_matches(&ours, "http://127.0.0.1:1/cb", RedirectMatch::Exact));
    }

    #[test]
    fn redirects_are_https_or_loopback_and_may_have_to_be_native() {
        let check = |uri: &str, options: &IssuerOptions| {
            check_redirects(&json!({}), &[uri.to_owned()], options).is_ok()
        };
        let options = IssuerOptions::default();
        assert!(check("https://a.example/cb", &options) && check("http://127.0.0.1/cb", &options));
        for uri in ["http://a.example/cb", "http://127.0.0.1/cb#x", "no url", "myapp:/cb"] {
            assert!(!check(uri, &options), "{uri}");
        }
        let strict = IssuerOptions { native_must_say_so: true, ..options };
        assert!(!check("http://127.0.0.1/cb", &strict));
    }
}
