//! Settings whose value is one of a few words, and the types for these words. The table of settings
//! takes the words from here, so a word without a value does not compile, nor does a value without
//! a word.

use tracing::Level;

use crate::auth::{DpopPolicy, LoginPolicy};
use crate::eras::{MergePages, Pin, ToolPinning};
use crate::protocol::Era;
use crate::remote::TransportChoice;
use crate::store::StoreChoice;

/// A type whose values have names that a setting accepts.
pub trait Choice: Copy + 'static {
    /// Every name, in the order in which the help lists them.
    const NAMES: &'static [&'static str];
    /// The value of each name, in the same order.
    const ALL: &'static [Self];

    /// The value with this name, or `None`.
    fn from_name(name: &str) -> Option<Self> {
        let position = Self::NAMES.iter().position(|other| *other == name)?;
        Self::ALL.get(position).copied()
    }
}

/// The format of log lines (`--log-format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of text, for people.
    #[default]
    Text,
    /// A JSON object per line, for programs.
    Json,
}

macro_rules! choice {
    ($type:ty: $($name:literal => $value:expr),+ $(,)?) => {
        impl Choice for $type {
            const NAMES: &'static [&'static str] = &[$($name),+];
            const ALL: &'static [Self] = &[$($value),+];
        }
    };
}

choice!(TransportChoice:
    "http-first" => Self::HttpFirst,
    "sse-first" => Self::SseFirst,
    "http-only" => Self::HttpOnly,
    "sse-only" => Self::SseOnly,
);
choice!(Pin:
    "auto" => Self::Auto,
    "legacy" => Self::Only(Era::Legacy),
    "modern" => Self::Only(Era::Modern),
);
choice!(LoginPolicy: "eager" => Self::Eager, "on-demand" => Self::OnDemand, "never" => Self::Never);
choice!(DpopPolicy: "auto" => Self::Auto, "always" => Self::Always, "never" => Self::Never);
choice!(StoreChoice:
    "auto" => Self::Auto,
    "keyring" => Self::Keyring,
    "file" => Self::File,
    "memory" => Self::Memory,
);
choice!(Level:
    "error" => Self::ERROR,
    "warn" => Self::WARN,
    "info" => Self::INFO,
    "debug" => Self::DEBUG,
    "trace" => Self::TRACE,
);
choice!(MergePages: "auto" => Self::Auto, "always" => Self::Always, "never" => Self::Never);
choice!(ToolPinning: "off" => Self::Off, "warn" => Self::Warn, "block" => Self::Block);
choice!(LogFormat: "text" => Self::Text, "json" => Self::Json);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::settings::{Flags, Key, SETTINGS, Settings, ValueKind};

    /// Reads every word of a setting as its type; returns how many there are.
    fn read_all<T: Choice + PartialEq>(key: Key) -> usize {
        assert_eq!(key.setting().kind, ValueKind::Choice(T::NAMES));
        for (name, value) in T::NAMES.iter().zip(T::ALL) {
            let flags = Flags { config: None, values: vec![(key, vec![(*name).to_owned()])] };
            let settings = Settings::resolve(None, &flags, &Environment::fixed([])).unwrap();
            assert!(settings.choice::<T>(key) == *value, "{name}");
        }
        assert!(T::from_name("nonsense").is_none());
        T::NAMES.len()
    }

    #[test]
    fn every_word_of_every_choice_is_read_as_its_value() {
        let read = read_all::<TransportChoice>(Key::Transport)
            + read_all::<Pin>(Key::Protocol)
            + read_all::<LoginPolicy>(Key::Login)
            + read_all::<DpopPolicy>(Key::Dpop)
            + read_all::<StoreChoice>(Key::CredentialStore)
            + read_all::<Level>(Key::LogLevel)
            + read_all::<MergePages>(Key::MergePages)
            + read_all::<ToolPinning>(Key::Pin)
            + read_all::<LogFormat>(Key::LogFormat);
        let words = SETTINGS.iter().map(|setting| match setting.kind {
            ValueKind::Choice(words) => words.len(),
            _ => 0,
        });
        assert_eq!(read, words.sum::<usize>(), "a setting of words is missing here");
    }

    #[test]
    fn the_store_spells_its_choices_the_same_way() {
        for (name, value) in <StoreChoice as Choice>::NAMES.iter().zip(StoreChoice::ALL) {
            assert_eq!(value.to_string(), *name);
        }
    }
}
