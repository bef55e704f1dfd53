//! Random text for names, states, verifiers and handles that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;

/// Returns `BYTES` fresh random bytes as URL-safe text.
///
/// # Panics
/// The system provides no random bytes, without which nothing can be kept secret.
pub fn random_text<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    OsRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
