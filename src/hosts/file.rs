//! A host's configuration file: reads it, edits it in memory, makes a backup and replaces it in one
//! step. Refuses a file that another user owns, that is read-only, that cannot be parsed or that
//! has changed since it was read. If the file is a symlink, replaces its target.

use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::backup::{back_up, backups};
use super::document::Document;
use super::failed_access::cannot;
use super::file_lock::lock;
use super::known_host::KnownHost;
use super::places::{HostFolders, Scope, display_path};
use super::syntax_error::SyntaxError;
use crate::error::{Error, Result};

/// The largest file of a user, in bytes: Claude Code's grows to several megabytes.
const MAX_USER_FILE: u64 = 8 * 1024 * 1024;
/// The largest file of a project, in bytes. Someone else may have written it, and parsing takes
/// many times its size in memory.
const MAX_PROJECT_FILE: u64 = 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A configuration file that was read, or one that does not exist yet.
pub struct HostFile {
    host: &'static KnownHost,
    path: PathBuf,
    target: PathBuf,
    scope: Scope,
    found: Option<FoundFile>,
    /// Its content. Edit this, then call [`HostFile::save`].
    pub document: Document,
}

struct FoundFile {
    bytes: Vec<u8>,
    metadata: Metadata,
}

/// What a file has after a removal.
enum Undone {
    /// The content of a backup.
    Former(Vec<u8>),
    /// Its own content without what was removed.
    Edited(Vec<u8>),
    /// Nothing is left that it would be needed for.
    Nothing,
}

/// Files and folders created beside the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SavedFile {
    /// A file with the old content.
    pub backup: Option<PathBuf>,
    /// The folder that did not exist, which may mean that the host is not installed.
    pub created_folder: Option<PathBuf>,
    /// Whether the file itself was removed, because nothing was left in it.
    pub removed: bool,
}

/// Why a file could not be read as a configuration.
#[derive(Debug)]
pub enum FileError {
    /// The file cannot be read, or the text in it cannot be parsed.
    Unusable(Error),
    /// Another program has changed it since it was read. Nothing was written.
    Changed(PathBuf),
}

impl From<Error> for FileError {
    fn from(error: Error) -> Self {
        Self::Unusable(error)
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Unusable(error) => error,
            FileError::Changed(path) => {
                Self::failed(format!("{} has changed in the meantime", display_path(&path)))
                    .hint("nothing was written: run the command again")
            }
        }
    }
}

impl HostFile {
    /// Reads the file of this host in this scope. A file that does not exist counts as empty.
    ///
    /// # Errors
    /// The file cannot be read, is larger than 8 MiB (1 MiB in a project), or is not a
    /// configuration of this host.
    pub fn open(
        host: &'static KnownHost,
        scope: Scope,
        path: &Path,
    ) -> std::result::Result<Self, FileError> {
        let target = target_of(path).map_err(FileError::Unusable)?;
        let found = read(&target, scope).map_err(FileError::Unusable)?;
        let bytes = found.as_ref().map(|found| found.bytes.as_slice()).unwrap_or_default();
        let text = text(&target, bytes).map_err(FileError::Unusable)?;
        let document = Document::parse_file(text, host, path)
            .map_err(|error| syntax_failure(&target, &error))?;
        Ok(Self { host, path: path.to_path_buf(), target, scope, found, document })
    }

    /// Its path, before symlinks are resolved.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it has no entries and is not the file for new ones, because it is another host's or
    /// the host no longer reads it.
    pub(crate) fn is_irrelevant(&self) -> bool {
        let is_other = self.document.key_of_another_kind().is_some();
        self.document.entries().is_empty() && (is_other || self.host.is_older_file(&self.path))
    }

    /// Whether the text has comments or commas that strict JSON forbids.
    pub(crate) fn has_comments(&self) -> bool {
        let text = self.document.text();
        text.trim_start().starts_with(['{', '/'])
            && serde_json::from_str::<IgnoredAny>(&text).is_err()
    }

    /// Checks that the file can be replaced, or created, without writing it.
    ///
    /// # Errors
    /// The file is read-only or belongs to another user, or its folder cannot be written.
    pub(crate) fn check_writable(&self) -> Result<()> {
        if let Some(found) = &self.found {
            check_replaceable(&self.target, &found.metadata)?;
        }
        let mut folder = self.target.parent().unwrap_or(Path::new("."));
        while !folder.exists()
            && let Some(outer) = folder.parent()
        {
            folder = outer;
        }
        tempfile::tempfile_in(folder).map_err(|error| cannot("write into", folder, &error))?;
        Ok(())
    }

    /// Replaces the file after a removal. If nothing else has changed since a backup was made, the
    /// file gets the content of the backup; if it was created for the entry and nothing is left, it
    /// is removed with the folders that are empty then.
    ///
    /// # Errors
    /// As for [`HostFile::save`].
    pub(crate) fn save_undone(
        self,
        private: bool,
        folders: &HostFolders,
    ) -> std::result::Result<SavedFile, FileError> {
        match self.undone()? {
            Undone::Former(bytes) | Undone::Edited(bytes) => self.save_bytes(&bytes, private),
            Undone::Nothing => self.remove_file(folders),
        }
    }

    /// What [`HostFile::save_undone`] would change, in the format of `diff -u`, and whether it
    /// would remove the file.
    ///
    /// # Errors
    /// The edited text cannot be read.
    pub(crate) fn difference_undone(&self) -> std::result::Result<(String, bool), FileError> {
        Ok(match self.undone()? {
            Undone::Former(bytes) | Undone::Edited(bytes) => (self.difference_to(&bytes), false),
            Undone::Nothing => (self.difference_to(b""), true),
        })
    }

    fn undone(&self) -> std::result::Result<Undone, FileError> {
        let edited = self.copy()?;
        let backups = backups(&self.target);
        for backup in &backups {
            let Ok(Some(former)) = read(backup, self.scope) else { continue };
            let Ok(text) = text(backup, &former.bytes) else { continue };
            if self.copy()?.differs_only_in_layout(text) {
                return Ok(Undone::Former(former.bytes));
            }
        }
        let is_link = self.path != self.target;
        if backups.is_empty() && !is_link && self.copy()?.is_empty() {
            return Ok(Undone::Nothing);
        }
        Ok(Undone::Edited(self.marked(edited.text().as_bytes())))
    }

    /// The edited configuration as a host will read it, to try another edit on.
    ///
    /// # Errors
    /// Parsed again, the edited text does not have the intended entries: our edit is wrong, and
    /// nothing is written.
    fn copy(&self) -> std::result::Result<Document, FileError> {
        let text = self.document.text();
        let copy = Document::parse_file(&text, self.host, &self.path);
        match copy {
            Ok(copy) if copy.has_entries_of(&self.document) => Ok(copy),
            _ => {
                let path = display_path(&self.target);
                Err(Error::failed(format!("{path} has a layout that cannot be edited here"))
                    .hint("edit it by hand: `install --print` shows an entry; nothing was changed")
                    .into())
            }
        }
    }

    fn remove_file(self, folders: &HostFolders) -> std::result::Result<SavedFile, FileError> {
        if let Some(found) = &self.found {
            check_replaceable(&self.target, &found.metadata)?;
        }
        let _lock = lock(&self.target)?;
        self.check_unchanged()?;
        fs::remove_file(&self.target).map_err(|error| cannot("remove", &self.target, &error))?;
        let mut folder = self.target.parent();
        while let Some(empty) = folder.filter(|folder| !folders.contains(folder)) {
            // Fails if the folder is not empty.
            folder = fs::remove_dir(empty).ok().and_then(|()| empty.parent());
        }
        Ok(SavedFile { removed: true, ..SavedFile::default() })
    }

    /// The edits in the format of `diff -u`.
    pub(crate) fn difference(&self) -> String {
        self.difference_to(&self.bytes())
    }

    fn difference_to(&self, new: &[u8]) -> String {
        let former = self.found.as_ref().map(|found| found.bytes.as_slice()).unwrap_or_default();
        let former = String::from_utf8_lossy(former);
        let (new, name) = (String::from_utf8_lossy(new), self.path.display().to_string());
        let difference = similar::TextDiff::from_lines(former.as_ref(), new.as_ref());
        let mut unified = difference.unified_diff();
        unified.context_radius(2).header(&name, &name).to_string()
    }

    /// Replaces the file. If it does not exist yet, `private` makes it readable by its owner only.
    ///
    /// # Errors
    /// [`FileError::Changed`] if the file has changed since it was read; otherwise the file is
    /// read-only, belongs to another user, or cannot be written.
    pub fn save(&self, private: bool) -> std::result::Result<SavedFile, FileError> {
        self.copy()?;
        self.save_bytes(&self.bytes(), private)
    }

    fn save_bytes(&self, bytes: &[u8], private: bool) -> std::result::Result<SavedFile, FileError> {
        let folder = self.target.parent().unwrap_or(Path::new("."));
        if let Some(found) = &self.found {
            check_replaceable(&self.target, &found.metadata)?;
        }
        let mut saved = SavedFile::default();
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
            saved.created_folder = Some(folder.to_path_buf());
        }
        let temporary = self.temporary(folder, bytes, private)?;
        let _lock = match &self.found {
            Some(_) => lock(&self.target)?,
            None => None,
        };
        self.check_unchanged()?;
        saved.backup = match &self.found {
            Some(found) => {
                Some(back_up(&self.target, &found.bytes, &found.metadata.permissions())?)
            }
            None => None,
        };
        // A program that does not use the lock may have written while the backup was made.
        self.check_unchanged()?;
        let persisted = match &self.found {
            Some(_) => temporary.persist(&self.target),
            // If another program has created it in the meantime, keep that file.
            None => temporary.persist_noclobber(&self.target),
        };
        match persisted {
            Ok(_) => synchronize(folder),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(FileError::Changed(self.path.clone()));
            }
            Err(failed) => return Err(cannot("replace", &self.target, &failed.error).into()),
        }
        Ok(saved)
    }

    /// Writes the new content to a temporary file with the permissions of the file.
    fn temporary(
        &self,
        folder: &Path,
        bytes: &[u8],
        private: bool,
    ) -> Result<tempfile::NamedTempFile> {
        let failed = |error: io::Error| cannot("write into", folder, &error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mcp-tether-").suffix(".tmp");
        let permissions = self.found.as_ref().map(|found| found.metadata.permissions());
        let permissions = permissions.or_else(|| if private { None } else { for_everyone() });
        let mut temporary = builder.tempfile_in(folder).map_err(failed)?;
        temporary.write_all(bytes).map_err(failed)?;
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions).map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        Ok(temporary)
    }

    /// Checks that the file has not changed: hosts write their files too. Only microseconds pass
    /// between the last check and the rename.
    fn check_unchanged(&self) -> std::result::Result<(), FileError> {
        let now = read(&self.target, self.scope)?;
        let bytes = |found: &Option<FoundFile>| found.as_ref().map(|found| found.bytes.clone());
        if bytes(&now) == bytes(&self.found) {
            return Ok(());
        }
        Err(FileError::Changed(self.path.clone()))
    }

    fn bytes(&self) -> Vec<u8> {
        self.marked(self.document.text().as_bytes())
    }

    /// A text with the mark of its encoding, if the file has one.
    fn marked(&self, text: &[u8]) -> Vec<u8> {
        let marked = self.found.as_ref().is_some_and(|f| f.bytes.starts_with(BYTE_ORDER_MARK));
        let mark = if marked { BYTE_ORDER_MARK } else { &[] };
        [mark, text].concat()
    }
}

fn syntax_failure(target: &Path, error: &SyntaxError) -> FileError {
    let error = Error::failed(format!("cannot read {}, {error}", display_path(target)))
        .hint("repair it by hand; this file was not changed");
    FileError::Unusable(error)
}

/// Resolves a symlink: some people keep their configurations elsewhere and link to them.
fn target_of(path: &Path) -> Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => fs::canonicalize(path).map_err(|error| {
            Error::failed(format!("{} is a broken symlink: {error}", display_path(path)))
                .hint("create the file that it points to, or remove the symlink")
        }),
        Err(error) if is_absent(&error) => Ok(path.to_path_buf()),
        Err(error) => Err(cannot("access", path, &error)),
        Ok(_) => Ok(path.to_path_buf()),
    }
}

fn read(path: &Path, scope: Scope) -> Result<Option<FoundFile>> {
    // Opening a pipe would block, so check first that this is a file.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(cannot("access", path, &error)),
    };
    if !metadata.is_file() {
        return Err(Error::failed(format!("{} is not a file", display_path(path)))
            .hint("move it away, and run the command again"));
    }
    let largest = match scope {
        Scope::User => MAX_USER_FILE,
        Scope::Project => MAX_PROJECT_FILE,
    };
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(largest + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot("read", path, &error))?;
    if bytes.len() as u64 > largest {
        let mib = largest / (1024 * 1024);
        let path = display_path(path);
        let message = format!("{path} is larger than {mib} MiB, too large for a configuration");
        return Err(Error::failed(message).hint("remove what is not configuration from it"));
    }
    Ok(Some(FoundFile { bytes, metadata }))
}

fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Error::failed(format!("cannot read {}: it is UTF-16", display_path(path)))
            .hint("save it as UTF-8 in an editor, which hosts expect; this file was not changed"));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::failed(format!("cannot read {}, line {line}: it is not UTF-8", display_path(path)))
            .hint("save it as UTF-8 in an editor; this file was not changed")
    })
}

/// Checks the permissions of the file: a rename only needs those of the folder.
fn check_replaceable(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.permissions().readonly() {
        return Err(Error::failed(format!("{} is read-only", display_path(path)))
            .hint("make it writable, or edit it by hand: `install --print` shows an entry"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let we = rustix::process::geteuid().as_raw();
        if metadata.uid() != we {
            let owner = metadata.uid();
            let path = display_path(path);
            let message = format!("{path} belongs to user {owner}, but this is user {we}");
            return Err(Error::failed(message).hint("run the command as its owner"));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn for_everyone() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn for_everyone() -> Option<fs::Permissions> {
    None
}

/// Makes a rename durable. Some file systems do not support that.
fn synchronize(folder: &Path) {
    if cfg!(unix) {
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
