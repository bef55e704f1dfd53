//! The key to which the tokens of one sign-in are bound: ES256, generated for this sign-in and
//! stored with it. It never leaves this machine.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::auth::options::AuthOptions;
use crate::auth::records::secret_text;
use crate::error::{Failure, FailureKind, WithoutHint};
use crate::redact::Secret;

/// The algorithm of our keys.
pub(crate) const ALGORITHM: &str = "ES256";

/// A key as it is stored: PKCS#8, in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DpopKey {
    #[serde(with = "secret_text")]
    pkcs8: Secret<String>,
}

impl DpopKey {
    /// Generates a key.
    ///
    /// # Errors
    /// This build or this machine cannot generate one.
    pub(crate) fn generate() -> Result<Self, Failure> {
        let pkcs8 = pair::generate()
            .ok_or_else(|| failure("a key for DPoP cannot be made").hint(WITHOUT_PROOF))?;
        Ok(Self { pkcs8: Secret::new(URL_SAFE_NO_PAD.encode(pkcs8)) })
    }

    /// The signer for this key.
    ///
    /// # Errors
    /// The stored key is damaged.
    pub(crate) fn signer(&self, options: &AuthOptions) -> Result<DpopSigner, Failure> {
        let pkcs8 = URL_SAFE_NO_PAD.decode(self.pkcs8.expose()).ok();
        let pair = pkcs8.and_then(|pkcs8| pair::Pair::from_pkcs8(&pkcs8));
        let pair = pair.ok_or_else(|| {
            let server = options.display_server();
            failure(format!("the key of the stored sign-in for `{server}` is damaged"))
                .hint(format!("sign in again with {}", options.login_command()))
        })?;
        Ok(DpopSigner::new(pair))
    }
}

/// A key that is ready to sign.
pub(crate) struct DpopSigner {
    pair: pair::Pair,
    /// The header of every proof, encoded.
    header: String,
    thumbprint: String,
}

impl DpopSigner {
    fn new(pair: pair::Pair) -> Self {
        let [x, y] = pair.coordinates().map(|part| URL_SAFE_NO_PAD.encode(part));
        // RFC 7638 §3: the required members in lexicographic order, without spaces.
        let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let header = format!(r#"{{"typ":"dpop+jwt","alg":"{ALGORITHM}","jwk":{jwk}}}"#);
        let thumbprint = digest(jwk.as_bytes());
        Self { pair, header: URL_SAFE_NO_PAD.encode(header), thumbprint }
    }

    /// The thumbprint of the public key (RFC 7638), for `dpop_jkt`.
    pub(crate) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// A signed JWT with these claims.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub(crate) fn sign(&self, claims: &serde_json::Value) -> Result<String, Failure> {
        let mut token =
            format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims.to_string().as_bytes()));
        let signature = self.pair.sign(token.as_bytes());
        let signature = signature
            .ok_or_else(|| failure("the key cannot sign a DPoP proof").hint(WITHOUT_PROOF))?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// The SHA-256 digest of a text, in base64url.
pub(crate) fn digest(text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// The hint if this machine cannot make proofs.
const WITHOUT_PROOF: &str = "sign in with `--dpop never`";

fn failure(message: impl AsRef<str>) -> WithoutHint<Failure> {
    Failure::new(FailureKind::AuthFailed, message)
}

#[cfg(feature = "tls-ring")]
mod pair {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    /// An ES256 key pair.
    pub(super) struct Pair(EcdsaKeyPair);

    /// Generates a key pair, in PKCS#8; `None` without randomness or cryptography.
    pub(super) fn generate() -> Option<Vec<u8>> {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Some(made.ok()?.as_ref().to_vec())
    }

    impl Pair {
        /// Reads a key pair; `None` if these bytes are not one.
        pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).ok().map(Self)
        }

        /// `x` and `y` of the public key, which is an uncompressed point.
        pub(super) fn coordinates(&self) -> [&[u8]; 2] {
            let point = &self.0.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            [x, y]
        }

        /// Signs a message: `r` and `s` in 64 bytes, as JWS requires (RFC 7518 §3.4).
        pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
            Some(self.0.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
        }
    }
}

#[cfg(not(feature = "tls-ring"))]
mod pair {
    /// The key pair of a build without cryptography, which generates and signs nothing.
    pub(super) struct Pair;

    /// Generates a key pair in PKCS#8; `None` if there is no randomness, or no cryptography.
    pub(super) fn generate() -> Option<Vec<u8>> {
        None
    }

    impl Pair {
        /// Reads a key pair; `None` if these bytes are none.
        pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
            (!pkcs8.is_empty()).then_some(Self)
        }

        /// `x` and `y` of the public key.
        pub(super) fn coordinates(&self) -> [&[u8]; 2] {
            [&[], &[]]
        }

        /// Signs a message: `r` and `s` in 64 bytes, as JWS wants them (RFC 7518 §3.4).
        pub(super) fn sign(&self, _: &[u8]) -> Option<Vec<u8>> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    /// A-85
    #[test]
    fn a_key_survives_the_store_and_a_damaged_one_is_named() {
        let key = DpopKey::generate().unwrap();
        let text = serde_json::to_string(&key).unwrap();
        let again: DpopKey = serde_json::from_str(&text).unwrap();
        let options = AuthOptions::new(Url::parse("https://h/mcp").unwrap());
        let thumbprint = |key: &DpopKey| key.signer(&options).unwrap().thumbprint().to_owned();
        assert_eq!(thumbprint(&key), thumbprint(&again));
        assert_ne!(thumbprint(&key), thumbprint(&DpopKey::generate().unwrap()));
        for damaged in ["\"\"", "\"AAAA\"", "\"!\""] {
            let key: DpopKey = serde_json::from_str(damaged).unwrap();
            let failure = key.signer(&options).err().unwrap();
            assert!(failure.message.contains("`https://h/mcp` is damaged"), "{damaged}");
            assert!(failure.hint.contains("`mcp-tether login https://h/mcp`"), "{failure:?}");
        }
        assert!(!format!("{key:?}").contains(&text[1..20]), "a key is a secret");
    }

    /// A-85: RFC 9449 §4.2.
    #[test]
    fn the_header_names_type_algorithm_and_public_key_only() {
        let options = AuthOptions::new(Url::parse("https://h/mcp").unwrap());
        let signer = DpopKey::generate().unwrap().signer(&options).unwrap();
        let proof = signer.sign(&serde_json::json!({ "jti": "1" })).unwrap();
        let mut parts = proof.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let header: serde_json::Value = serde_json::from_slice(&parts.next().unwrap()).unwrap();
        assert_eq!((&header["typ"], &header["alg"]), (&"dpop+jwt".into(), &"ES256".into()));
        assert_eq!(header["jwk"].as_object().unwrap().len(), 4, "nothing of the private key");
        assert_eq!(parts.nth(1).unwrap().len(), 64, "r and s (RFC 7518 §3.4)");
    }
}
