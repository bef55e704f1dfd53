//! Remembers a remote's era between runs, for each era of the host, in a small file per remote
//! (T-84). It is only a hint for the order of probes: the remote may have changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::platform::private_file::{self, Durability};
use crate::protocol::Era;

/// Older entries are ignored.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 4096;

/// The file with one remote's era.
#[derive(Clone, Debug)]
pub struct KnownEra {
    file: PathBuf,
    /// The server's name, safe to show.
    server: String,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
struct Found {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    server: String,
    #[serde(default)]
    legacy_host: Option<At>,
    #[serde(default)]
    modern_host: Option<At>,
}

#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
struct At {
    modern: bool,
    /// When it was found, in seconds since 1970.
    found: u64,
}

impl KnownEra {
    /// The file in `folder` for the remote with this key. `server` is only there for people who
    /// read the file.
    pub fn new(folder: &Path, key: &str, server: String) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        Self { file: folder.join(format!("{}.json", hex::encode(&digest[..16]))), server }
    }

    /// The era that was found for a host of this era, unless it is too old.
    pub(in crate::bridge) fn read(&self, host: Era) -> Option<Era> {
        let found = self.all();
        let At { modern, found } = match host {
            Era::Legacy => found.legacy_host?,
            Era::Modern => found.modern_host?,
        };
        let fresh = found <= now() && now() - found < MAX_AGE.as_secs();
        fresh.then_some(if modern { Era::Modern } else { Era::Legacy })
    }

    /// Stores an era, on another thread. If that fails, the next start only needs one probe more.
    pub(in crate::bridge) fn keep(&self, host: Era, era: Era) {
        if self.read(host) == Some(era) {
            return;
        }
        let known = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut found = known.all();
            found.server.clone_from(&known.server);
            let at = At { modern: era == Era::Modern, found: now() };
            match host {
                Era::Legacy => found.legacy_host = Some(at),
                Era::Modern => found.modern_host = Some(at),
            }
            let Ok(bytes) = serde_json::to_vec(&found) else { return };
            if let Err(error) = private_file::write(&known.file, &bytes, Durability::Process) {
                tracing::debug!(%error, "cannot remember the era of this server");
            }
        });
    }

    /// Reads the file. A damaged one counts as absent.
    fn all(&self) -> Found {
        let bytes = private_file::read(&self.file, FILE_LIMIT).ok().flatten();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-84
    #[test]
    fn an_era_is_known_per_host_era_until_it_is_too_old_or_the_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownEra::new(folder.path(), "https://host.example/mcp", String::new());
        assert_eq!(known.read(Era::Legacy), None);
        let write = |text: String| std::fs::write(&known.file, text).unwrap();
        write(format!(r#"{{"legacy_host":{{"modern":true,"found":{}}}}}"#, now()));
        assert_eq!(known.read(Era::Legacy), Some(Era::Modern));
        assert_eq!(known.read(Era::Modern), None);
        write(r#"{"legacy_host":{"modern":true,"found":1}}"#.to_owned());
        assert_eq!(known.read(Era::Legacy), None);
        write("{".to_owned());
        assert_eq!(known.read(Era::Legacy), None);
    }
}
