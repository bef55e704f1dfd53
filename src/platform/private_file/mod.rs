//! The only writer of the program's own files: in folders of mode 0700, files of mode 0600 are
//! created under a random name and renamed into place, never through a symlink, and never replacing
//! another user's (S-10). Knows nothing about their content.
//!
//! Windows has no such modes: the folders are below `%LOCALAPPDATA%`, whose access list admits only
//! the user, administrators and the system, and files inherit it.

mod error;
mod system;

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rand::TryRngCore;
use rand::rngs::OsRng;

use system::{check_only_name, check_owner, options_to_append, options_to_create};
use system::{make_folder, narrow, rename, synchronize_folder};
use system::{options_to_lock, options_to_read};

pub use error::PrivateFileError;

/// How often a write starts over when its temporary file vanishes (see [`sweep`]).
const WRITE_ATTEMPTS: usize = 5;

/// Whether a write must survive a loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// File and folder are synchronized with the disk, for credentials.
    Disk,
    /// Neither is synchronized, for files that can be recreated.
    Process,
}

/// Ensures that this folder exists and that only its owner can access it.
///
/// # Errors
/// It is a symlink, not a folder, or another user's, or the system refuses.
pub fn create_folder(folder: &Path) -> Result<(), PrivateFileError> {
    let found = match fs::symlink_metadata(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            make_folder(folder).map_err(PrivateFileError::to("create the folder", folder))?;
            fs::symlink_metadata(folder)
        }
        found => found,
    };
    let found = found.map_err(PrivateFileError::to("look at", folder))?;
    if found.file_type().is_symlink() {
        return Err(PrivateFileError::symlink(folder));
    }
    if !found.is_dir() {
        return Err(PrivateFileError::not_safe(folder, "is not a folder"));
    }
    check_owner(folder, &found)?;
    narrow(folder, &found, 0o700)
}

/// Reads a private file of at most `limit` bytes; `None` if there is none.
///
/// # Errors
/// It is a symlink, not a regular file, another user's, or too large, or the system refuses.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateFileError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let found = file.metadata().map_err(PrivateFileError::to("look at", path))?;
    narrow(path, &found, 0o600)?;
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(PrivateFileError::to("read", path))?;
    if content.len() as u64 > limit {
        return Err(PrivateFileError::TooLarge { path: path.to_path_buf() });
    }
    Ok(Some(content))
}

/// Opens a private file for reading; `None` if there is none.
///
/// # Errors
/// As for [`read`], except for the limit.
pub fn open(path: &Path) -> Result<Option<File>, PrivateFileError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => return Err(PrivateFileError::symlink(path)),
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(PrivateFileError::to("look at", path)(e)),
    }
    let file = match options_to_read().open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(PrivateFileError::to("open", path)(e)),
    };
    check(path, &file.metadata().map_err(PrivateFileError::to("look at", path))?)?;
    Ok(Some(file))
}

/// Opens a lock file, or creates it. Its folder must have been checked with [`create_folder`].
///
/// # Errors
/// As for [`fn@open`].
pub fn open_lock(path: &Path) -> Result<File, PrivateFileError> {
    let failed = PrivateFileError::to("open the lock file", path);
    let file = options_to_lock().open(path).map_err(&failed)?;
    check(path, &file.metadata().map_err(&failed)?)?;
    Ok(file)
}

/// Opens a file for appending, or creates it; returns whether this call created it. It may be in
/// any folder that the user names.
///
/// # Errors
/// As for [`fn@open`], or the file has several hard links.
pub fn open_to_append(path: &Path) -> Result<(File, bool), PrivateFileError> {
    match options_to_create().open(path) {
        Ok(file) => return Ok((file, true)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(PrivateFileError::to("create", path)(e)),
    }
    // Checked before it is opened, because opening a pipe or a device may have effects.
    check_replaceable(path)?;
    let file = options_to_append().open(path).map_err(PrivateFileError::to("open", path))?;
    let found = file.metadata().map_err(PrivateFileError::to("look at", path))?;
    check(path, &found)?;
    check_only_name(path, &found)?;
    narrow(path, &found, 0o600)?;
    Ok((file, false))
}

/// Creates an empty private file; returns whether this call created it. Its folder must have been
/// checked with [`create_folder`].
///
/// # Errors
/// The system refuses.
pub fn create_marker(path: &Path) -> Result<bool, PrivateFileError> {
    match options_to_create().open(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(PrivateFileError::to("create", path)(e)),
    }
}

/// Replaces a private file in one step, and creates its folder. A reader sees either the old
/// content or the new one, even after a kill.
///
/// # Errors
/// As for [`create_folder`] and [`fn@open`]. The old content is then still there.
pub fn write(path: &Path, content: &[u8], durability: Durability) -> Result<(), PrivateFileError> {
    create_folder(folder_of(path))?;
    check_replaceable(path)?;
    for _ in 1..WRITE_ATTEMPTS {
        match write_once(path, content, durability) {
            // A sweep has removed the temporary file before it was locked.
            Err(e) if e.kind() == io::ErrorKind::NotFound && folder_of(path).is_dir() => {}
            written => return written.map_err(PrivateFileError::to("write", path)),
        }
    }
    write_once(path, content, durability).map_err(PrivateFileError::to("write", path))
}

/// Removes a private file; returns whether there was one. A symlink is removed, not followed.
///
/// # Errors
/// A refusal of the system.
pub fn remove(path: &Path) -> Result<bool, PrivateFileError> {
    sweep(path);
    match fs::remove_file(path).and_then(|()| synchronize_folder(folder_of(path))) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(PrivateFileError::to("remove", path)(e)),
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
        Durability::Disk => synchronize_folder(folder_of(path)),
        Durability::Process => Ok(()),
    }
}

/// Creates a file beside `path`, locked as long as its writer lives, so that [`sweep`] can find the
/// remains of killed processes.
fn create_temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let random = OsRng.try_next_u64().map_err(io::Error::other)?;
    let name = format!("{}{random:016x}.tmp", temporary_prefix(path));
    let temporary = folder_of(path).join(name);
    let file = options_to_create().open(&temporary)?;
    // If files cannot be locked, nothing is swept either.
    let _ = file.try_lock();
    Ok((temporary, file))
}

/// Removes this file's temporary files whose writer was killed: they may hold a secret.
pub fn sweep(path: &Path) {
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
    let Ok(file) = options_to_read().open(temporary) else { return };
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

/// Checks that a rename to this path would replace nothing, or this user's regular file.
fn check_replaceable(path: &Path) -> Result<(), PrivateFileError> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(PrivateFileError::to("look at", path)(e)),
        Ok(found) if found.file_type().is_symlink() => Err(PrivateFileError::symlink(path)),
        Ok(found) => check(path, &found),
    }
}

fn check(path: &Path, found: &Metadata) -> Result<(), PrivateFileError> {
    if !found.is_file() {
        return Err(PrivateFileError::not_safe(path, "is not a regular file"));
    }
    check_owner(path, found)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const LIMIT: u64 = 1024;

    fn is_unsafe(error: &PrivateFileError) -> bool {
        matches!(error, PrivateFileError::Unsafe { .. })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn place() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a/credentials");
        create_folder(&folder).unwrap();
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
        assert_eq!(read(&file, LIMIT).unwrap().unwrap(), b"two");
        assert_eq!(mode(folder_of(&file)), 0o700);
        assert_eq!(fs::read_dir(folder_of(&file)).unwrap().count(), 1, "nothing is left beside it");
    }

    /// S-10, O-30
    #[test]
    fn a_file_to_append_to_is_new_or_this_users_own() {
        let (outer, file) = place();
        let (mut first, is_new) = open_to_append(&file).unwrap();
        first.write_all(b"one").unwrap();
        assert!(is_new && mode(&file) == 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let (mut second, is_new) = open_to_append(&file).unwrap();
        second.write_all(b"two").unwrap();
        assert!(!is_new && mode(&file) == 0o600);
        assert_eq!(fs::read(&file).unwrap(), b"onetwo");
        let other = |name: &str| folder_of(&file).join(name);
        symlink(&file, other("link")).unwrap();
        symlink(outer.path().join("nowhere"), other("dangling")).unwrap();
        fs::hard_link(&file, other("second-name")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, other("pipe"), rustix::fs::Mode::RWXU).unwrap();
        for name in ["link", "dangling", "second-name", "pipe", "."] {
            let error = open_to_append(&other(name)).unwrap_err();
            assert!(is_unsafe(&error), "{name}: {error}");
        }
        assert!(!outer.path().join("nowhere").exists());
        assert!(open_to_append(&other("no/folder")).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"onetwo");
    }

    /// S-10
    #[test]
    fn wide_modes_are_narrowed_when_met() {
        let (_outer, file) = place();
        write(&file, b"x", Durability::Disk).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(folder_of(&file), fs::Permissions::from_mode(0o755)).unwrap();
        create_folder(folder_of(&file)).unwrap();
        read(&file, LIMIT).unwrap();
        assert_eq!((mode(folder_of(&file)), mode(&file)), (0o700, 0o600));
    }

    /// S-10: neither reading nor writing follows a planted symlink.
    #[test]
    fn a_symlink_in_place_of_the_file_is_refused_and_its_target_untouched() {
        let (outer, file) = place();
        let target = outer.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, &file).unwrap();
        for refused in
            [read(&file, LIMIT).unwrap_err(), write(&file, b"x", Durability::Disk).unwrap_err()]
        {
            assert!(
                is_unsafe(&refused) && refused.to_string().contains("is a symlink"),
                "{refused}"
            );
        }
        assert!(remove(&file).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }

    /// S-10: a lock or a marker is not made where a link leads.
    #[test]
    fn a_symlink_in_place_of_a_lock_or_a_marker_makes_no_file() {
        let (outer, file) = place();
        let target = outer.path().join("absent");
        symlink(&target, &file).unwrap();
        assert!(open_lock(&file).is_err());
        assert!(!create_marker(&file).unwrap_or(false));
        assert!(!target.exists());
        fs::remove_file(&file).unwrap();
        assert!(create_marker(&file).unwrap() && !create_marker(&file).unwrap());
        open_lock(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    /// S-10: whoever puts a link there between the look and the opening gains nothing.
    #[test]
    fn a_link_is_never_opened_even_if_it_appears_after_the_look() {
        let (outer, file) = place();
        let target = outer.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, &file).unwrap();
        for options in [options_to_read(), options_to_append(), options_to_lock()] {
            assert!(options.open(&file).is_err(), "{options:?}");
        }
        assert!(options_to_create().open(&file).is_err());
        // What looks like a temporary file of a killed writer is left alone.
        let temporary = folder_of(&file).join(".x.json.0.tmp");
        symlink(&target, &temporary).unwrap();
        sweep(&file);
        assert!(fs::symlink_metadata(&temporary).is_ok());
    }

    /// S-10
    #[test]
    fn a_symlink_in_place_of_the_folder_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("real")).unwrap();
        symlink(outer.path().join("real"), outer.path().join("credentials")).unwrap();
        let refused = create_folder(&outer.path().join("credentials")).unwrap_err();
        assert!(is_unsafe(&refused) && refused.to_string().contains("is a symlink"), "{refused}");
    }

    #[test]
    fn a_pipe_or_a_folder_in_place_of_the_file_is_refused_without_waiting() {
        let (_outer, file) = place();
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::from_raw_mode(0o600))
            .unwrap();
        assert!(is_unsafe(&read(&file, LIMIT).unwrap_err()));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        assert!(is_unsafe(&write(&file, b"x", Durability::Disk).unwrap_err()));
    }

    /// Only root can give a file to another user, so this cannot be tested otherwise.
    #[test]
    fn files_and_folders_of_other_users_are_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (_outer, file) = place();
        write(&file, b"x", Durability::Disk).unwrap();
        std::os::unix::fs::chown(&file, Some(4242), None).unwrap();
        let refused = read(&file, LIMIT).unwrap_err();
        assert!(refused.to_string().contains("belongs to user 4242"), "{refused}");
        assert!(write(&file, b"y", Durability::Disk).is_err());
        std::os::unix::fs::chown(folder_of(&file), Some(4242), None).unwrap();
        assert!(create_folder(folder_of(&file)).is_err());
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
        File::create(&file).unwrap().set_len(LIMIT + 1).unwrap();
        let refused = read(&file, LIMIT).unwrap_err();
        assert!(matches!(refused, PrivateFileError::TooLarge { .. }), "{refused}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_a_way_out() {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("home"), "").unwrap();
        let error = create_folder(&outer.path().join("home/state")).unwrap_err();
        assert!(error.to_string().contains("home/state"), "{error}");
    }
}
