//! A random key for this machine and user, for file names that depend on secrets but must reveal
//! nothing about them. It does not protect sign-ins: if it is lost, only a cache is lost.

use std::path::Path;

use super::error::StoreError;
use crate::platform::private_file::{self, Durability};
use crate::random::random_bytes;
use crate::redact::Secret;

/// The length of a key, in bytes.
const KEY_LENGTH: usize = 32;
/// The largest file that is read, in bytes; a longer one is damaged.
const MAX_KEY_FILE: u64 = 4096;

/// Returns the key in the state folder. Creates it if there is none, or if it is damaged.
///
/// # Errors
/// The folder or the file cannot be used, or other users can access it.
pub fn machine_key(state: &Path) -> Result<Secret<Vec<u8>>, StoreError> {
    let path = state.join("memory/key");
    if let Some(key) = existing(&path)? {
        return Ok(key);
    }
    let key = random_bytes::<KEY_LENGTH>();
    private_file::write(&path, &key, Durability::Process)?;
    // If two processes create one at the same time, the later one wins.
    Ok(existing(&path)?.unwrap_or_else(|| Secret::new(key.to_vec())))
}

fn existing(path: &Path) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
    let key = private_file::read(path, MAX_KEY_FILE)?;
    Ok(key.filter(|key| key.len() == KEY_LENGTH).map(Secret::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-19
    #[test]
    fn a_key_is_made_once_and_a_damaged_one_anew() {
        let state = tempfile::tempdir().unwrap();
        let first = machine_key(state.path()).unwrap();
        assert_eq!(first.expose().len(), KEY_LENGTH);
        assert_eq!(machine_key(state.path()).unwrap(), first);
        std::fs::write(state.path().join("memory/key"), "short").unwrap();
        let second = machine_key(state.path()).unwrap();
        assert!(second.expose().len() == KEY_LENGTH && second != first);
        assert_eq!(machine_key(state.path()).unwrap(), second);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_a_link_leads_to_is_refused() {
        let state = tempfile::tempdir().unwrap();
        let elsewhere = state.path().join("elsewhere");
        std::fs::write(&elsewhere, [7; KEY_LENGTH]).unwrap();
        std::fs::create_dir(state.path().join("memory")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, state.path().join("memory/key")).unwrap();
        assert!(machine_key(state.path()).is_err());
    }
}
