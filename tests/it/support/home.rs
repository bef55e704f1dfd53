//! A home folder that several runs of the program share, with files as the credential store.

use std::path::Path;

use super::process::{Finished, Program};

/// The home; gone when dropped.
pub struct Home(tempfile::TempDir);

impl Home {
    /// Creates an empty home.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Returns the program with this home.
    pub fn program<Word: AsRef<str>>(&self, words: impl IntoIterator<Item = Word>) -> Program {
        let mut program = Program::new(words);
        for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"] {
            program = program.env(name, self.path());
        }
        program
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("MCP_TETHER_STATE_DIR", self.path().join("state"))
            .env("MCP_TETHER_CREDENTIAL_STORE", "file")
    }

    /// Runs the program.
    pub fn run(&self, words: &[&str]) -> Finished {
        self.program(words.iter().copied()).run()
    }

    /// Runs the program, which must succeed.
    pub fn ok(&self, words: &[&str]) -> Finished {
        let finished = self.run(words);
        assert_eq!(finished.code, Some(0), "{words:?}: {}", finished.shown());
        finished
    }
}
