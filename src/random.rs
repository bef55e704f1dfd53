//! Random bytes, and random text for names, states, verifiers and handles that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;

/// Returns `BYTES` fresh random bytes as URL-safe text.
///
/// # Panics
/// As [`random_bytes`].
pub fn random_text<const BYTES: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<BYTES>())
}

/// Returns fresh random bytes.
///
/// # Panics
/// The system provides none. Then there is no TLS either, and no caller could do better than to
/// end.
pub fn random_bytes<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0_u8; BYTES];
    if let Err(error) = OsRng.try_fill_bytes(&mut bytes) {
        panic!("the system gives no random numbers, without which there is no TLS: {error}");
    }
    bytes
}
