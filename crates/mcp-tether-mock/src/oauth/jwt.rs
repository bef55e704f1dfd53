//! JSON Web Tokens (RFC 7519): decodes them, and checks signatures with `ring` if that is built in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Returns header and claims; nothing is verified.
pub(super) fn parts(jwt: &str) -> Option<(Value, Value)> {
    let mut parts = jwt.split('.');
    let mut next = || serde_json::from_slice::<Value>(&decoded(parts.next()?)?).ok();
    Some((next()?, next()?))
}

/// Returns whether the token is signed by the owner of this key (a JWK).
pub(super) fn is_signed_by(algorithm: &str, key: &Value, jwt: &str) -> bool {
    let Some((signed, signature)) = jwt.rsplit_once('.') else { return false };
    decoded(signature)
        .is_some_and(|bytes| signature::is_good(algorithm, key, signed.as_bytes(), &bytes))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(feature = "ring")]
mod signature {
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    };
    use serde_json::Value;

    use super::decoded;

    /// Returns whether `signature` is a signature of `message` by the owner of `key` (a JWK).
    pub(super) fn is_good(algorithm: &str, key: &Value, message: &[u8], signature: &[u8]) -> bool {
        let member = |name: &str| key[name].as_str().and_then(decoded).unwrap_or_default();
        let checked = match (algorithm, key["kty"].as_str()) {
            ("ES256", Some("EC")) => {
                let point = [&[4], member("x").as_slice(), member("y").as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            ("EdDSA", Some("OKP")) => {
                UnparsedPublicKey::new(&ED25519, member("x")).verify(message, signature)
            }
            ("RS256", Some("RSA")) => RsaPublicKeyComponents { n: member("n"), e: member("e") }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            _ => return false,
        };
        checked.is_ok()
    }
}

#[cfg(not(feature = "ring"))]
mod signature {
    /// This build cannot check signatures, so none is accepted.
    pub(super) fn is_good(_: &str, _: &serde_json::Value, _: &[u8], _: &[u8]) -> bool {
        false
    }
}
