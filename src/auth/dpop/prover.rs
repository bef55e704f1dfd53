//! Makes proofs with one key (RFC 9449 §4.2), each for one request, and reads the server's reaction
//! to them.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::auth::discovery::challenge::Challenge;
use crate::auth::dpop::key::{DpopSigner, digest};
use crate::auth::dpop::peers::{DpopAnswer, DpopPeers};
use crate::error::{Failure, FailureKind};
use crate::platform::Clock;
use crate::random::random_text;

/// How often one request is sent again with another proof.
pub(crate) const MAX_PROOF_RETRIES: u32 = 2;

/// Makes proofs with one key.
#[derive(Clone)]
pub(crate) struct Prover {
    signer: Arc<DpopSigner>,
    peers: Arc<DpopPeers>,
    clock: Arc<dyn Clock>,
}

impl Prover {
    pub(crate) fn new(signer: DpopSigner, peers: &Arc<DpopPeers>, clock: &Arc<dyn Clock>) -> Self {
        Self { signer: Arc::new(signer), peers: peers.clone(), clock: clock.clone() }
    }

    /// A fresh proof for one request; `token_digest` is the `ath` of the access token that goes
    /// with it.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn proof(
        &self,
        method: &Method,
        url: &Url,
        token_digest: Option<&str>,
    ) -> Result<HeaderValue, Failure> {
        let (nonce, now) = self.peers.next(url, self.clock.now());
        let mut claims = json!({
            "jti": random_text::<16>(),
            "htm": method.as_str(),
            "htu": target_of(url),
            "iat": now,
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(digest) = token_digest {
            claims["ath"] = digest.into();
        }
        let mut header = HeaderValue::from_str(&self.signer.sign(&claims)?).map_err(|_| {
            Failure::new(FailureKind::AuthFailed, "the DPoP proof does not fit into a header")
                .hint("please report this as a bug in `mcp-tether`")
        })?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Reads an authorization server's response; returns whether another proof may help (RFC 9449
    /// §8). `code` is the response's error code.
    pub(crate) fn may_retry(&self, url: &Url, answer: &DpopAnswer, code: Option<&str>) -> bool {
        let is_new_nonce = self.peers.note_nonce(url, answer);
        match code {
            Some("use_dpop_nonce") => self.peers.next(url, 0).0.is_some(),
            Some("invalid_dpop_proof") => {
                self.peers.note_clock(url, answer, self.clock.now()) || is_new_nonce
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover").finish_non_exhaustive()
    }
}

/// An access token that is bound to a key.
#[derive(Clone, Debug)]
pub(crate) struct BoundToken {
    prover: Prover,
    digest: Arc<str>,
}

impl BoundToken {
    /// Joins a token with the prover for its key.
    pub(crate) fn new(prover: Prover, access_token: &str) -> Self {
        Self { prover, digest: digest(access_token.as_bytes()).into() }
    }

    /// A fresh proof for a request with this token.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn proof(&self, method: &Method, url: &Url) -> Result<HeaderValue, Failure> {
        self.prover.proof(method, url, Some(&self.digest))
    }

    /// Reads the remote's response; returns whether it refused the proof and another one may help
    /// (RFC 9449 §9).
    pub(crate) fn may_retry(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let answer = DpopAnswer::of(headers);
        let is_refusal = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST);
        let challenge = if is_refusal { Challenge::find_dpop(headers) } else { None };
        let error = challenge.as_ref().and_then(|challenge| challenge.error.as_deref());
        self.prover.may_retry(url, &answer, error)
    }
}

/// The `htu` claim: the URL without query, fragment and credentials (RFC 9449 §4.2).
fn target_of(url: &Url) -> String {
    let mut target = url.clone();
    target.set_query(None);
    target.set_fragment(None);
    // These fail only for URLs without a host, which have neither.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    target.into()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::auth::dpop::key::DpopKey;
    use crate::auth::options::AuthOptions;

    struct At(u64);

    impl Clock for At {
        fn now(&self) -> u64 {
            self.0
        }
    }

    fn prover() -> Prover {
        let clock: Arc<dyn Clock> = Arc::new(At(1_800_000_000));
        let options = AuthOptions::new(Url::parse("https://h/mcp").unwrap());
        let signer = DpopKey::generate().unwrap().signer(&options).unwrap();
        Prover::new(signer, &Arc::default(), &clock)
    }

    fn claims(proof: &HeaderValue) -> serde_json::Value {
        let payload = proof.to_str().unwrap().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    ///
    #[test]
    fn a_proof_is_for_one_request() {
        let prover = prover();
        let url = Url::parse("https://u:p@h:8443/mcp?key=1#x").unwrap();
        let [one, two] = [0, 1].map(|_| prover.proof(&Method::POST, &url, None).unwrap());
        let (one, two) = (claims(&one), claims(&two));
        assert_eq!(one["htu"], "https://h:8443/mcp");
        assert_eq!((&one["htm"], &one["iat"]), (&"POST".into(), &1_800_000_000u64.into()));
        assert_ne!(one["jti"], two["jti"]);
        assert!(one.get("ath").is_none() && one.get("nonce").is_none());
        // RFC 9449 §7.1: the digest of the token `Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU`.
        let token = BoundToken::new(prover, "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let bound = claims(&token.proof(&Method::GET, &url).unwrap());
        assert_eq!(bound["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    ///
    #[test]
    fn a_nonce_asks_for_another_proof_only_where_it_is_why_one_was_refused() {
        let token = BoundToken::new(prover(), "a");
        let url = Url::parse("https://h/mcp").unwrap();
        let said = |challenge: &str, nonce: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.append("www-authenticate", challenge.parse().unwrap());
            nonce.map(|nonce| headers.append("dpop-nonce", nonce.parse().unwrap()));
            headers
        };
        let status = StatusCode::UNAUTHORIZED;
        let may_retry = |headers: &HeaderMap| token.may_retry(&url, status, headers);
        assert!(!may_retry(&said("DPoP error=\"use_dpop_nonce\"", None)), "there is no nonce");
        assert!(!may_retry(&said("DPoP error=\"invalid_token\"", Some("n1"))));
        assert!(!may_retry(&said("Bearer", Some("n2"))));
        assert!(may_retry(&said("Bearer, DPoP error=\"use_dpop_nonce\"", Some("n3"))));
        let fresh = claims(&token.proof(&Method::POST, &url).unwrap());
        assert_eq!(fresh["nonce"], "n3");
        let accepted = said("DPoP error=\"use_dpop_nonce\"", Some("n4"));
        assert!(!token.may_retry(&url, StatusCode::OK, &accepted));
        assert_eq!(claims(&token.proof(&Method::POST, &url).unwrap())["nonce"], "n4");
    }
}
