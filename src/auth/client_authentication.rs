//! How a client proves at the token endpoint who it is, with the signed assertion of
//! `private_key_jwt` (RFC 7523 §2.2, A-70).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::record::Registration;
use crate::error::{Error, Failure, FailureKind, Result};
use crate::redact::Secret;

/// The `client_assertion_type` of a signed assertion (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is good for.
const ASSERTION_SECONDS: u64 = 120;

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// It has no secret.
    #[serde(rename = "none")]
    None,
    /// Id and secret in an `Authorization` header.
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// Id and secret in the form.
    #[serde(rename = "client_secret_post")]
    Post,
    /// A signed assertion in the form.
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
}

impl AuthMethod {
    /// Every method that we can do, best first. A secret in the form is read the same by every
    /// server; one in a header is not (RFC 6749 §2.3.1 wants it form-encoded there).
    const ALL: [Self; 4] = [Self::PrivateKeyJwt, Self::Post, Self::Basic, Self::None];

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Its name in metadata documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether a client needs a secret for it.
    pub fn needs_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }

    /// The method for a client with these means at a server that offers this list. Without a list,
    /// `client_secret_basic` is what every server must know (RFC 8414 §2).
    pub fn pick(offered: Option<&[String]>, has_secret: bool, has_key: bool) -> Self {
        let offers = |method: &Self| match offered {
            Some(names) => names.iter().any(|name| name == method.name()),
            None => matches!(method, Self::Basic | Self::None),
        };
        let possible = |method: &Self| match method {
            Self::PrivateKeyJwt => has_key,
            Self::Basic | Self::Post => has_secret,
            Self::None => true,
        };
        let fallback = match (has_key, has_secret) {
            (true, false) => Self::PrivateKeyJwt,
            (_, true) => Self::Basic,
            (false, false) => Self::None,
        };
        Self::ALL.into_iter().find(|m| offers(m) && possible(m)).unwrap_or(fallback)
    }

    /// The method to ask for in a dynamic registration: without a secret where the server allows
    /// it.
    pub fn to_register(offered: Option<&[String]>) -> Self {
        let order = [Self::None, Self::Post, Self::Basic];
        let offers =
            |method: &Self| offered.is_none_or(|names| names.iter().any(|n| n == method.name()));
        order.into_iter().find(offers).unwrap_or(Self::None)
    }
}

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
    /// Other text, other algorithms.
    pub fn from_pem(pem: &str, algorithm: Option<&str>) -> Result<Self> {
        let refused = |reason: &str| {
            Error::usage(format!("cannot use the private key: {reason}")).hint(
                "give it as PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`): `openssl pkcs8 -topk8 \
                 -nocrypt -in KEY -out PKCS8`",
            )
        };
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .map(|(body, _)| body.split_whitespace().collect::<String>())
            .ok_or_else(|| refused("it is not in PKCS#8 PEM form"))?;
        let der = STANDARD.decode(body).map_err(|_| refused("its base64 is damaged"))?;
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
        Err(refused(&format!("it fits no algorithm that is asked for and known ({known})")))
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
            "jti": random_text(),
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

/// What authenticates a client in a request.
pub struct Credentials {
    /// Fields of the form.
    pub fields: Vec<(&'static str, String)>,
    /// The `Authorization` header.
    pub header: Option<Secret<String>>,
}

/// What authenticates a client.
///
/// # Errors
/// The client should sign and there is no key, or it cannot.
pub fn credentials(
    registration: &Registration,
    key: Option<&SigningKey>,
    audience: &str,
    now: u64,
) -> std::result::Result<Credentials, Failure> {
    let id = ("client_id", registration.client_id.clone());
    let in_form = |fields| Credentials { fields, header: None };
    Ok(match (registration.auth_method, &registration.client_secret) {
        (AuthMethod::Basic, Some(secret)) => {
            // RFC 6749 §2.3.1: both are form-encoded first.
            let encode = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            let pair = format!("{}:{}", encode(&registration.client_id), encode(secret.expose()));
            let header = Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))));
            let fields = if registration.client_id_in_form { vec![id] } else { Vec::new() };
            Credentials { fields, header }
        }
        (AuthMethod::Post, Some(secret)) => {
            in_form(vec![id, ("client_secret", secret.expose().clone())])
        }
        (AuthMethod::PrivateKeyJwt, _) => {
            let [kind, assertion] = assertion_fields(registration, key, audience, now)?;
            in_form(vec![id, kind, assertion])
        }
        _ => in_form(vec![id]),
    })
}

/// The two form fields of a signed assertion.
///
/// # Errors
/// There is no key, or it cannot sign.
fn assertion_fields(
    registration: &Registration,
    key: Option<&SigningKey>,
    audience: &str,
    now: u64,
) -> std::result::Result<[(&'static str, String); 2], Failure> {
    let key = key.ok_or_else(|| {
        Failure::new(
            FailureKind::AuthFailed,
            "the client signs with a private key, and none is given",
        )
        .hint("add `private_key_pem` to the JSON of `--static-oauth-client-info`")
    })?;
    let assertion = key.assertion(&registration.client_id, audience, now)?;
    Ok([
        ("client_assertion_type", ASSERTION_TYPE.to_owned()),
        ("client_assertion", assertion.expose().clone()),
    ])
}

/// 256 random bits as text.
pub fn random_text() -> String {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    ///
    #[test]
    fn the_method_follows_the_servers_list_and_our_means() {
        let pick = |offered: Option<&[&str]>, secret, key| {
            AuthMethod::pick(offered.map(names).as_deref(), secret, key)
        };
        assert_eq!(pick(None, true, false), AuthMethod::Basic);
        assert_eq!(pick(None, false, false), AuthMethod::None);
        assert_eq!(pick(Some(&["client_secret_post"]), true, false), AuthMethod::Post);
        let both = ["client_secret_basic", "client_secret_post"];
        assert_eq!(pick(Some(&both), true, false), AuthMethod::Post);
        assert_eq!(pick(Some(&["none"]), true, false), AuthMethod::None);
        assert_eq!(pick(Some(&["none", "client_secret_basic"]), true, false), AuthMethod::Basic);
        assert_eq!(pick(Some(&["private_key_jwt"]), false, true), AuthMethod::PrivateKeyJwt);
        assert_eq!(pick(Some(&["private_key_jwt"]), true, false), AuthMethod::Basic);
        assert_eq!(pick(Some(&["tls_client_auth"]), false, false), AuthMethod::None);
    }

    ///
    #[test]
    fn a_registration_asks_for_no_secret_where_that_is_allowed() {
        let asks =
            |offered: Option<&[&str]>| AuthMethod::to_register(offered.map(names).as_deref());
        assert_eq!(asks(None), AuthMethod::None);
        assert_eq!(asks(Some(&["client_secret_post", "none"])), AuthMethod::None);
        assert_eq!(asks(Some(&["client_secret_basic", "client_secret_post"])), AuthMethod::Post);
        assert_eq!(asks(Some(&["client_secret_basic"])), AuthMethod::Basic);
        assert_eq!(asks(Some(&["client_secret_post"])), AuthMethod::Post);
    }
}
