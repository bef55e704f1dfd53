//! Named secrets for `${keyring:NAME}` in headers, so that host configurations need no plain text.
//! They are stored beside the sign-ins. Expanding them is up to the code that builds headers.

use super::error::{StoreError, StoreErrorKind};
use super::place::StorageLocation;
use super::removal::Removal;
use super::saving::SaveOutcome;
use super::{CredentialStore, ListedRecord};
use crate::redact::{Secret, plain};

/// The longest name of a secret, in bytes.
const LONGEST_NAME: usize = 64;

/// The API keys of a store.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    store: CredentialStore,
}

impl ApiKeys {
    /// The prefix of the records of API keys. The name of a sign-in must not begin with it.
    pub const PREFIX: &str = "api-key:";

    /// The API keys of this store.
    pub(super) fn new(store: CredentialStore) -> Self {
        Self { store }
    }

    /// Stores a secret or replaces it.
    ///
    /// # Errors
    /// `name` is not 1 to 64 letters, digits, `.`, `_` and `-`; `value` is empty or contains a line
    /// break or a zero byte; or it cannot be stored.
    pub async fn set(&self, name: &str, value: &Secret<String>) -> Result<SaveOutcome, StoreError> {
        let record = record_name(name)?;
        let bytes = value.expose_to_store().as_bytes();
        if bytes.is_empty() || bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // S-08: it ends up in a header.
            return Err(invalid(format!("the value of `{name}` is empty or has line breaks")));
        }
        self.store.save(&record, &Secret::new(bytes.to_vec())).await
    }

    /// The secret with this name.
    ///
    /// # Errors
    /// `name` cannot be the name of a secret, there is no such secret, or it cannot be read. The
    /// hint says how to set it.
    pub async fn get(&self, name: &str) -> Result<Secret<String>, StoreError> {
        let record = record_name(name)?;
        let again = || format!("`mcp-tether secret set {name}`");
        let loaded = self.store.load(&record).await.map_err(|error| match error.kind() {
            StoreErrorKind::Damaged => error.hint(again()),
            _ => error,
        });
        let Some(value) = loaded? else {
            return Err(invalid(format!("there is no secret `{name}`")).hint(again()));
        };
        match std::str::from_utf8(value.expose()) {
            Ok(text) => Ok(Secret::new(text.to_owned())),
            Err(_) => {
                Err(StoreError::damaged(format!("the secret `{name}`"), "it is not text")
                    .hint(again()))
            }
        }
    }

    /// All secrets' names and storage locations, sorted by name.
    ///
    /// # Errors
    /// As for [`CredentialStore::list`].
    pub async fn list(&self) -> Result<Vec<ListedRecord>, StoreError> {
        let key = |listed: ListedRecord| {
            Some(ListedRecord {
                name: listed.name.strip_prefix(Self::PREFIX)?.to_owned(),
                place: listed.place,
            })
        };
        Ok(self.store.list().await?.into_iter().filter_map(key).collect())
    }

    /// Removes a secret.
    ///
    /// # Errors
    /// `name` cannot be the name of a secret; otherwise as for [`CredentialStore::delete`].
    pub async fn remove(&self, name: &str) -> Result<Removal, StoreError> {
        self.store.delete(&record_name(name)?).await
    }

    /// Describes where a secret is stored, for messages.
    pub fn describe(&self, place: StorageLocation, name: &str) -> String {
        self.store.describe(place, &prefixed(name))
    }
}

fn record_name(name: &str) -> Result<String, StoreError> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts_well && name.len() <= LONGEST_NAME && name.bytes().all(inner) {
        return Ok(prefixed(name));
    }
    Err(invalid(format!("`{}` is not a valid name for a secret", plain(name)))
        .hint("use up to 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"))
}

fn prefixed(name: &str) -> String {
    format!("{}{name}", ApiKeys::PREFIX)
}

fn invalid(message: String) -> StoreError {
    StoreError::other(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Paths;
    use crate::store::StoreChoice;

    fn keys() -> (tempfile::TempDir, ApiKeys) {
        let outer = tempfile::tempdir().unwrap();
        let store = CredentialStore::open(StoreChoice::File, &Paths::below(outer.path()));
        (outer, store.api_keys())
    }

    #[tokio::test]
    async fn a_secret_is_set_listed_read_and_removed() {
        let (_outer, keys) = keys();
        keys.set("github", &Secret::new("s3cret".into())).await.unwrap();
        keys.store.save("tokens/x", &Secret::new(b"t".to_vec())).await.unwrap();
        assert_eq!(keys.get("github").await.unwrap().expose(), "s3cret");
        let names: Vec<_> = keys.list().await.unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["github"], "sign-ins are not listed with them");
        assert!(keys.remove("github").await.unwrap().existed());
        let missing = keys.get("github").await.unwrap_err();
        assert_eq!(missing.message(), "there is no secret `github`");
        assert_eq!(missing.next_step(), "`mcp-tether secret set github`");
    }

    /// S-08
    #[tokio::test]
    async fn bad_names_and_values_are_refused_without_showing_the_value() {
        let (_outer, keys) = keys();
        for name in ["", "a b", "../x", "a/b", "-a", "${x}", "ü", "x:y", &"x".repeat(65)] {
            let refused = keys.set(name, &Secret::new("canary".into())).await.unwrap_err();
            assert_eq!(refused.kind(), StoreErrorKind::Other, "{name}");
        }
        for value in ["", "canary\r\nX-Evil: 1", "canary\n", "canary\0"] {
            let refused = keys.set("name", &Secret::new(value.into())).await.unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("canary"), "{refused}");
        }
    }
}
