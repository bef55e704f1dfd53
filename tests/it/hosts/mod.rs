//! `install`, `uninstall` and `migrate` on the configuration files of hosts: the resulting files,
//! the refusals, and that nothing is ever lost. `files` holds a file of each host as people have
//! them.

mod accounts;
mod bad_files;
mod choosing;
mod disguised;
mod files;
mod golden;
mod migrating;
mod odd_files;
mod odd_places;
mod projects;
mod refusals;
mod registry;
mod schemas;
mod sources;
mod undoing;

use std::path::{Path, PathBuf};

use mcp_tether::hosts::{Format, HOSTS, HostFolders, KnownHost, OperatingSystem, Scope};

use crate::support::home::Home;

const URL: &str = "https://mcp.example.com/mcp";

impl Home {
    /// Runs the program, which must fail with this code, and returns its stderr.
    pub fn refused(&self, words: &[&str], code: i32) -> String {
        let finished = self.run(words);
        assert_eq!(finished.code, Some(code), "{words:?}: {}", finished.shown());
        assert!(finished.stderr.contains("hint: "), "{}", finished.stderr);
        finished.stderr
    }

    /// Puts a file there.
    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Returns everything below it, with its content.
    pub fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
                }
            }
        }
        found.sort();
        found
    }
}

/// Returns a file of a host as people have it, with the entry `documented` as in the host's
/// documentation. Its path below the home folder is that of Linux; `None` where the host has none
/// there.
fn sample(host: &KnownHost) -> (Option<String>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hosts/files");
    let ending = match host.format {
        Format::Toml => "toml",
        Format::Yaml => "yaml",
        Format::Json(_) | Format::JsonWords => "json",
    };
    let file = folder.join(format!("{}.{ending}", host.id));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("a golden file of `{}` is missing: {error}", host.id));
    (path_of(host), text)
}

/// Returns the path of a host's file below the home of a test.
fn path_of(host: &KnownHost) -> Option<String> {
    let folders = HostFolders {
        system: OperatingSystem::Linux,
        home: Some("".into()),
        settings: Some("config".into()),
        config: Some("config".into()),
        local: Some(".local/share".into()),
        ..HostFolders::default()
    };
    Some(host.file(Scope::User, &folders)?.to_str().unwrap().to_owned())
}

/// Returns the hosts that have a file on Linux, with their path and sample.
fn samples() -> Vec<(&'static KnownHost, String, String)> {
    let sample = |host: &'static KnownHost| {
        let (path, text) = sample(host);
        Some((host, path?, text))
    };
    let samples: Vec<_> = HOSTS.iter().filter_map(sample).collect();
    assert!(samples.len() > 20);
    samples
}

fn sample_of(id: &str) -> (String, String) {
    let (path, text) = sample(KnownHost::from_id(id).unwrap());
    (path.unwrap(), text)
}

/// Returns a text with the path of the program replaced.
fn shown(text: &str) -> String {
    text.replace(env!("CARGO_BIN_EXE_mcp-tether"), "[PROGRAM]")
}
