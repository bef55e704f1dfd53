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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::OperatingSystem;

    fn host(id: &str) -> &'static KnownHost {
        KnownHost::from_id(id).unwrap()
    }

    /// A machine below this folder.
    fn folders(root: &Path) -> HostFolders {
        HostFolders {
            system: OperatingSystem::Linux,
            home: Some(root.join("home")),
            settings: Some(root.join("home/.config")),
            config: Some(root.join("home/.config")),
            local: Some(root.join("home/.local/share")),
            project: Some(root.join("project")),
            moved: Vec::new(),
        }
    }

    fn write(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn new_entries_go_to_the_users_file_or_to_the_projects() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let cursor = host("cursor");
        let file = |scope| cursor.file(scope, &folders);
        assert_eq!(file(Scope::User), Some(root.path().join("home/.cursor/mcp.json")));
        assert_eq!(file(Scope::Project), Some(root.path().join("project/.cursor/mcp.json")));
        let homeless = HostFolders { project: None, home: None, ..folders.clone() };
        assert_eq!(cursor.file(Scope::Project, &homeless), None);
        assert_eq!(cursor.file(Scope::User, &homeless), None);
        let desktop = host("claude-desktop");
        assert!(!desktop.has_project_file() && desktop.file(Scope::Project, &folders).is_none());
        let preferred = file(Scope::Project).unwrap();
        assert!(cursor.other_project_files(&preferred, &folders).iter().all(|o| *o != preferred));
        assert!(cursor.other_project_files(&preferred, &homeless).is_empty());
    }

    #[test]
    fn only_files_that_exist_are_listed_each_once() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let cursor = host("cursor");
        assert!(cursor.files(Scope::User, &folders).is_empty());
        write(&root.path().join("home/.cursor/mcp.json"));
        assert_eq!(cursor.files(Scope::User, &folders).len(), 1);
        assert!(cursor.files(Scope::Project, &folders).is_empty());
        write(&root.path().join("project/.cursor/mcp.json"));
        assert_eq!(cursor.files(Scope::Project, &folders).len(), 1);
        let nowhere = HostFolders { project: None, ..folders };
        assert!(cursor.files(Scope::Project, &nowhere).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_a_file_too() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("home/.cursor");
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("mcp.json")).unwrap();
        assert_eq!(host("cursor").files(Scope::User, &folders(root.path())).len(), 1);
    }

    #[test]
    fn profiles_and_siblings_have_files_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let vscode = host("vscode");
        let usual = vscode.file(Scope::User, &folders).unwrap();
        write(&usual);
        let (folder, name) = (usual.parent().unwrap(), usual.file_name().unwrap());
        for profile in ["b", "a"] {
            write(&folder.join("profiles").join(profile).join(name));
        }
        write(&folder.join("profiles/c/other.json"));
        let profiles = ["a", "b"].map(|profile| folder.join("profiles").join(profile).join(name));
        let expected = [&[usual.clone()][..], &profiles].concat();
        assert_eq!(vscode.files(Scope::User, &folders), expected, "in the order of their names");
        assert!(vscode.files(Scope::Project, &folders).is_empty());

        let siblings = host("continue");
        let usual = siblings.file(Scope::Project, &folders).unwrap();
        for name in ["b.json", "a.json", "c.txt"] {
            write(&usual.with_file_name(name));
        }
        let found = siblings.files(Scope::Project, &folders);
        let names: Vec<_> = found.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert_eq!(names, ["a.json", "b.json"]);
    }

    #[test]
    fn an_older_file_has_its_own_shape() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let vscode = host("vscode");
        let older = vscode.file(Scope::User, &folders).unwrap().with_file_name("settings.json");
        write(&older);
        assert!(vscode.is_older_file(&older));
        assert!(vscode.files(Scope::User, &folders).contains(&older));
        let usual = vscode.file(Scope::User, &folders).unwrap();
        assert!(!vscode.is_older_file(&usual));
        assert_eq!(vscode.shape_of(&usual).1, vscode.sections);
        assert_ne!(vscode.shape_of(&older).1, vscode.sections);
        assert!(!host("cursor").is_older_file(&older));
    }

    #[test]
    fn a_host_is_here_if_it_left_a_folder_or_a_program() {
        let root = tempfile::tempdir().unwrap();
        let folders = folders(root.path());
        let path = [root.path().join("bin")];
        let cursor = host("cursor");
        std::fs::create_dir_all(root.path().join("home/.config")).unwrap();
        assert!(!cursor.is_here(&folders, &path), "folders of everyone say nothing");
        let in_home = host("claude-code");
        assert!(!in_home.is_here(&folders, &path), "its file is right in the home folder");
        write(&in_home.file(Scope::User, &folders).unwrap());
        assert!(in_home.is_here(&folders, &path));
        std::fs::create_dir_all(root.path().join("home/.cursor")).unwrap();
        assert!(cursor.is_here(&folders, &path));
        let codex = host("codex");
        assert!(!codex.is_here(&folders, &path));
        let program = format!("{}{}", codex.programs[0], std::env::consts::EXE_SUFFIX);
        write(&root.path().join("bin").join(&program));
        assert!(codex.is_here(&folders, &path));
        assert!(!codex.is_here(&folders, &[root.path().to_path_buf()]));
        let visual_studio = host("copilot-xcode");
        let elsewhere = visual_studio.has_user_file(&folders);
        assert!(!elsewhere && !visual_studio.is_here(&folders, &path), "it is for another system");
    }
}
