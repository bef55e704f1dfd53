//! Signs the assertions of `private_key_jwt` (RFC 7523 §2.2, A-70).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::error::{Error, Failure, FailureKind, Result};
use crate::random::random_text;
use crate::redact::Secret;

/// How long an assertion is valid, in seconds.
const ASSERTION_SECONDS: u64 = 120;

/// A private key that signs assertions.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Whether the user chose the algorithm.
    is_pinned: bool,
    algorithm: Algorithm,
    #[cfg_attr(not(feature = "tls-ring"), expect(dead_code, reason = "nothing signs"))]
    key: Secret<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Es384,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    EdDsa,
}

impl Algorithm {
    /// All algorithms, in the order in which they are tried.
    const ALL: [Self; 9] = [
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
        Self::Rs256,
        Self::Ps256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps384,
        Self::Ps512,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl SigningKey {
    /// Reads a key in PKCS#8 PEM format. The algorithm is found by trial if it is not given.
    ///
    /// # Errors
    /// The text is not such a key, or its algorithm is unknown.
    pub fn from_pem(pem: &str, algorithm: Option<&str>) -> Result<Self> {
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .map(|(body, _)| body.split_whitespace().collect::<String>())
            .ok_or_else(|| unusable(why_not_pkcs8(pem)))?;
        let der = STANDARD.decode(body).map_err(|_| unusable("its base64 is damaged"))?;
        let key = Secret::new(der);
        let wanted = Algorithm::ALL
            .into_iter()
            .filter(|known| algorithm.is_none_or(|name| name == known.name()));
        for candidate in wanted {
            let key =
                Self { is_pinned: algorithm.is_some(), algorithm: candidate, key: key.clone() };
            if key.sign(candidate, b"test").is_some() {
                return Ok(key);
            }
        }
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        Err(unusable(&format!("it matches no requested algorithm that is supported ({known})")))
    }

    /// The name of the algorithm to use at a server that lists these. The user's choice is used
    /// whatever the list says.
    pub(crate) fn algorithm_for(&self, listed: Option<&[String]>) -> &'static str {
        let is_listed = |known: &Algorithm| {
            listed.is_some_and(|listed| listed.iter().any(|name| name == known.name()))
        };
        let fits = |known: &Algorithm| is_listed(known) && self.sign(*known, b"test").is_some();
        let found = Algorithm::ALL.into_iter().find(|known| !self.is_pinned && fits(known));
        found.unwrap_or(self.algorithm).name()
    }

    /// A signed assertion: `iss` and `sub` are the client, `aud` is the issuer. `algorithm`
    /// is a name from `algorithm_for`; `None` means the key's own.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: u64,
        algorithm: Option<&str>,
    ) -> std::result::Result<Secret<String>, Failure> {
        let named = Algorithm::ALL.into_iter().find(|known| Some(known.name()) == algorithm);
        let algorithm = named.unwrap_or(self.algorithm);
        let header = json!({ "alg": algorithm.name(), "typ": "JWT" });
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": random_text::<32>(),
        });
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.sign(algorithm, signed.as_bytes()).ok_or_else(|| {
            Failure::new(FailureKind::AuthFailed, "the private key cannot sign the assertion")
                .hint("pass another key as `private_key_pem`: `--static-oauth-client-info @FILE`")
        })?;
        Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
    }

    #[cfg(feature = "tls-ring")]
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        use ring::rand::SystemRandom;
        use ring::signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
            Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
            RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        };
        let random = SystemRandom::new();
        let der = self.key.expose();
        let elliptic = |algorithm| {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, der, &random).ok()?;
            Some(pair.sign(&random, message).ok()?.as_ref().to_vec())
        };
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let pair = RsaKeyPair::from_pkcs8(der).ok()?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(encoding, &random, message, &mut signature).ok()?;
            Some(signature)
        };
        match algorithm {
            Algorithm::Es256 => elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
                Some(pair.sign(message).as_ref().to_vec())
            }
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
        }
    }

    #[cfg(not(feature = "tls-ring"))]
    fn sign(&self, _: Algorithm, _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// Says what the text is instead, judging by its first line.
fn why_not_pkcs8(pem: &str) -> &'static str {
    let has = |what: &str| pem.contains(&format!("-----BEGIN {what}-----"));
    if has("ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
        "it is encrypted with a passphrase"
    } else if has("RSA PRIVATE KEY") || has("EC PRIVATE KEY") || has("OPENSSH PRIVATE KEY") {
        "it is a private key in an older form"
    } else if has("PUBLIC KEY") || has("CERTIFICATE") {
        "it is public: a certificate or a public key"
    } else {
        "it is not in PKCS#8 PEM form"
    }
}

fn unusable(reason: &str) -> Error {
    Error::usage(format!("cannot use the private key: {reason}")).hint(
        "give it as PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`): `openssl pkcs8 -topk8 -nocrypt -in \
         KEY -out PKCS8`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elliptic() -> String {
        rcgen::KeyPair::generate().unwrap().serialize_pem()
    }

    ///
    #[test]
    fn a_key_that_cannot_be_used_is_told_apart_without_repeating_it() {
        let block = |what: &str| format!("-----BEGIN {what}-----\nhunter2\n-----END {what}-----");
        for (pem, named) in [
            (block("ENCRYPTED PRIVATE KEY"), "passphrase"),
            (block("RSA PRIVATE KEY"), "older form"),
            (block("EC PRIVATE KEY"), "older form"),
            (block("CERTIFICATE"), "public"),
            (block("PRIVATE KEY"), "base64"),
            (block("PRIVATE KEY").replace("hunter2", "AAAA"), "supported"),
            ("hunter2".to_owned(), "PKCS#8"),
            (String::new(), "PKCS#8"),
        ] {
            let refused = SigningKey::from_pem(&pem, None).unwrap_err().to_string();
            assert!(refused.contains(named) && !refused.contains("hunter2"), "{refused}");
            assert!(refused.contains("openssl"), "{refused}");
        }
        let refused = SigningKey::from_pem(&elliptic(), Some("RS256")).unwrap_err().to_string();
        assert!(refused.contains("algorithm"), "{refused}");
    }

    ///
    #[test]
    fn the_algorithm_follows_the_servers_list_unless_the_user_chose() {
        let key = SigningKey::from_pem(&elliptic(), None).unwrap();
        let listed =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(key.algorithm_for(None), "ES256");
        assert_eq!(key.algorithm_for(Some(&listed(&["RS256", "ES256"]))), "ES256");
        assert_eq!(key.algorithm_for(Some(&listed(&["RS256"]))), "ES256", "nothing else can sign");
        let assertion = key.assertion("c", "https://as", 7, Some("ES256")).unwrap();
        assert_eq!(assertion.expose().split('.').count(), 3);
    }
}
