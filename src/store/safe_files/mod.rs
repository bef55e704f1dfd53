//! Files that hold secrets: a folder of mode 0700, files of mode 0600, replaced atomically, never
//! through a symlink and never somebody else's (S-10). Knows nothing of what is in them.
//!
//! On Windows there are no such modes: the folder lies below `%LOCALAPPDATA%`, whose access list
//! lets in the user, administrators and the system only, and files inherit it.

mod system;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;

use super::error::StoreError;
use system::{create_folder, creating, narrow, owned, reading, rename, synchronise_folder};

/// No record of ours comes near this; a bigger file is not ours.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// How often a write starts over when its temporary file vanishes (see [`sweep`]).
const WRITE_ATTEMPTS: usize = 5;

/// Whether a write must survive a loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Yes: synchronise file and folder.
    Disk,
    /// No: it can be made again.
    Process,
}

/// Makes sure that this folder exists and that only its owner can look into it.
pub(super) fn private_folder(folder: &Path) -> Result<(), StoreError> {
    let found = match fs::symlink_metadata(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            create_folder(folder)
                .map_err(|e| StoreError::files("create the folder", folder, &e))?;
            fs::symlink_metadata(folder)
        }
        found => found,
    };
    let found = found.map_err(|e| StoreError::files("look at", folder, &e))?;
    if found.file_type().is_symlink() {
        return Err(is_symlink(folder));
    }
    if !found.is_dir() {
        return Err(not_safe(folder, "is not a folder"));
    }
    owned(folder, &found)?;
    narrow(folder, &found, 0o700)
}

/// The content of a private file, or `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    if is_link(path)? {
        return Err(is_symlink(path));
    }
    let file = match reading().open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::files("open", path, &e)),
    };
    let found = file.metadata().map_err(|e| StoreError::files("look at", path, &e))?;
    if !found.is_file() {
        return Err(not_safe(path, "is not a regular file"));
    }
    owned(path, &found)?;
    narrow(path, &found, 0o600)?;
    let mut content = Vec::new();
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut content)
        .map_err(|e| StoreError::files("read", path, &e))?;
    if content.len() as u64 > LARGEST_FILE {
        return Err(StoreError::damaged(shown(path), "it is far too large"));
    }
    Ok(Some(content))
}

/// Replaces a private file in one step: whoever reads sees the old content or the new one, also
/// after a kill. The folder must have been checked.
pub(super) fn write(path: &Path, content: &[u8], durability: Durability) -> Result<(), StoreError> {
    replaceable(path)?;
    let failed = |e: io::Error| StoreError::files("write", path, &e);
    for _ in 1..WRITE_ATTEMPTS {
        match write_once(path, content, durability) {
            // A sweeper took the temporary file before it was locked.
            Err(e) if e.kind() == io::ErrorKind::NotFound && folder_of(path).is_dir() => {}
            written => return written.map_err(failed),
        }
    }
    write_once(path, content, durability).map_err(failed)
}

/// Removes a private file; tells whether there was one. A symlink is removed, not followed.
pub(super) fn remove(path: &Path) -> Result<bool, StoreError> {
    sweep(path);
    match fs::remove_file(path) {
        Ok(()) => {
            synchronise_folder(folder_of(path))
                .map_err(|e| StoreError::files("remove", path, &e))?;
            Ok(true)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::files("remove", path, &e)),
    }
}

fn write_once(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let (temporary, mut file) = create_temporary(path)?;
    let written = file.write_all(content).and_then(|()| match durability {
        Durability::Disk => file.sync_all(),
        Durability::Process => Ok(()),
    });
    let replaced = written.and_then(|()| {
        // Windows refuses to read a locked file, so the lock ends before others can open it.
        #[cfg(windows)]
        drop(file);
        rename(&temporary, path)
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced?;
    match durability {
        Durability::Disk => synchronise_folder(folder_of(path)),
        Durability::Process => Ok(()),
    }
}

/// A new file beside `path`, locked for as long as its writer lives: that is how [`sweep`] tells
/// what a killed process left behind.
fn create_temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let random = OsRng.try_next_u64().map_err(io::Error::other)?;
    let name = format!("{}{random:016x}.tmp", temporary_prefix(path));
    let temporary = folder_of(path).join(name);
    let file = creating().open(&temporary)?;
    // Where files cannot be locked, nothing is swept either.
    let _ = file.try_lock();
    Ok((temporary, file))
}

/// Removes temporary files of this file whose writer was killed: they may hold a secret.
pub(super) fn sweep(path: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    let prefix = temporary_prefix(path);
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(".tmp")) {
            remove_if_abandoned(&entry.path());
        }
    }
}

fn remove_if_abandoned(temporary: &Path) {
    let Ok(file) = reading().open(temporary) else { return };
    if file.try_lock().is_ok() {
        let _ = fs::remove_file(temporary);
    }
}

fn temporary_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// What may be renamed over: nothing, or a regular file of ours.
fn replaceable(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(StoreError::files("look at", path, &e)),
        Ok(found) if found.file_type().is_symlink() => Err(is_symlink(path)),
        Ok(found) if !found.is_file() => Err(not_safe(path, "is not a regular file")),
        Ok(found) => owned(path, &found),
    }
}

fn is_link(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.file_type().is_symlink()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::files("look at", path, &e)),
    }
}

fn is_symlink(path: &Path) -> StoreError {
    not_safe(path, "is a symlink").hint(format!("remove `{}`", path.display()))
}

fn not_safe(path: &Path, why: &str) -> StoreError {
    StoreError::other(format!("refusing to use `{}`: it {why}", path.display()))
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::error::StoreErrorKind;
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a/credentials");
        private_folder(&folder).unwrap();
        let file = folder.join("x.json");
        (outer, file)
    }

    /// S-10
    #[test]
    fn folders_and_files_are_for_their_owner_alone() {
        let (_outer, file) = place();
        write(&file, b"one", Durability::Disk).unwrap();
        write(&file, b"two", Durability::Disk).unwrap();
        assert_eq!(mode(&file), 0o600, "from the beginning: reading it would narrow it");
        assert_eq!(read(&file).unwrap().unwrap(), b"two");
        assert_eq!(mode(folder_of(&file)), 0o700);
        assert_eq!(fs::read_dir(folder_of(&file)).unwrap().count(), 1, "nothing is left beside it");
    }

    /// S-10
    #[test]
    fn wide_modes_are_narrowed_when_met() {
        let (_outer, file) = place();
        write(&file, b"x", Durability::Disk).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(folder_of(&file), fs::Permissions::from_mode(0o755)).unwrap();
        private_folder(folder_of(&file)).unwrap();
        read(&file).unwrap();
        assert_eq!((mode(folder_of(&file)), mode(&file)), (0o700, 0o600));
    }

    /// S-10: neither reading nor writing follows a planted symlink.
    #[test]
    fn a_symlink_in_place_of_the_file_is_refused_and_its_target_untouched() {
        let (outer, file) = place();
        let target = outer.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, &file).unwrap();
        for refused in [read(&file).unwrap_err(), write(&file, b"x", Durability::Disk).unwrap_err()]
        {
            assert!(refused.message().contains("is a symlink"), "{refused}");
        }
        assert!(remove(&file).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }

    /// S-10
    #[test]
    fn a_symlink_in_place_of_the_folder_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("real")).unwrap();
        symlink(outer.path().join("real"), outer.path().join("credentials")).unwrap();
        let refused = private_folder(&outer.path().join("credentials")).unwrap_err();
        assert!(refused.message().contains("is a symlink"), "{refused}");
    }

    #[test]
    fn a_pipe_or_a_folder_in_place_of_the_file_is_refused_without_waiting() {
        let (_outer, file) = place();
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::from_raw_mode(0o600))
            .unwrap();
        assert!(read(&file).unwrap_err().message().contains("is not a regular file"));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let refused = write(&file, b"x", Durability::Disk).unwrap_err();
        assert!(refused.message().contains("is not a regular file"), "{refused}");
    }

    /// Only root can give a file away; elsewhere there is nothing to check this with.
    #[test]
    fn files_and_folders_of_other_users_are_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (_outer, file) = place();
        write(&file, b"x", Durability::Disk).unwrap();
        std::os::unix::fs::chown(&file, Some(4242), None).unwrap();
        let refused = read(&file).unwrap_err();
        assert!(refused.message().contains("belongs to user 4242"), "{refused}");
        assert!(write(&file, b"y", Durability::Disk).is_err());
        std::os::unix::fs::chown(folder_of(&file), Some(4242), None).unwrap();
        assert!(private_folder(folder_of(&file)).is_err());
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_what_a_live_one_writes_is_not() {
        let (_outer, file) = place();
        let (abandoned, handle) = create_temporary(&file).unwrap();
        drop(handle);
        let (alive, _handle) = create_temporary(&file).unwrap();
        sweep(&file);
        assert!(!abandoned.exists() && alive.exists());
    }

    #[test]
    fn a_file_that_is_far_too_large_is_damage_not_memory() {
        let (_outer, file) = place();
        File::create(&file).unwrap().set_len(LARGEST_FILE + 1).unwrap();
        assert_eq!(read(&file).unwrap_err().kind(), StoreErrorKind::Damaged);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_a_way_out() {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("home"), "").unwrap();
        let error = private_folder(&outer.path().join("home/state")).unwrap_err();
        assert!(error.message().contains("home/state"), "{error}");
    }
}
