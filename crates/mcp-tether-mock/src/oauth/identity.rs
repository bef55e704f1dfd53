//! Signed identities: ID tokens and identity assertions (ID-JAG) of an identity provider, and
//! tokens of workloads. All mocks of one process share the signing key, so they trust each other.

use std::sync::OnceLock;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::answer::{OAuthError, json_body, not_stored};
use super::book::{ClientRecord, GrantRecord, IssuedTokens, random};
use super::fields::{FormFields, missing};
use super::issuer::Issuer;
use super::jwt;

/// The grant that exchanges tokens (RFC 8693).
pub(super) const EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The grant that redeems assertions (RFC 7523).
pub(super) const ASSERTION_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The profile of authorization servers that accept identity assertions.
pub(super) const ID_JAG_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// The `typ` of an identity assertion.
const ID_JAG_TYPE: &str = "oauth-id-jag+jwt";
/// The `typ` of the token of a workload.
const WORKLOAD_TYPE: &str = "JWT";
const ID_TOKEN_TYPE: &str = "id+jwt";
/// The lifetime of an identity assertion, in seconds.
const ASSERTION_SECONDS: i64 = 300;

/// Returns a workload token for the mock whose issuer is `audience`, valid for `seconds` from
/// `now`, a Unix time.
pub fn workload_token(audience: &str, now: i64, seconds: i64) -> String {
    let claims = json!({
        "iss": "https://platform.example", "sub": "system:serviceaccount:lab:bridge",
        "aud": audience, "iat": now, "exp": now + seconds, "jti": random("workload"),
    });
    sign(WORKLOAD_TYPE, &claims)
}

/// Returns the ID token of a sign-in.
pub(super) fn id_token(issuer: &Issuer, client: &str, account: &str) -> Option<String> {
    let options = issuer.options().enterprise?;
    let now = issuer.clock.now() / 1000;
    let claims = json!({
        "iss": issuer.identifier(), "sub": account, "aud": client, "iat": now,
        "exp": now + options.id_token_seconds,
    });
    Some(sign(ID_TOKEN_TYPE, &claims))
}

/// Answers a token exchange with an identity assertion.
pub(super) fn exchange(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
) -> Result<Response, OAuthError> {
    let field = |name: &str| form.get(name).ok_or_else(|| missing(name));
    let options = issuer.options().enterprise.ok_or_else(not_here)?;
    if field("requested_token_type")? != ID_JAG {
        return Err(OAuthError::invalid_request("only identity assertions are given"));
    }
    let (audience, resource) = (field("audience")?, field("resource")?);
    let account = person(issuer, registration, form)?;
    if !options.vouches {
        return Err(OAuthError::new("access_denied", "the company does not permit this server"));
    }
    let now = issuer.clock.now() / 1000;
    let client = options.client_there.unwrap_or_else(|| registration.id.clone());
    let claims = json!({
        "iss": issuer.identifier(), "sub": account, "aud": audience, "client_id": client,
        "resource": resource, "scope": form.get("scope"), "jti": random("jag"),
        "iat": now, "exp": now + ASSERTION_SECONDS,
    });
    let answer = json!({
        "access_token": sign(ID_JAG_TYPE, &claims),
        "issued_token_type": ID_JAG,
        "token_type": "N_A",
        "expires_in": ASSERTION_SECONDS,
    });
    Ok(not_stored(json_body(StatusCode::OK, &answer)))
}

/// Returns the account that the subject token stands for.
fn person(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
) -> Result<String, OAuthError> {
    let refused = || OAuthError::invalid_grant("the subject token is not valid");
    let token = form.get("subject_token").ok_or_else(|| missing("subject_token"))?;
    let kind = form.get("subject_token_type").ok_or_else(|| missing("subject_token_type"))?;
    let (options, now) = (issuer.options(), issuer.clock.now());
    match kind.as_str() {
        ID_TOKEN => {
            let claims = verified(ID_TOKEN_TYPE, token, now / 1000).ok_or_else(refused)?;
            if claims["iss"] != issuer.identifier() || claims["aud"] != registration.id {
                return Err(refused());
            }
            claims["sub"].as_str().map(str::to_owned).ok_or_else(refused)
        }
        REFRESH_TOKEN => {
            let (_, grant) = issuer.book().refreshable(token, &options, now)?;
            if grant.client_id == registration.id { Ok(grant.account) } else { Err(refused()) }
        }
        _ => Err(OAuthError::invalid_request("`subject_token_type` is not known")),
    }
}

/// Redeems an identity assertion, or the token of a workload.
pub(super) fn redeem(
    issuer: &Issuer,
    registration: &ClientRecord,
    form: &FormFields,
    key: Option<String>,
) -> Result<IssuedTokens, OAuthError> {
    let refused = |words: &str| OAuthError::invalid_grant(format!("the assertion {words}"));
    let text = form.get("assertion").ok_or_else(|| missing("assertion"))?;
    let (options, now) = (issuer.options(), issuer.clock.now());
    let jag = options.enterprise.as_ref().and_then(|_| verified(ID_JAG_TYPE, text, now / 1000));
    let of_workload = || verified(WORKLOAD_TYPE, text, now / 1000);
    let workload = if options.workloads { of_workload() } else { None };
    let is_jag = jag.is_some();
    let claims = jag.or(workload).ok_or_else(|| refused("is not valid"))?;
    if claims["aud"] != issuer.identifier() {
        return Err(refused("is for another server"));
    }
    if is_jag && claims["client_id"] != registration.id {
        return Err(refused("is for another client"));
    }
    let resource = if is_jag { claims["resource"].as_str() } else { None };
    let resource = resource.or(form.get("resource").map(String::as_str));
    if let Some(resource) = resource.filter(|resource| !issuer.protects(resource)) {
        let words = format!("`{resource}` is not a resource of this server");
        return Err(OAuthError::new("invalid_target", words));
    }
    let grant = GrantRecord {
        client_id: registration.id.clone(),
        scope: form.get("scope").cloned().unwrap_or_default(),
        resource: resource.map(str::to_owned),
        account: claims["sub"].as_str().unwrap_or_default().to_owned(),
        key,
    };
    let mut book = issuer.book();
    let id = claims["jti"].as_str().unwrap_or_default().to_owned();
    if is_jag && book.assertions.insert(id, now + ASSERTION_SECONDS * 1000).is_some() {
        return Err(refused("was used before"));
    }
    let number = book.add_grant(grant);
    Ok(book.issue(number, &options, false, now))
}

fn not_here() -> OAuthError {
    OAuthError::new("unsupported_grant_type", "this is not an identity provider")
}

fn mac() -> Hmac<Sha256> {
    static KEY: OnceLock<String> = OnceLock::new();
    let key = KEY.get_or_init(|| random("key"));
    Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes any length")
}

fn sign(kind: &str, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": kind })), encode(claims));
    let mut mac = mac();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Returns the claims of a token, if it is of this kind, was signed here and is valid at `now`, a
/// Unix time.
fn verified(kind: &str, token: &str, now: i64) -> Option<Value> {
    let (head, claims) = jwt::parts(token)?;
    let (signed, signature) = token.rsplit_once('.')?;
    let mut mac = mac();
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let is_good = head["typ"] == kind && claims["exp"].as_i64()? > now;
    is_good.then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn changed_expired_and_mismatched_tokens_are_refused() {
        let token = workload_token("https://as", 100, 10);
        assert_eq!(verified(WORKLOAD_TYPE, &token, 105).unwrap()["aud"], "https://as");
        assert_eq!(verified(WORKLOAD_TYPE, &token, 110), None);
        assert_eq!(verified(ID_JAG_TYPE, &token, 105), None);
        assert_eq!(verified(WORKLOAD_TYPE, &format!("{token}x"), 105), None);
        assert_eq!(verified(WORKLOAD_TYPE, "a.b.c", 105), None);
    }
}
