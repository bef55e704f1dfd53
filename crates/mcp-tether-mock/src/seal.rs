//! State that is carried by the host: signed, so that a change is detected, and valid for a limited
//! time (`basic/patterns/mrtr`, server requirements 4 and 5). It is not encrypted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Signs and checks state with a random key.
pub(super) struct Seal {
    key: [u8; 32],
}

#[derive(Deserialize, Serialize)]
struct Sealed<T> {
    /// When it expires, in milliseconds since 1970.
    until: u64,
    state: T,
}

impl Seal {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        OsRng.try_fill_bytes(&mut key).expect("the system has randomness");
        Self { key }
    }

    /// Returns `state` as text that is valid for `lifetime`.
    pub(super) fn close<T: Serialize>(&self, state: &T, lifetime: Duration) -> String {
        let until = now().saturating_add(milliseconds(lifetime));
        let json = serde_json::to_vec(&Sealed { until, state }).expect("state can be written");
        let body = URL_SAFE_NO_PAD.encode(json);
        let tag = URL_SAFE_NO_PAD.encode(self.mac(&body).finalize().into_bytes());
        format!("{body}.{tag}")
    }

    /// Returns the state in `text`, or the reason why it is invalid.
    pub(super) fn open<T: DeserializeOwned>(&self, text: &str) -> Result<T, &'static str> {
        let (body, tag) = text.split_once('.').ok_or("is not one of this remote")?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| "was changed")?;
        self.mac(body).verify_slice(&tag).map_err(|_| "was changed, or is another remote's")?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| "was changed")?;
        let sealed: Sealed<T> = serde_json::from_slice(&json).map_err(|_| "is of another kind")?;
        if sealed.until <= now() { Err("has expired") } else { Ok(sealed.state) }
    }

    fn mac(&self, body: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.key).expect("any key length will do");
        mac.update(body.as_bytes());
        mac
    }
}

/// Returns the digest that ties a state to its request, so that the request cannot be changed
/// later.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

fn now() -> u64 {
    milliseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn state_is_read_unless_it_was_changed_forged_or_expired() {
        let seal = Seal::new();
        let text = seal.close(&"x", LONG);
        assert_eq!(seal.open::<String>(&text), Ok("x".to_owned()));
        assert!(Seal::new().open::<String>(&text).is_err());
        assert_eq!(seal.open::<String>(&seal.close(&"x", Duration::ZERO)), Err("has expired"));
        assert_eq!(seal.open::<u64>(&text), Err("is of another kind"));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(seal.open::<String>(&changed).is_err(), "{changed}");
        }
        assert!(seal.open::<String>(&format!("{text}-TAMPERED")).is_err());
    }

    #[test]
    fn parts_are_separated_in_the_digest() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
