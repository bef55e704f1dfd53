//! The keyring of each platform: Secret Service, macOS Keychain, Windows Credential Manager, behind
//! [`Entries`]. Translates their errors into kinds on which callers decide.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use super::Entries;
use crate::store::error::{StoreError, StoreErrorKind};
use crate::store::record::EncodedRecord;

/// The service under which keyring programs show our entries.
const SERVICE: &str = "mcp-tether";

/// The keyring's name in messages.
#[cfg(target_os = "macos")]
pub(in crate::store) const NAME: &str = "the macOS Keychain";
#[cfg(windows)]
pub(in crate::store) const NAME: &str = "the Windows Credential Manager";
#[cfg(not(any(target_os = "macos", windows)))]
pub(in crate::store) const NAME: &str = "the keyring (Secret Service)";

/// The longest text of an entry: `CRED_MAX_CREDENTIAL_BLOB_SIZE` is 5 × 512 bytes.
const LIMIT: Option<usize> = if cfg!(windows) { Some(2560) } else { None };

/// The keyring of this user's session.
struct PlatformEntries {
    store: Arc<CredentialStore>,
}

/// Opens the keyring. May block forever.
///
/// # Errors
/// There is no keyring, or it cannot be opened.
pub(super) fn open() -> Result<Box<dyn Entries>, StoreError> {
    Ok(Box::new(PlatformEntries { store: open_store()? }))
}

#[cfg(target_os = "macos")]
fn open_store() -> Result<Arc<CredentialStore>, StoreError> {
    Ok(apple_native_keyring_store::keychain::Store::new().map_err(|e| no_keyring(&e))?)
}

#[cfg(windows)]
fn open_store() -> Result<Arc<CredentialStore>, StoreError> {
    Ok(windows_native_keyring_store::Store::new().map_err(|e| no_keyring(&e))?)
}

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn open_store() -> Result<Arc<CredentialStore>, StoreError> {
    super::bus::check_session_bus()?;
    Ok(zbus_secret_service_keyring_store::Store::new().map_err(|e| no_keyring(&e))?)
}

#[cfg(not(any(unix, windows)))]
fn open_store() -> Result<Arc<CredentialStore>, StoreError> {
    Err(StoreError::new(StoreErrorKind::NoKeyring, "this platform has no keyring"))
}

impl PlatformEntries {
    fn entry(&self, name: &str) -> Result<Entry, StoreError> {
        let label = format!("mcp-tether {name}");
        let modifiers: HashMap<&str, &str> = if cfg!(windows) {
            // The default roams with the user's profile to other machines; a sign-in stays here.
            HashMap::from([("persistence", "Local")])
        } else if cfg!(target_os = "macos") {
            HashMap::new()
        } else {
            HashMap::from([("label", label.as_str())])
        };
        self.store.build(SERVICE, name, Some(&modifiers)).map_err(|e| translate(&e))
    }
}

impl Entries for PlatformEntries {
    fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        let bytes = match self.entry(name)?.get_secret() {
            Ok(bytes) => bytes,
            Err(Error::NoEntry) => return Ok(None),
            Err(Error::Ambiguous(several)) => return newest(&several),
            Err(e) => return Err(translate(&e)),
        };
        text(bytes).map(Some)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        match self.entry(name)?.set_secret(text.as_bytes()) {
            // Another program has made a second item with our attributes: keep one.
            Err(Error::Ambiguous(several)) => {
                let (kept, others) = several.split_first().ok_or_else(vanished)?;
                kept.set_secret(text.as_bytes()).map_err(|e| translate(&e))?;
                remove_all(others).map(|_| ())
            }
            written => written.map_err(|e| translate(&e)),
        }
    }

    fn remove(&self, name: &str) -> Result<bool, StoreError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(Error::Ambiguous(several)) => remove_all(&several),
            Err(e) => Err(translate(&e)),
        }
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        match self.store.search(&HashMap::from([("service", SERVICE)])) {
            Ok(found) => Ok(found.iter().filter_map(name_of).collect()),
            // Windows cannot list entries; there is only the index.
            Err(Error::NotSupportedByStore(_)) => Ok(Vec::new()),
            Err(e) => Err(translate(&e)),
        }
    }

    fn limit(&self) -> Option<usize> {
        LIMIT
    }

    #[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
    fn can_write(&self) -> Result<(), StoreError> {
        default_collection_is_open()
    }
}

fn name_of(entry: &Entry) -> Option<String> {
    entry.get_specifiers().map(|(_, name)| name)
}

/// The text of the newest item, of several with one name.
fn newest(several: &[Entry]) -> Result<Option<String>, StoreError> {
    let mut best: Option<(u64, String)> = None;
    for entry in several {
        let found = match entry.get_secret() {
            Ok(bytes) => text(bytes)?,
            Err(Error::NoEntry) => continue,
            Err(e) => return Err(translate(&e)),
        };
        let saved = EncodedRecord::parse_any(&found).map_or(0, |record| record.saved());
        if best.as_ref().is_none_or(|(other, _)| saved >= *other) {
            best = Some((saved, found));
        }
    }
    Ok(best.map(|(_, text)| text))
}

fn remove_all(several: &[Entry]) -> Result<bool, StoreError> {
    for entry in several {
        match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => {}
            Err(e) => return Err(translate(&e)),
        }
    }
    Ok(!several.is_empty())
}

/// Checks that the default collection exists and is unlocked; searching for entries works without
/// that.
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn default_collection_is_open() -> Result<(), StoreError> {
    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    let failed = |error: secret_service::Error| match error {
        secret_service::Error::NoResult => no_collection(),
        error => {
            StoreError::new(StoreErrorKind::KeyringFailed, format!("the keyring refused: {error}"))
        }
    };
    // Nothing secret goes over this connection.
    let service = SecretService::connect(EncryptionType::Plain).map_err(failed)?;
    let is_locked = service.get_default_collection().and_then(|found| found.is_locked());
    if is_locked.map_err(failed)? {
        return Err(StoreError::other("the keyring is locked")
            .hint("unlock it, or use `--credential-store file`"));
    }
    Ok(())
}

fn no_collection() -> StoreError {
    StoreError::new(StoreErrorKind::NoKeyring, "the keyring has no default collection")
}

fn vanished() -> StoreError {
    StoreError::new(StoreErrorKind::KeyringFailed, "the keyring changed while it was written")
}

/// Decodes an entry. The error must not contain its bytes.
fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| {
        StoreError::damaged("an entry of `mcp-tether` in the keyring", "it is not UTF-8 text")
    })
}

/// The error for a keyring that cannot be opened, so that there is no usable one.
fn no_keyring(error: &Error) -> StoreError {
    StoreError::new(StoreErrorKind::NoKeyring, format!("no keyring answers: {}", cause(error)))
}

/// The error for a failed call of an open keyring. Some variants carry secret bytes, but their
/// `Display` does not show them.
fn translate(error: &Error) -> StoreError {
    match error {
        Error::NoStorageAccess(inner) if is_no_result(inner.as_ref()) => {
            // A service without a default collection, as under WSL, has no keyring.
            no_collection()
        }
        Error::NoStorageAccess(_) => {
            StoreError::other(format!("the keyring is locked: {}", cause(error)))
                .hint("unlock it, or use `--credential-store file`")
        }
        _ => StoreError::new(
            StoreErrorKind::KeyringFailed,
            format!("the keyring refused: {}", cause(error)),
        ),
    }
}

/// `secret_service::Error::NoResult`: no object where the default collection should be.
fn is_no_result(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    format!("{inner:?}") == "NoResult"
}

fn cause(error: &Error) -> String {
    match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner.to_string(),
        // Its own text lists items of other programs.
        Error::Ambiguous(several) => format!("{} items have one name", several.len()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-09: the library's errors carry the secret; ours never do.
    #[test]
    fn no_translated_error_holds_the_bytes_of_an_entry() {
        let inner = || Box::new(std::io::Error::other("the platform's words"));
        let errors = [
            Error::BadEncoding(b"canary".to_vec()),
            Error::BadDataFormat(b"canary".to_vec(), inner()),
            Error::PlatformFailure(inner()),
            Error::TooLong("secret".into(), 2560),
        ];
        for error in errors {
            let shown = translate(&error);
            assert!(!format!("{shown} {shown:?}").contains("canary"), "{shown}");
        }
        let shown = text(b"canary\xff".to_vec()).unwrap_err();
        assert!(!format!("{shown} {shown:?}").contains("canary"));
    }

    #[test]
    fn a_locked_keyring_is_said_to_be_locked_with_a_hint() {
        let inner = Box::new(std::io::Error::other("prompt dismissed"));
        let error = translate(&Error::NoStorageAccess(inner));
        assert_eq!(error.message(), "the keyring is locked: prompt dismissed");
        assert!(!error.next_step().is_empty());
    }
}
