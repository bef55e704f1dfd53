//! A row of the table of hosts, with functions on it: the host's files, and whether the host seems
//! to be installed.

use std::path::{Path, PathBuf};

use super::entry_shape::{Expansion, Field, Fields, Format, SectionKeys};
use super::links::Link;
use super::places::{HostFolders, Place, Places, Scope, existing_or_first, native};

/// A program that starts MCP servers from a configuration file.
#[derive(Clone, Copy, Debug)]
pub struct KnownHost {
    /// The name for `--host`.
    pub id: &'static str,
    /// The name in messages.
    pub title: &'static str,
    /// The format of its file.
    pub format: Format,
    /// Members of a new entry after its command, such as time limits.
    pub fields: &'static [(&'static str, Field)],
    /// Sections in whose entries these members differ.
    pub(super) other_fields: &'static [(SectionKeys, Fields)],
    /// The sections that contain entries, as keys from the outermost; `*` stands for any key. New
    /// entries go to the last section without `*` that the file has, or otherwise to the first.
    pub sections: &'static [&'static [&'static str]],
    /// Whether the host accepts comments in its file.
    pub accepts_comments: bool,
    /// What the host replaces in the words of an entry before it starts the program.
    pub expansion: Expansion,
    /// How to make the host read a change.
    pub(crate) afterwards: &'static str,
    pub(super) user: Places,
    /// Below the folder of a project, the preferred file first.
    pub(super) project: &'static [&'static str],
    /// Files that only `migrate`, `hosts`, `doctor` and `uninstall` read.
    pub(super) older: &'static [OlderFile],
    pub(super) others: Others,
    /// Programs on `PATH` that show that it is installed.
    pub(super) programs: &'static [&'static str],
    /// The URL that adds an entry, if the host has one.
    pub(crate) link: Option<Link>,
    /// A host whose file this one reads too, so that its file gets new entries as well.
    pub(crate) also: Option<&'static str>,
    /// The evidence for all of this, the strongest first.
    pub evidence: &'static [Evidence],
}

/// Evidence for a fact about a host.
#[derive(Clone, Copy, Debug)]
pub enum Evidence {
    /// This version of the host was run.
    Run(&'static str),
    /// Its own code says so, at this place.
    Code(&'static str),
    /// A schema that its maker publishes.
    Schema(&'static str),
    /// Its maker's documentation.
    Documentation(&'static str),
    /// Other programs and their users say so.
    Reports(&'static str),
}

/// A file that the host no longer reads, or that people write by mistake.
#[derive(Clone, Copy, Debug)]
pub(super) struct OlderFile {
    pub(super) scope: Scope,
    /// In the user's folders, or below the folder of a project.
    pub(super) place: Place,
    pub(super) format: Format,
    pub(super) sections: &'static [&'static [&'static str]],
}

/// Other files that a host reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Others {
    None,
    /// A file with the same name in each folder in `profiles` beside the user's file.
    Profiles,
    /// Every JSON file in the same folder.
    Siblings,
}

/// Whether a file exists, or may exist in a folder of the host that this user cannot read.
fn is_there(file: &Path) -> bool {
    match file.symlink_metadata() {
        Ok(_) => true,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            file.parent().is_some_and(|folder| folder.symlink_metadata().is_ok())
        }
        Err(_) => false,
    }
}

impl KnownHost {
    /// The files for new entries. Empty if the host has no file in this scope on this system, or a
    /// folder is unknown.
    pub fn files_for_new_entries(&self, scope: Scope, folders: &HostFolders) -> Vec<PathBuf> {
        match scope {
            Scope::User => self.user.for_new_entries(folders),
            Scope::Project if self.project.is_empty() => Vec::new(),
            Scope::Project => {
                let Some(project) = &folders.project else { return Vec::new() };
                let paths: Vec<_> =
                    self.project.iter().map(|path| project.join(native(path))).collect();
                vec![existing_or_first(paths.iter())]
            }
        }
    }

    /// The first file for new entries.
    pub fn file(&self, scope: Scope, folders: &HostFolders) -> Option<PathBuf> {
        self.files_for_new_entries(scope, folders).into_iter().next()
    }

    /// The other files of a project, for when the preferred one belongs to another host.
    pub(crate) fn other_project_files(&self, not: &Path, folders: &HostFolders) -> Vec<PathBuf> {
        let Some(project) = &folders.project else { return Vec::new() };
        let paths = self.project.iter().map(|path| project.join(native(path)));
        paths.filter(|path| path != not).collect()
    }

    /// Every configuration file of this scope that exists.
    pub(crate) fn files(&self, scope: Scope, folders: &HostFolders) -> Vec<PathBuf> {
        let usual = self.files_for_new_entries(scope, folders);
        let mut files = usual.clone();
        match (scope, &folders.project) {
            (Scope::User, _) => files.extend(self.user.all(folders)),
            (Scope::Project, Some(project)) => {
                files.extend(self.project.iter().map(|path| project.join(native(path))));
            }
            (Scope::Project, None) => {}
        }
        files.extend(usual.iter().flat_map(|file| self.others_beside(file, scope)));
        for older in self.older.iter().filter(|older| older.scope == scope) {
            let places = Places::path_of(&older.place, scope, folders);
            files.extend(places);
        }
        let mut seen = std::collections::HashSet::new();
        files.retain(|file| is_there(file) && seen.insert(file.clone()));
        files
    }

    fn others_beside(&self, file: &Path, scope: Scope) -> Vec<PathBuf> {
        let Some((folder, name)) = file.parent().zip(file.file_name()) else { return Vec::new() };
        let list = |folder: &Path| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.sort();
            paths
        };
        match self.others {
            Others::Profiles if scope == Scope::User => {
                list(&folder.join("profiles")).into_iter().map(|path| path.join(name)).collect()
            }
            Others::Siblings => {
                let is_json = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "json");
                list(folder).into_iter().filter(is_json).collect()
            }
            Others::Profiles | Others::None => Vec::new(),
        }
    }

    /// The format and the sections of this file.
    pub(super) fn shape_of(&self, path: &Path) -> (Format, &'static [&'static [&'static str]]) {
        let older = self.older.iter().find(|older| older.place.is_at(path));
        older.map_or((self.format, self.sections), |older| (older.format, older.sections))
    }

    /// Returns whether the host no longer reads this file.
    pub(crate) fn is_older_file(&self, path: &Path) -> bool {
        self.older.iter().any(|older| older.place.is_at(path))
    }

    /// Returns whether it has a file in the folder of a project.
    pub(crate) fn has_project_file(&self) -> bool {
        !self.project.is_empty()
    }

    /// Returns whether it has a file of the user on this system.
    pub(crate) fn has_user_file(&self, folders: &HostFolders) -> bool {
        !self.user.on(folders.system).is_empty()
    }

    /// Returns whether the host seems to be installed: it has a file or a folder of its own here,
    /// or a program on `PATH`.
    pub(crate) fn is_here(&self, folders: &HostFolders, path: &[PathBuf]) -> bool {
        if !self.has_user_file(folders) {
            return false;
        }
        let roots = [&folders.home, &folders.settings, &folders.config, &folders.local];
        let is_root = |folder: &Path| roots.iter().any(|root| root.as_deref() == Some(folder));
        let has_trace = self.user.all(folders).iter().any(|file| {
            let own = file.parent().filter(|folder| !is_root(folder));
            file.symlink_metadata().is_ok() || own.is_some_and(Path::is_dir)
        });
        let ending = std::env::consts::EXE_SUFFIX;
        let is_program = |folder: &PathBuf| {
            self.programs.iter().any(|program| folder.join(format!("{program}{ending}")).is_file())
        };
        has_trace || path.iter().any(is_program)
    }

    /// The variables that move its files.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.user.variables()
    }
}
