//! The bridges that are compared, and the folder each of them may call home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::envelope;

/// Where the URL goes in a command; without it the URL comes last.
const URL: &str = "{url}";

/// One bridge and how to start it.
#[derive(Clone)]
pub(crate) struct Contender {
    name: String,
    command: Vec<String>,
    home: PathBuf,
    /// Its wrong or missing answers fail the run.
    required: bool,
}

impl Contender {
    pub(crate) fn new(name: &str, command: Vec<String>, homes: &Path) -> Self {
        Self { name: name.into(), command, home: homes.join(name), required: true }
    }

    /// One that is only looked at: what it gets wrong is shown and forgiven.
    pub(crate) fn only_compared(self) -> Self {
        Self { required: false, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    /// The same bridge in a home where nobody was before.
    pub(crate) fn moved(&self, number: usize) -> Self {
        Self { home: self.home.join(format!("fresh-{number}")), ..self.clone() }
    }

    pub(crate) fn command(&self, url: &str) -> Vec<String> {
        let mut words: Vec<_> = self.command.iter().map(|word| word.replace(URL, url)).collect();
        if !self.command.iter().any(|word| word.contains(URL)) {
            words.push(url.into());
        }
        words
    }

    /// What it says its version is; what an interpreter runs says so in its package.
    pub(crate) fn version(&self) -> Option<String> {
        if let Some(script) = self.command.get(1).filter(|script| script.ends_with(".js")) {
            let package = Path::new(script).parent()?.parent()?.join("package.json");
            let package = fs::read(package).ok()?;
            let version = envelope::string(&package, "version")?;
            return Some(String::from_utf8_lossy(version).into_owned());
        }
        let output = Command::new(self.command.first()?).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        text.split_whitespace().last().map(String::from)
    }

    /// The size of a native program; what an interpreter runs has no comparable one.
    pub(crate) fn program_size(&self) -> Option<u64> {
        let program = Path::new(self.command.first()?);
        if program.file_name()? == "node" {
            return None;
        }
        Some(fs::metadata(program).ok()?.len())
    }
}
