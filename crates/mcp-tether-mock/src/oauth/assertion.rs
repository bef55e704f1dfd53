//! Assertions signed by clients (`private_key_jwt`, RFC 7523 §3).

use serde_json::Value;

use super::answer::OAuthError;
use super::book::ClientRecord;
use super::clock::EpochMillis;
use super::issuer::Issuer;
use super::jwt;

/// Algorithms that can be checked.
pub(super) const ALGORITHMS: [&str; 3] = ["ES256", "EdDSA", "RS256"];
/// The longest lifetime of an assertion, in milliseconds: it is for one request.
const LONGEST: EpochMillis = 10 * 60 * 1000;

/// Returns the client that an assertion names, without verifying it.
pub(super) fn subject(assertion: &str) -> Result<String, OAuthError> {
    let (_, claims) = parts(assertion)?;
    claims["sub"].as_str().map(str::to_owned).ok_or_else(|| refused("no `sub`"))
}

/// Checks the signature and the claims. Each assertion is accepted once.
pub(super) fn verify(
    issuer: &Issuer,
    registration: &ClientRecord,
    assertion: &str,
) -> Result<(), OAuthError> {
    let (head, claims) = parts(assertion)?;
    let key = registration.key.as_ref().ok_or_else(|| refused("the client has no key"))?;
    if !jwt::is_signed_by(head["alg"].as_str().unwrap_or_default(), key, assertion) {
        return Err(refused("the signature is wrong"));
    }
    let audiences = [issuer.identifier(), issuer.endpoint("token")];
    let now = issuer.clock.now();
    check(&claims, &registration.id, &audiences, now)?;
    let id = claims["jti"].as_str().unwrap_or_default().to_owned();
    let mut book = issuer.book();
    book.assertions.retain(|_, ends| *ends > now);
    match book.assertions.insert(id, now + LONGEST) {
        None => Ok(()),
        Some(_) => Err(refused("it was used before")),
    }
}

fn check(
    claims: &Value,
    id: &str,
    audiences: &[String],
    now: EpochMillis,
) -> Result<(), OAuthError> {
    if claims["iss"] != id || claims["sub"] != id {
        return Err(refused("`iss` and `sub` must be the client id"));
    }
    let is_us = |value: &Value| audiences.iter().any(|audience| value == audience);
    let for_us = match &claims["aud"] {
        Value::Array(members) => members.iter().any(is_us),
        value => is_us(value),
    };
    if !for_us {
        return Err(refused("`aud` is not this server"));
    }
    let ends = claims["exp"].as_i64().ok_or_else(|| refused("no `exp`"))?.saturating_mul(1000);
    if ends <= now || ends > now + LONGEST {
        return Err(refused("`exp` is over or too far away"));
    }
    match claims["jti"].as_str() {
        None | Some("") => Err(refused("no `jti`")),
        Some(_) => Ok(()),
    }
}

fn parts(assertion: &str) -> Result<(Value, Value), OAuthError> {
    jwt::parts(assertion).ok_or_else(|| refused("it is not a JWT"))
}

fn refused(words: &str) -> OAuthError {
    OAuthError::invalid_client(format!("the assertion is not valid: {words}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    ///
    #[test]
    fn every_claim_counts() {
        let good = json!({ "iss": "id", "sub": "id", "aud": "us", "exp": 2, "jti": "1" });
        let audiences = ["us".to_owned()];
        let wrong = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            check(&claims, "id", &audiences, 1000).is_err()
        };
        assert_eq!(check(&good, "id", &audiences, 1000), Ok(()));
        assert!(!wrong("aud", json!(["other", "us"])));
        assert!(wrong("iss", "other".into()) && wrong("sub", Value::Null));
        assert!(wrong("aud", "other".into()) && wrong("jti", "".into()));
        assert!(wrong("exp", 1.into()) && wrong("exp", 10_000.into()) && wrong("exp", "2".into()));
    }

    #[test]
    fn text_that_is_not_a_jwt_has_no_subject() {
        for text in ["", "a.b.c", "e30.e30", "e30.e30.e30"] {
            assert!(subject(text).is_err(), "{text}");
        }
    }
}
