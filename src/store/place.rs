//! The places where values can be stored, and the user's choice among them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The value of `--credential-store`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreChoice {
    /// The keyring, or a file if no keyring answers.
    #[default]
    Auto,
    /// The keyring only.
    Keyring,
    /// Owner-only files.
    File,
    /// This process's memory.
    Memory,
}

impl StoreChoice {
    /// Every value of the option, in the order in which help shows them.
    pub const NAMES: [&str; 4] = ["auto", "keyring", "file", "memory"];
}

impl FromStr for StoreChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "keyring" => Ok(Self::Keyring),
            "file" => Ok(Self::File),
            "memory" => Ok(Self::Memory),
            _ => Err(format!("`{text}` is not one of `{}`", Self::NAMES.join("`, `"))),
        }
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::Memory => "memory",
        })
    }
}

/// A place where values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageLocation {
    /// The operating system's keyring.
    Keyring,
    /// An owner-only file.
    File,
    /// This process's memory.
    Memory,
}

impl fmt::Display for StorageLocation {
    /// The words `--credential-store` uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::Memory => "memory",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_read_back_from_its_name_and_others_are_refused() {
        for name in StoreChoice::NAMES {
            assert_eq!(name.parse::<StoreChoice>().unwrap().to_string(), name);
        }
        let refusal = "keychain".parse::<StoreChoice>().unwrap_err();
        assert_eq!(refusal, "`keychain` is not one of `auto`, `keyring`, `file`, `memory`");
    }
}
