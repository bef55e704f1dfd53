//! The signed assertion of `private_key_jwt` (RFC 7523 §2.2, A-70).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::error::{Error, Failure, FailureKind, Result};
use crate::redact::{Secret, random_text};

/// How long an assertion is valid.
const ASSERTION_SECONDS: u64 = 120;

/// A private key that signs assertions.
#[derive(Clone, Debug)]
pub struct SigningKey {
    algorithm: Algorithm,
    key: Secret<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Es384,
    Rs256,
    EdDsa,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Es256, Self::Es384, Self::Rs256, Self::EdDsa];

    fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl SigningKey {
    /// Reads a key in PKCS#8 PEM form. The algorithm is found by trial if it is not given.
    ///
    /// # Errors
    /// The text is not such a key, or its algorithm is not known.
    pub fn from_pem(pem: &str, algorithm: Option<&str>) -> Result<Self> {
        let error = |reason: &str| {
            Error::usage(format!("cannot use the private key: {reason}")).hint(
                "give it as PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`): `openssl pkcs8 -topk8 \
                 -nocrypt -in KEY -out PKCS8`",
            )
        };
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .map(|(body, _)| body.split_whitespace().collect::<String>())
            .ok_or_else(|| error("it is not in PKCS#8 PEM form"))?;
        let der = STANDARD.decode(body).map_err(|_| error("its base64 is damaged"))?;
        let wanted = Algorithm::ALL
            .into_iter()
            .filter(|known| algorithm.is_none_or(|name| name == known.name()));
        for algorithm in wanted {
            let key = Self { algorithm, key: Secret::new(der.clone()) };
            if key.sign(b"test").is_some() {
                return Ok(key);
            }
        }
        let known = Algorithm::ALL.map(Algorithm::name).join(", ");
        Err(error(&format!("it matches no requested algorithm that is supported ({known})")))
    }

    /// A signed assertion: `iss` and `sub` are the client, `aud` is the issuer.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: u64,
    ) -> std::result::Result<Secret<String>, Failure> {
        let header = json!({ "alg": self.algorithm.name(), "typ": "JWT" });
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
        let signature = self.sign(signed.as_bytes()).ok_or_else(|| {
            Failure::new(FailureKind::AuthFailed, "the private key cannot sign the assertion")
        })?;
        Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
    }

    #[cfg(feature = "tls-ring")]
    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        use ring::rand::SystemRandom;
        use ring::signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
            Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
        };
        let random = SystemRandom::new();
        let der = self.key.expose();
        let elliptic = |algorithm| {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, der, &random).ok()?;
            Some(pair.sign(&random, message).ok()?.as_ref().to_vec())
        };
        match self.algorithm {
            Algorithm::Es256 => elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
                Some(pair.sign(message).as_ref().to_vec())
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(der).ok()?;
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    #[cfg(not(feature = "tls-ring"))]
    fn sign(&self, _: &[u8]) -> Option<Vec<u8>> {
        self.key.expose();
        None
    }
}
