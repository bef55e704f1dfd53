//! Backups beside a configuration: `.bak`, then `.bak1` and so on.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failed_access::cannot;
use super::places::display_path;
use crate::error::{Error, Result};

/// How many backups of one file are kept.
const MAX_BACKUPS: usize = 100;

/// The backups of a file, the newest first.
pub(super) fn backups(path: &Path) -> Vec<PathBuf> {
    let all = (0..MAX_BACKUPS).map(|number| backup_path(path, number));
    let mut there: Vec<PathBuf> = all.take_while(|backup| backup.is_file()).collect();
    there.reverse();
    there
}

fn backup_path(path: &Path, number: usize) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(if number == 0 { ".bak".to_owned() } else { format!(".bak{number}") });
    path.with_file_name(name)
}

/// Writes the old content to the first backup name that is unused or already has that content.
#[expect(clippy::disallowed_methods, reason = "a host's file, with the mode that it has")]
pub(super) fn back_up(
    path: &Path,
    content: &[u8],
    permissions: &fs::Permissions,
) -> Result<PathBuf> {
    for number in 0..MAX_BACKUPS {
        let backup = backup_path(path, number);
        let created = OpenOptions::new().write(true).create_new(true).open(&backup);
        match created {
            Ok(mut file) => {
                let written = file
                    .set_permissions(permissions.clone())
                    .and_then(|()| file.write_all(content))
                    .and_then(|()| file.sync_all());
                return match written {
                    Ok(()) => Ok(backup),
                    Err(error) => {
                        // A partial backup would look like a complete one.
                        let _ = fs::remove_file(&backup);
                        Err(cannot("write", &backup, &error))
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read(&backup).is_ok_and(|bytes| bytes == content) {
                    return Ok(backup);
                }
            }
            Err(error) => return Err(cannot("write", &backup, &error)),
        }
    }
    Err(Error::failed(format!("there are too many backups of {}", display_path(path)))
        .hint("remove the files that end in `.bak` and a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a backup of this content; returns its name.
    fn backed_up(path: &Path, content: &str) -> String {
        let permissions = fs::metadata(path).unwrap().permissions();
        let backup = back_up(path, content.as_bytes(), &permissions).unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), content);
        backup.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn found(path: &Path) -> Vec<String> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        backups(path).iter().map(name).collect()
    }

    #[test]
    fn each_content_has_one_backup_and_the_newest_is_found_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        fs::write(&path, "").unwrap();
        assert!(found(&path).is_empty());
        assert_eq!(backed_up(&path, "a"), "mcp.json.bak");
        assert_eq!(backed_up(&path, "a"), "mcp.json.bak", "it has that content already");
        assert_eq!(backed_up(&path, "b"), "mcp.json.bak1");
        assert_eq!(backed_up(&path, "c"), "mcp.json.bak2");
        assert_eq!(backed_up(&path, "a"), "mcp.json.bak");
        assert_eq!(found(&path), ["mcp.json.bak2", "mcp.json.bak1", "mcp.json.bak"]);
        fs::remove_file(folder.path().join("mcp.json.bak1")).unwrap();
        assert_eq!(found(&path), ["mcp.json.bak"], "up to the first gap");
        assert_eq!(backed_up(&path, "d"), "mcp.json.bak1", "a gap is filled");
    }

    #[test]
    fn backups_are_not_made_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "").unwrap();
        for number in 0..MAX_BACKUPS {
            fs::write(backup_path(&path, number), "").unwrap();
        }
        let permissions = fs::metadata(&path).unwrap().permissions();
        let error = back_up(&path, b"new", &permissions).unwrap_err();
        assert!(error.message().starts_with("there are too many backups"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MAX_BACKUPS + 1);
        let missing = folder.path().join("none/a");
        assert!(back_up(&missing, b"", &permissions).is_err(), "there is no folder");
    }

    #[cfg(unix)]
    #[test]
    fn a_backup_has_the_mode_of_its_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "").unwrap();
        for mode in [0o600, 0o640, 0o444] {
            let permissions = fs::Permissions::from_mode(mode);
            let content = format!("{mode:o}");
            let backup = back_up(&path, content.as_bytes(), &permissions).unwrap();
            assert_eq!(fs::metadata(backup).unwrap().permissions().mode() & 0o777, mode);
        }
    }
}
