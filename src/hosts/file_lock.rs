//! The lock of a host's file, which keeps other runs of this program from changing it.

use std::fs;
#[cfg(unix)]
use std::fs::Metadata;
use std::path::Path;
#[cfg(unix)]
use std::time::{Duration, Instant};

#[cfg(unix)]
use super::failed_access::cannot;
#[cfg(unix)]
use super::places::display_path;
#[cfg(unix)]
use crate::error::Error;
use crate::error::Result;

/// How long to wait for another run of this program that is changing the file.
#[cfg(unix)]
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two attempts to lock the file.
#[cfg(unix)]
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Locks the file against other runs of this program until the result is dropped. `None` where
/// files cannot be locked, and if the file is gone, which the caller notices as a change.
#[cfg(unix)]
pub(super) fn lock(path: &Path) -> Result<Option<fs::File>> {
    use std::os::unix::fs::MetadataExt;
    let start = Instant::now();
    loop {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot("access", path, &error)),
        };
        match file.try_lock() {
            Ok(()) => {
                // Whoever held the lock has replaced the file, so the lock is on the old one.
                let (ours, now) = (file.metadata().ok(), fs::metadata(path).ok());
                let inode = |metadata: Metadata| (metadata.dev(), metadata.ino());
                if ours.map(inode) == now.map(inode) {
                    return Ok(Some(file));
                }
            }
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < LOCK_TIMEOUT => {
                std::thread::sleep(LOCK_POLL_INTERVAL);
            }
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::failed(format!("{} is locked", display_path(path)))
                    .hint("close the program that uses it, and run the command again"));
            }
            Err(fs::TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// On this platform a lock would keep this program itself from reading the file.
#[cfg(not(unix))]
pub(super) fn lock(_: &Path) -> Result<Option<fs::File>> {
    Ok(None)
}
