//! Differences between systems: modes, owners, options for opening, and durable renames.

#[cfg(unix)]
use std::fs::File;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::PrivateFileError;

/// Creates a folder and its parents, for this user only.
///
/// # Errors
/// The system refuses it.
#[cfg(unix)]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a folder, and its parents, for this user alone.
///
/// # Errors
/// The system refuses it.
#[cfg(not(unix))]
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// Options for reading: never through a symlink, and never waiting for the other end of a pipe.
#[cfg(unix)]
pub(super) fn options_to_read() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let mut options = new_options();
    options.read(true).custom_flags(flags.cast_signed());
    options
}

#[cfg(not(unix))]
pub(super) fn options_to_read() -> OpenOptions {
    let mut options = new_options();
    options.read(true);
    options
}

/// Options for a new file, for this user only; opening fails if it exists.
#[cfg(unix)]
pub(super) fn options_to_create() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = new_options();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// For a new file of this user alone; fails if there is one.
#[cfg(not(unix))]
pub(super) fn options_to_create() -> OpenOptions {
    let mut options = new_options();
    options.write(true).create_new(true);
    options
}

/// Options for a lock file, which is created if there is none. Lock files are never deleted while
/// they may be in use: a process that had just opened one would lock a file that others no longer
/// find.
#[cfg(unix)]
pub(super) fn options_to_lock() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let mut options = new_options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(flags.cast_signed());
    options
}

#[cfg(not(unix))]
pub(super) fn options_to_lock() -> OpenOptions {
    let mut options = new_options();
    options.read(true).write(true).create(true).truncate(false);
    options
}

/// Options for appending to an existing file and reading its beginning.
#[cfg(unix)]
pub(super) fn options_to_append() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let mut options = new_options();
    options.read(true).append(true).custom_flags(flags.cast_signed());
    options
}

#[cfg(not(unix))]
pub(super) fn options_to_append() -> OpenOptions {
    let mut options = new_options();
    options.read(true).append(true);
    options
}

/// Checks that a file has no second hard link, under which others may know it.
#[cfg(unix)]
pub(super) fn check_only_name(path: &Path, found: &Metadata) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::MetadataExt;
    match found.nlink() {
        0 | 1 => Ok(()),
        _ => Err(PrivateFileError::not_safe(path, "has more than one name (hard links)")),
    }
}

#[cfg(not(unix))]
pub(super) fn check_only_name(_path: &Path, _found: &Metadata) -> Result<(), PrivateFileError> {
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "private files are opened here and nowhere else")]
fn new_options() -> OpenOptions {
    OpenOptions::new()
}

/// Checks that a file or folder belongs to this user.
///
/// # Errors
/// It belongs to another user, who could change it at any time.
#[cfg(unix)]
pub(super) fn check_owner(path: &Path, found: &Metadata) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::MetadataExt;
    let we = rustix::process::geteuid().as_raw();
    match found.uid() {
        owner if owner == we => Ok(()),
        owner => {
            let why = format!("belongs to user {owner}, and this is user {we}");
            Err(PrivateFileError::not_safe(path, why)
                .with_hint("run as its owner, or set `MCP_TETHER_STATE_DIR`"))
        }
    }
}

/// Checks that a file or folder belongs to this user.
///
/// # Errors
/// It belongs to another one, who could change it at any time.
#[cfg(not(unix))]
pub(super) fn check_owner(_path: &Path, _found: &Metadata) -> Result<(), PrivateFileError> {
    Ok(())
}

/// Removes the permissions of others.
#[cfg(unix)]
pub(super) fn narrow(path: &Path, found: &Metadata, mode: u32) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::PermissionsExt;
    let wide = found.permissions().mode() & 0o7777;
    if wide & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(
        path = %path.display(), from = format!("{wide:o}"), to = format!("{mode:o}"),
        "others could read a private file; narrowed the mode"
    );
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(PrivateFileError::to("change the mode of", path))
}

#[cfg(not(unix))]
pub(super) fn narrow(_path: &Path, _found: &Metadata, _mode: u32) -> Result<(), PrivateFileError> {
    Ok(())
}

/// Renames a file, replacing the one that has the name.
///
/// # Errors
/// The system refuses it.
#[cfg(not(windows))]
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Renames a file, with retries, because virus scanners and indexers briefly keep new files open.
#[cfg(windows)]
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 0..10 {
        match fs::rename(from, to) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            renamed => return renamed,
        }
    }
    fs::rename(from, to)
}

/// Makes a rename in this folder durable. Some file systems cannot do that and say so.
#[cfg(unix)]
pub(super) fn synchronize_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
pub(super) fn synchronize_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
