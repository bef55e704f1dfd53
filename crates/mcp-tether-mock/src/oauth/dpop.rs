//! Tokens that are bound to a key (RFC 9449): checks proofs at both servers, strictly, and hands
//! out nonces.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::book::random;
use super::clock::EpochMillis;
use super::dpop_options::DpopNonces;
use super::jwt;

/// Algorithms of proofs that can be checked.
pub(super) const ALGORITHMS: [&str; 1] = ["ES256"];
/// How far `iat` may be from now, in seconds.
const TOLERANCE_SECONDS: i64 = 30;

/// A server's record of proofs and nonces.
#[derive(Debug, Default)]
pub(super) struct DpopBook {
    nonce: Mutex<Option<String>>,
    /// Every `jti` that was accepted, and until when it counts.
    seen: Mutex<HashMap<String, EpochMillis>>,
}

/// The request that a proof has to be for.
pub(super) struct ProvedRequest<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    /// The access token that goes with it.
    pub(super) token: Option<&'a str>,
    pub(super) now: EpochMillis,
}

/// The refusal of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProofRefusal {
    pub(super) code: &'static str,
    pub(super) words: &'static str,
    /// The nonce that the next proof has to have.
    pub(super) nonce: Option<String>,
}

fn refused(words: &'static str) -> ProofRefusal {
    ProofRefusal { code: "invalid_dpop_proof", words, nonce: None }
}

impl DpopBook {
    /// Checks a proof; returns the thumbprint of its key.
    pub(super) fn verify(
        &self,
        proof: &str,
        request: &ProvedRequest<'_>,
        nonces: DpopNonces,
    ) -> Result<String, ProofRefusal> {
        let (head, claims) = jwt::parts(proof).ok_or_else(|| refused("it is not a JWT"))?;
        let thumbprint = check_head(&head, proof)?;
        check_claims(&claims, request)?;
        self.check_nonce(&claims, nonces)?;
        let id = claims["jti"].as_str().unwrap_or_default().to_owned();
        let mut seen = locked(&self.seen);
        seen.retain(|_, ends| *ends > request.now);
        match seen.insert(id, request.now + 4 * TOLERANCE_SECONDS * 1000) {
            None => Ok(thumbprint),
            Some(_) => Err(refused("`jti` was used before")),
        }
    }

    fn check_nonce(&self, claims: &Value, nonces: DpopNonces) -> Result<(), ProofRefusal> {
        let mut current = locked(&self.nonce);
        let given = claims["nonce"].as_str();
        let is_right = given.is_some() && given == current.as_deref();
        match nonces {
            DpopNonces::None => return Ok(()),
            DpopNonces::Fixed if is_right => return Ok(()),
            DpopNonces::Once if is_right => {
                *current = None;
                return Ok(());
            }
            DpopNonces::Fixed | DpopNonces::Once | DpopNonces::Endless => {}
        }
        let nonce = match &*current {
            Some(nonce) if nonces != DpopNonces::Endless => nonce.clone(),
            _ => random("nonce"),
        };
        *current = Some(nonce.clone());
        let words = "a nonce of this server is needed";
        Err(ProofRefusal { code: "use_dpop_nonce", words, nonce: Some(nonce) })
    }

    /// Invalidates the current nonce.
    pub(super) fn end_nonce(&self) {
        *locked(&self.nonce) = None;
    }
}

/// Checks type, algorithm, key and signature; returns the thumbprint of the key (RFC 7638).
fn check_head(head: &Value, proof: &str) -> Result<String, ProofRefusal> {
    if head["typ"] != "dpop+jwt" {
        return Err(refused("`typ` is not `dpop+jwt`"));
    }
    let algorithm = head["alg"].as_str().unwrap_or_default();
    if !ALGORITHMS.contains(&algorithm) {
        return Err(refused("`alg` is not supported"));
    }
    let key = &head["jwk"];
    let member = |name: &str| key[name].as_str().unwrap_or_default();
    if key.get("d").is_some() {
        return Err(refused("`jwk` holds a private key"));
    }
    if member("kty") != "EC" || member("crv") != "P-256" {
        return Err(refused("`jwk` is not a key of ES256"));
    }
    if !jwt::is_signed_by(algorithm, key, proof) {
        return Err(refused("the signature is wrong"));
    }
    let canonical = serde_json::json!({
        "crv": "P-256", "kty": "EC", "x": member("x"), "y": member("y"),
    });
    Ok(hash(&canonical.to_string()))
}

fn check_claims(claims: &Value, request: &ProvedRequest<'_>) -> Result<(), ProofRefusal> {
    if claims["jti"].as_str().is_none_or(str::is_empty) {
        return Err(refused("no `jti`"));
    }
    if claims["htm"] != request.method {
        return Err(refused("`htm` is another method"));
    }
    let target = claims["htu"].as_str().unwrap_or_default();
    if target.contains(['?', '#']) {
        return Err(refused("`htu` has a query or fragment"));
    }
    let same = |text: &str| Url::parse(text).ok();
    if same(target).is_none() || same(target) != same(request.url) {
        return Err(refused("`htu` is another URL"));
    }
    let at = claims["iat"].as_i64().ok_or_else(|| refused("no `iat`"))?;
    if (at - request.now / 1000).abs() > TOLERANCE_SECONDS {
        return Err(refused("`iat` is too far from now"));
    }
    match request.token {
        Some(token) if claims["ath"] != hash(token) => Err(refused("`ath` is of another token")),
        _ => Ok(()),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    ///
    #[test]
    fn every_claim_of_a_proof_counts() {
        let request = ProvedRequest {
            method: "POST",
            url: "http://127.0.0.1:1/mcp",
            token: Some("t"),
            now: 100_000,
        };
        let good = json!({
            "jti": "1", "htm": "POST", "htu": "http://127.0.0.1:1/mcp", "iat": 100,
            "ath": hash("t"),
        });
        assert_eq!(check_claims(&good, &request), Ok(()));
        for (name, value) in [
            ("jti", json!("")),
            ("htm", json!("GET")),
            ("htu", json!("http://127.0.0.1:1/mcp?x")),
            ("htu", json!("http://127.0.0.1:1/other")),
            ("iat", json!(20)),
            ("iat", json!("100")),
            ("ath", json!(hash("u"))),
        ] {
            let mut wrong = good.clone();
            wrong[name] = value;
            assert!(check_claims(&wrong, &request).is_err(), "{name}");
        }
    }

    ///
    #[test]
    fn a_nonce_is_required_and_can_be_single_use() {
        let book = DpopBook::default();
        let with = |nonce: &str| json!({ "nonce": nonce });
        let given = book.check_nonce(&json!({}), DpopNonces::Once).unwrap_err().nonce.unwrap();
        assert!(book.check_nonce(&with("other"), DpopNonces::Once).is_err());
        assert_eq!(book.check_nonce(&with(&given), DpopNonces::Once), Ok(()));
        assert!(book.check_nonce(&with(&given), DpopNonces::Once).is_err());
        let given = book.check_nonce(&json!({}), DpopNonces::Fixed).unwrap_err().nonce.unwrap();
        for _ in 0..2 {
            assert_eq!(book.check_nonce(&with(&given), DpopNonces::Fixed), Ok(()));
        }
        assert!(book.check_nonce(&with(&given), DpopNonces::Endless).is_err());
    }
}
