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
