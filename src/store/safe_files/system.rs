//! What differs between systems about private files: modes, owners, how a file is opened, and what
//! makes a rename last.

#[cfg(unix)]
use std::fs::File;
use std::fs::{self, DirBuilder, Metadata, OpenOptions};
use std::io;
use std::path::Path;

#[cfg(unix)]
use super::not_safe;
use crate::store::error::StoreError;

#[cfg(unix)]
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
pub(super) fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// For reading: never through a symlink, and never waiting for the other end of a pipe.
#[cfg(unix)]
pub(super) fn reading() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.cast_signed());
    options
}

#[cfg(not(unix))]
pub(super) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(unix)]
pub(super) fn creating() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
pub(super) fn creating() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(unix)]
pub(super) fn owned(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let we = rustix::process::geteuid().as_raw();
    match found.uid() {
        owner if owner == we => Ok(()),
        owner => {
            let why = format!("belongs to user {owner}, and this is user {we}");
            Err(not_safe(path, &why).hint("run as its owner, or set `MCP_TETHER_STATE_DIR`"))
        }
    }
}

#[cfg(not(unix))]
pub(super) fn owned(_path: &Path, _found: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

/// Takes away what others may do.
#[cfg(unix)]
pub(super) fn narrow(path: &Path, found: &Metadata, mode: u32) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let wide = found.permissions().mode() & 0o7777;
    if wide & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(
        path = %path.display(), from = format!("{wide:o}"), to = format!("{mode:o}"),
        "others could read stored sign-ins; narrowed the mode"
    );
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| StoreError::files("change the mode of", path, &e))
}

#[cfg(not(unix))]
pub(super) fn narrow(_path: &Path, _found: &Metadata, _mode: u32) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(not(windows))]
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Virus scanners and indexers hold fresh files open for a moment.
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

/// A rename is durable only when its folder is. Some file systems cannot do that and say so.
#[cfg(unix)]
pub(super) fn synchronise_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
pub(super) fn synchronise_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
