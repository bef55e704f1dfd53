//! The places of hosts' files on each system: folders, the variables that move them, and which of
//! several places counts.

use std::path::{Path, PathBuf};

/// An operating system, as far as it decides where hosts keep their files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatingSystem {
    /// Linux, and every other Unix but macOS.
    #[default]
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl OperatingSystem {
    /// The system that this program was built for.
    pub fn of_this_build() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// To whom an entry applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This user, in every folder.
    User,
    /// Everyone who works in the current folder.
    Project,
}

impl Scope {
    /// The values of `--scope`, in the order of the help.
    pub(crate) const NAMES: [&str; 2] = ["user", "project"];

    /// The scope with this name, or `None`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Project].into_iter().find(|scope| scope.name() == name)
    }

    /// Its value of `--scope`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }

    /// The flag that selects it, with a space before it; empty if no flag is needed.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::User => "",
            Self::Project => " --scope project",
        }
    }
}

/// The folders that contain the hosts' files.
#[derive(Clone, Debug, Default)]
pub struct HostFolders {
    /// Which places count.
    pub system: OperatingSystem,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// Where programs of this system keep their settings: `~/.config`, `~/Library/Application
    /// Support` or `%APPDATA%`.
    pub settings: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME` or `~/.config`, on every system.
    pub config: Option<PathBuf>,
    /// Where programs keep what belongs to this machine: `%LOCALAPPDATA%` on Windows.
    pub local: Option<PathBuf>,
    /// The current folder.
    pub project: Option<PathBuf>,
    /// The variables that move a host's files, with their values.
    pub moved: Vec<(&'static str, PathBuf)>,
}

impl HostFolders {
    /// Whether this is one of the folders, or one that they are in.
    pub(super) fn contains(&self, folder: &Path) -> bool {
        let own = [&self.home, &self.settings, &self.config, &self.local, &self.project];
        let own = own.into_iter().flatten().chain(self.moved.iter().map(|(_, path)| path));
        own.into_iter().any(|own| {
            let target = own.canonicalize();
            own.starts_with(folder) || target.is_ok_and(|target| target.starts_with(folder))
        })
    }
}

/// A path in one of the folders. A part of the path may end in `*`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    root: Root,
    path: &'static str,
    usage: PlaceUse,
}

/// When a place gets new entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaceUse {
    /// If its folder exists, or if no folder of the host exists.
    Usually,
    /// Only if its folder exists.
    IfThere,
    /// If the host seems to be installed.
    Always,
}

#[derive(Clone, Copy, Debug)]
enum Root {
    Home,
    Settings,
    Config,
    Local,
    /// The folder that a variable names. Counts before all others.
    Variable(&'static str),
    /// The file that a variable names. Counts before all others.
    File(&'static str),
}

/// The places of a host's file on each system, the preferred ones first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) linux: &'static [Place],
    pub(super) macos: &'static [Place],
    pub(super) windows: &'static [Place],
}

pub(super) const fn home(path: &'static str) -> Place {
    Place { root: Root::Home, path, usage: PlaceUse::Usually }
}

pub(super) const fn settings(path: &'static str) -> Place {
    Place { root: Root::Settings, path, usage: PlaceUse::Usually }
}

pub(super) const fn config(path: &'static str) -> Place {
    Place { root: Root::Config, path, usage: PlaceUse::Usually }
}

pub(super) const fn local(path: &'static str) -> Place {
    Place { root: Root::Local, path, usage: PlaceUse::Usually }
}

pub(super) const fn variable(name: &'static str, path: &'static str) -> Place {
    Place { root: Root::Variable(name), path, usage: PlaceUse::Usually }
}

pub(super) const fn file_in_variable(name: &'static str) -> Place {
    Place { root: Root::File(name), path: "", usage: PlaceUse::Usually }
}

/// A place that only counts where its folder exists.
pub(super) const fn probed(place: Place) -> Place {
    Place { usage: PlaceUse::IfThere, ..place }
}

/// A place that counts wherever the host is: it makes the folder itself when it needs it.
pub(super) const fn always(place: Place) -> Place {
    Place { usage: PlaceUse::Always, ..place }
}

impl Places {
    pub(super) const fn everywhere(places: &'static [Place]) -> Self {
        Self { linux: places, macos: places, windows: places }
    }

    pub(super) const NOWHERE: Self = Self::everywhere(&[]);

    pub(super) fn on(&self, system: OperatingSystem) -> &'static [Place] {
        match system {
            OperatingSystem::Linux => self.linux,
            OperatingSystem::MacOs => self.macos,
            OperatingSystem::Windows => self.windows,
        }
    }

    /// The variables that move a file.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'static str> {
        let all = [self.linux, self.macos, self.windows];
        all.into_iter().flatten().filter_map(|place| match place.root {
            Root::Variable(name) | Root::File(name) => Some(name),
            Root::Home | Root::Settings | Root::Config | Root::Local => None,
        })
    }

    /// All paths of these places, in order.
    pub(super) fn all(&self, folders: &HostFolders) -> Vec<PathBuf> {
        let places = self.on(folders.system).iter();
        places.flat_map(|place| place.resolve(folders).into_iter().map(|(path, _)| path)).collect()
    }

    /// The path of one place.
    pub(super) fn path_of(place: &Place, scope: Scope, folders: &HostFolders) -> Vec<PathBuf> {
        match (scope, &folders.project) {
            (Scope::User, _) => place.resolve(folders).into_iter().map(|(path, _)| path).collect(),
            (Scope::Project, Some(project)) => vec![project.join(native(place.path))],
            (Scope::Project, None) => Vec::new(),
        }
    }

    /// The files that new entries go to: those that a variable names, or one in each folder that
    /// exists, or one in the first folder.
    pub(super) fn for_new_entries(&self, folders: &HostFolders) -> Vec<PathBuf> {
        let places = self.on(folders.system);
        let moved: Vec<_> = places.iter().filter(|place| place.is_moved()).copied().collect();
        let named: Vec<_> = moved.iter().flat_map(|place| place.resolve(folders)).collect();
        if let Some((first, _)) = named.first() {
            let folder = first.parent();
            let beside = named.iter().filter(|(path, _)| path.parent() == folder);
            return vec![existing_or_first(beside.map(|(path, _)| path))];
        }
        let found: Vec<_> = places
            .iter()
            .flat_map(|place| {
                let paths = place.resolve(folders).into_iter();
                paths.map(|(path, is_there)| (path, is_there, place.usage == PlaceUse::Always))
            })
            .collect();
        let is_here = found.iter().any(|(_, is_there, _)| *is_there);
        let counts = |is_there: bool, always: bool| is_there || (always && is_here);
        let mut folders_seen: Vec<&Path> = Vec::new();
        let mut files = Vec::new();
        for (path, ..) in found.iter().filter(|(_, is_there, always)| counts(*is_there, *always)) {
            let folder = path.parent().unwrap_or(path);
            if folders_seen.contains(&folder) {
                continue;
            }
            folders_seen.push(folder);
            let beside = found.iter().filter(|(other, ..)| other.parent() == path.parent());
            files.push(existing_or_first(beside.map(|(path, ..)| path)));
        }
        if files.is_empty() {
            let mut usual = places.iter().filter(|place| place.usage != PlaceUse::IfThere);
            let first = usual.find_map(|place| place.resolve(folders).into_iter().next());
            files.extend(first.map(|(path, _)| path));
        }
        files
    }
}

/// The first of these that exists, or otherwise the first.
pub(super) fn existing_or_first<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> PathBuf {
    let paths: Vec<&PathBuf> = paths.collect();
    let there = paths.iter().find(|path| path.symlink_metadata().is_ok());
    there.or(paths.first()).map(|path| (*path).clone()).unwrap_or_default()
}

impl Place {
    fn is_moved(&self) -> bool {
        matches!(self.root, Root::Variable(_) | Root::File(_))
    }

    /// The paths of this place, and whether the host seems to be installed there.
    fn resolve(&self, folders: &HostFolders) -> Vec<(PathBuf, bool)> {
        let moved = |name: &str| {
            let value = folders.moved.iter().find(|(other, _)| *other == name)?;
            Some(value.1.clone())
        };
        let root = match self.root {
            Root::Home => folders.home.clone(),
            Root::Settings => folders.settings.clone(),
            Root::Config => folders.config.clone(),
            Root::Local => folders.local.clone(),
            Root::Variable(name) => moved(name),
            Root::File(name) => return moved(name).map(|path| (path, true)).into_iter().collect(),
        };
        let Some(root) = root else { return Vec::new() };
        if self.path.contains('*') {
            return matching(&root, self.path).into_iter().map(|path| (path, true)).collect();
        }
        let path = root.join(native(self.path));
        // A file right in the home folder says nothing about its folder.
        let folder = path.parent().filter(|folder| *folder != root);
        let is_there = folder.map_or_else(|| path.exists(), Path::is_dir);
        if self.usage == PlaceUse::IfThere && !is_there {
            Vec::new()
        } else {
            vec![(path, is_there)]
        }
    }

    /// Whether this path ends as this place does.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        !self.path.is_empty() && path.ends_with(native(self.path))
    }
}

/// The paths below a folder whose parts match; a part may end in `*`, and such a part must exist.
fn matching(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut paths = vec![root.to_path_buf()];
    for part in pattern.split('/') {
        let Some(start) = part.strip_suffix('*') else {
            paths.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        let mut next = Vec::new();
        for folder in &paths {
            let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            let named = entries.filter(|entry| {
                entry.file_name().to_str().is_some_and(|name| name.starts_with(start))
                    && entry.path().is_dir()
            });
            next.extend(named.map(|entry| entry.path()));
        }
        next.sort();
        paths = next;
    }
    paths
}

pub(super) fn native(path: &str) -> PathBuf {
    path.split('/').collect::<PathBuf>()
}

/// A path for messages.
pub(super) fn display_path(path: &Path) -> String {
    format!("`{}`", crate::redact::plain(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: &[Place] = &[
        file_in_variable("FILE"),
        variable("FOLDER", "a.json"),
        variable("FOLDER", "a.jsonc"),
        probed(local("Packages/Claude_*/Roaming/a.json")),
        config("new/a.json"),
        config("new/a.jsonc"),
        probed(home(".old/a.json")),
    ];

    fn in_folder(folder: &Path) -> HostFolders {
        HostFolders {
            home: Some(folder.join("home")),
            config: Some(folder.join("config")),
            local: Some(folder.join("local")),
            ..HostFolders::default()
        }
    }

    fn files(folders: &HostFolders) -> Vec<PathBuf> {
        Places::everywhere(PLACES).for_new_entries(folders)
    }

    #[test]
    fn a_file_goes_to_each_folder_that_exists_or_to_the_first() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        let folders = in_folder(root);
        assert_eq!(files(&folders), [root.join("config/new/a.json")]);
        std::fs::create_dir_all(root.join("home/.old")).unwrap();
        assert_eq!(files(&folders), [root.join("home/.old/a.json")]);
        std::fs::create_dir_all(root.join("config/new")).unwrap();
        std::fs::write(root.join("config/new/a.jsonc"), "").unwrap();
        let both = [root.join("config/new/a.jsonc"), root.join("home/.old/a.json")];
        assert_eq!(files(&folders), both);
        std::fs::create_dir_all(root.join("local/Packages/Claude_x1")).unwrap();
        let package = root.join("local/Packages/Claude_x1/Roaming/a.json");
        assert_eq!(files(&folders)[0], package);
    }

    #[test]
    fn what_a_variable_names_counts_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let mut folders = in_folder(temporary.path());
        std::fs::create_dir_all(temporary.path().join("config/new")).unwrap();
        folders.moved.push(("FOLDER", "/elsewhere".into()));
        assert_eq!(files(&folders), [PathBuf::from("/elsewhere/a.json")]);
        folders.moved.push(("FILE", "/one/file.json".into()));
        assert_eq!(files(&folders), [PathBuf::from("/one/file.json")]);
    }
}
