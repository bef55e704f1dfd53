//! A host's configuration file: read whole, edited in memory, and replaced in one step with a
//! backup beside it. Refuses whatever could lose something: a file that others own, that is
//! read-only, that cannot be read for sure or that changed meanwhile. A symlink stays, and its
//! target is replaced.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::document::{Document, Flaw};
use super::table::{Host, Scope, shown};
use crate::error::{Error, Result};

/// The largest file of a user, in bytes: Claude Code's grows to some megabytes.
const MAX_USER_FILE: u64 = 8 * 1024 * 1024;
/// The largest file of a project, in bytes. Whoever wrote the project chose what is in it, and what
/// is parsed takes many times its size in memory.
const MAX_PROJECT_FILE: u64 = 1024 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A configuration file that was read, or one that is not there yet.
pub struct HostFile {
    path: PathBuf,
    target: PathBuf,
    scope: Scope,
    found: Option<Found>,
    /// What it holds; edit this, then [`HostFile::save`].
    pub document: Document,
}

struct Found {
    bytes: Vec<u8>,
    metadata: Metadata,
}

/// What was written beside the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// The former content.
    pub backup: Option<PathBuf>,
    /// The folder that had to be made: the host may not be installed at all.
    pub made_folder: Option<PathBuf>,
}

/// Why a file could not be read as a configuration.
#[derive(Debug)]
pub enum FileError {
    /// The file itself.
    Unusable(Error),
    /// Its text.
    Flawed(PathBuf, Flaw),
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Unusable(error) => error,
            FileError::Flawed(path, flaw) => {
                Self::failed(format!("cannot read {}, {flaw}", shown(&path)))
                    .hint("repair it by hand first: nothing was changed")
            }
        }
    }
}

impl HostFile {
    /// Reads the file of this host in this scope. One that does not exist is an empty one.
    ///
    /// # Errors
    /// A file that cannot be read, that is larger than 8 MiB (1 MiB in a project), or whose text is
    /// not a configuration of this host.
    pub fn open(host: &Host, scope: Scope, path: &Path) -> std::result::Result<Self, FileError> {
        let target = target_of(path).map_err(FileError::Unusable)?;
        let found = read(&target, scope).map_err(FileError::Unusable)?;
        let bytes = found.as_ref().map(|found| found.bytes.as_slice()).unwrap_or_default();
        let text = text(&target, bytes).map_err(FileError::Unusable)?;
        let document =
            Document::parse(text, host).map_err(|flaw| FileError::Flawed(target.clone(), flaw))?;
        Ok(Self { path: path.to_path_buf(), target, scope, found, document })
    }

    /// Where it is, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it exists.
    pub fn exists(&self) -> bool {
        self.found.is_some()
    }

    /// Whether the edits changed anything.
    pub fn is_changed(&self) -> bool {
        self.found.as_ref().is_none_or(|found| found.bytes != self.bytes())
    }

    /// The edits, as `diff -u` shows them.
    pub fn difference(&self) -> String {
        let former = self.found.as_ref().map(|found| found.bytes.as_slice()).unwrap_or_default();
        let former = String::from_utf8_lossy(former);
        let (new, name) = (self.bytes(), self.path.display().to_string());
        let new = String::from_utf8_lossy(&new);
        let difference = similar::TextDiff::from_lines(former.as_ref(), new.as_ref());
        let mut unified = difference.unified_diff();
        unified.context_radius(2).header(&name, &name).to_string()
    }

    /// Replaces the file. `private` is for a file that is not there yet: only its owner may read
    /// it.
    pub fn save(&self, private: bool) -> Result<Saved> {
        let folder = self.target.parent().unwrap_or(Path::new("."));
        if let Some(found) = &self.found {
            replaceable(&self.target, &found.metadata)?;
        }
        let mut saved = Saved::default();
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
            saved.made_folder = Some(folder.to_path_buf());
        }
        let temporary = self.temporary(folder, private)?;
        self.check_unchanged()?;
        saved.backup = match &self.found {
            Some(found) => Some(back_up(&self.target, found)?),
            None => None,
        };
        let persisted = match &self.found {
            Some(_) => temporary.persist(&self.target),
            // Whoever made it meanwhile keeps it.
            None => temporary.persist_noclobber(&self.target),
        };
        persisted.map_err(|failed| cannot("replace", &self.target, &failed.error))?;
        synchronise(folder);
        Ok(saved)
    }

    /// The new content beside the file, with the mode that the file has or shall have.
    fn temporary(&self, folder: &Path, private: bool) -> Result<tempfile::NamedTempFile> {
        let failed = |error: io::Error| cannot("write into", folder, &error);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".mcp-tether-").suffix(".tmp");
        let permissions = self.found.as_ref().map(|found| found.metadata.permissions());
        let permissions = permissions.or_else(|| if private { None } else { for_everyone() });
        let mut temporary = builder.tempfile_in(folder).map_err(failed)?;
        temporary.write_all(&self.bytes()).map_err(failed)?;
        if let Some(permissions) = permissions {
            temporary.as_file().set_permissions(permissions).map_err(failed)?;
        }
        temporary.as_file().sync_all().map_err(failed)?;
        Ok(temporary)
    }

    /// Hosts write their files too. Between this look and the renaming lie microseconds.
    fn check_unchanged(&self) -> Result<()> {
        let now = read(&self.target, self.scope)?;
        let bytes = |found: &Option<Found>| found.as_ref().map(|found| found.bytes.clone());
        if bytes(&now) == bytes(&self.found) {
            return Ok(());
        }
        Err(Error::failed(format!("{} was changed meanwhile", shown(&self.path)))
            .hint("nothing was written: run the command again"))
    }

    fn bytes(&self) -> Vec<u8> {
        let marked = self.found.as_ref().is_some_and(|f| f.bytes.starts_with(BYTE_ORDER_MARK));
        let mark = if marked { BYTE_ORDER_MARK } else { &[] };
        [mark, self.document.text().as_bytes()].concat()
    }
}

/// Where the file really is: people keep their configuration elsewhere and link to it.
fn target_of(path: &Path) -> Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_symlink() => fs::canonicalize(path).map_err(|error| {
            Error::failed(format!("{} is a symlink that leads nowhere: {error}", shown(path)))
                .hint("create the file it names, or remove the symlink")
        }),
        Err(error) if is_absent(&error) => Ok(path.to_path_buf()),
        Err(error) => Err(cannot("look at", path, &error)),
        Ok(_) => Ok(path.to_path_buf()),
    }
}

fn read(path: &Path, scope: Scope) -> Result<Option<Found>> {
    // Looked at first: opening a pipe would wait for its other end.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(cannot("look at", path, &error)),
    };
    if !metadata.is_file() {
        return Err(Error::failed(format!("{} is not a file", shown(path))));
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
        let message =
            format!("{} is larger than {mib} MiB, too large to be a configuration", shown(path));
        return Err(Error::failed(message).hint("move what is not configuration out of it"));
    }
    Ok(Some(Found { bytes, metadata }))
}

fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::failed(format!("cannot read {}, line {line}: it is not UTF-8", shown(path)))
            .hint("save it as UTF-8 in an editor; nothing was changed")
    })
}

/// A renaming asks only the folder for permission, so what the file says is asked here.
fn replaceable(path: &Path, metadata: &Metadata) -> Result<()> {
    if metadata.permissions().readonly() {
        return Err(Error::failed(format!("{} is read-only", shown(path)))
            .hint("make it writable, or add the entry by hand: `--print` shows it"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let we = rustix::process::geteuid().as_raw();
        if metadata.uid() != we {
            let owner = metadata.uid();
            let message = format!("{} belongs to user {owner}, and this is user {we}", shown(path));
            return Err(Error::failed(message).hint("run the command as its owner"));
        }
    }
    Ok(())
}

/// The former content under the first name that is free or holds the same already.
#[expect(clippy::disallowed_methods, reason = "a host's file, with the mode that it has")]
fn back_up(path: &Path, found: &Found) -> Result<PathBuf> {
    let name = path.file_name().unwrap_or_default();
    for number in 0..100 {
        let mut backup = name.to_owned();
        backup.push(if number == 0 { ".bak".to_owned() } else { format!(".bak{number}") });
        let backup = path.with_file_name(backup);
        let created = OpenOptions::new().write(true).create_new(true).open(&backup);
        match created {
            Ok(mut file) => {
                file.set_permissions(found.metadata.permissions())
                    .and_then(|()| file.write_all(&found.bytes))
                    .and_then(|()| file.sync_all())
                    .map_err(|error| cannot("write", &backup, &error))?;
                return Ok(backup);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&backup).is_ok_and(|bytes| bytes == found.bytes) {
                    return Ok(backup);
                }
            }
            Err(error) => return Err(cannot("write", &backup, &error)),
        }
    }
    Err(Error::failed(format!("there are too many backups of {}", shown(path)))
        .hint("remove the files that end in `.bak` and a number"))
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

/// A renaming lasts when its folder does; some file systems cannot promise that.
fn synchronise(folder: &Path) {
    if cfg!(unix) {
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let failed = Error::failed(format!("cannot {what} {}: {error}", shown(path)));
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failed.hint("add the entry by hand: `--print` shows it")
        }
        _ => failed,
    }
}
