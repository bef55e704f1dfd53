//! Remembers the authorization server with which a secret of the user's own client was first used
//! (S-41): an MCP server that names another one must not get the secret sent there.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::client::pre_registered::PreRegistered;
use crate::auth::discovery::issuer::is_same_issuer;
use crate::auth::records::record::StoredRecord;
use crate::error::{Failure, FailureKind};
use crate::random::random_text;
use crate::redact::{display_identifier, plain};

/// How many secrets of one client id are remembered; the oldest are forgotten.
const MAX_PINS: usize = 64;

/// The authorization servers of one client id, one for each secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClientPins {
    pins: Vec<Pin>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pin {
    salt: String,
    /// The SHA-256 digest of salt and secret.
    digest: String,
    issuer: String,
}

impl ClientPins {
    /// The issuer that this client's secret was first used with.
    pub(crate) fn issuer_of(&self, client: &PreRegistered) -> Option<&str> {
        let is_of_client = |pin: &&Pin| Some(&pin.digest) == digest(&pin.salt, client).as_ref();
        self.pins.iter().find(is_of_client).map(|pin| pin.issuer.as_str())
    }

    /// Records that this client's secret is used with this issuer.
    pub(crate) fn add(&mut self, client: &PreRegistered, issuer: &str) {
        let salt = random_text::<16>();
        let Some(digest) = digest(&salt, client) else { return };
        if self.pins.len() >= MAX_PINS {
            self.pins.remove(0);
        }
        self.pins.push(Pin { salt, digest, issuer: issuer.to_owned() });
    }
}

impl StoredRecord for ClientPins {
    const KIND: &'static str = "use of a client secret";
}

fn digest(salt: &str, client: &PreRegistered) -> Option<String> {
    let secret = client.client_secret.as_ref()?;
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(secret.expose());
    Some(hex::encode(hash.finalize()))
}

/// Checks whether a secret first used with `first` may be used with `issuer`.
///
/// # Errors
/// It is another issuer.
pub(crate) fn check_first_use(
    client: &PreRegistered,
    first: &str,
    issuer: &str,
) -> Result<(), Failure> {
    if is_same_issuer(first, issuer) {
        return Ok(());
    }
    let message = format!(
        "the secret of the OAuth client `{}` was first used with the issuer `{}`, but the server \
         now names `{}`",
        plain(&client.client_id),
        display_identifier(first),
        display_identifier(issuer)
    );
    Err(Failure::new(FailureKind::AuthFailed, message).hint(
        "if you trust the new one with the secret, name it yourself: add `\"issuer\":\"URL\"` to \
         the JSON of `--static-oauth-client-info`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    fn client(secret: &str) -> PreRegistered {
        let client_secret = Some(Secret::new(secret.to_owned()));
        PreRegistered { client_secret, ..PreRegistered::new("c") }
    }

    /// S-41
    #[test]
    fn each_secret_has_its_issuer_and_is_not_stored() {
        let mut pins = ClientPins::default();
        pins.add(&client("hunter2"), "https://a.example");
        pins.add(&client("other"), "https://b.example");
        let stored = pins.to_bytes();
        assert!(!String::from_utf8_lossy(stored.expose()).contains("hunter2"));
        let pins = ClientPins::from_bytes(&stored).unwrap();
        assert_eq!(pins.issuer_of(&client("hunter2")), Some("https://a.example"));
        assert_eq!(pins.issuer_of(&client("other")), Some("https://b.example"));
        assert_eq!(pins.issuer_of(&client("third")), None);
        assert!(check_first_use(&client("x"), "https://a.example", "https://a.example/").is_ok());
        let refused = check_first_use(&client("x"), "https://a.example", "https://b.example");
        let refused = refused.unwrap_err();
        assert!(refused.message.contains("`https://a.example`"), "{}", refused.message);
        assert!(refused.message.contains("`https://b.example`"), "{}", refused.message);
        assert!(refused.hint.contains("--static-oauth-client-info"));
    }
}
