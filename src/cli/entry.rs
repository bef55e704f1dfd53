//! Reads the command line in a host's entry, without obeying it.

use std::ffi::OsString;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Cli, target};
use crate::commands::untrusted::{EntryCommand, Untrusted};
use crate::error::{Error, Result};
use crate::redact::shown_words;

const READ_HELP: &str = "`mcp-tether --help` shows the arguments that an entry may have";

/// Parses the arguments of an entry as a command line of the bridge, without obeying it.
///
/// # Errors
/// The words are not a command line of the bridge, or the first one is a command.
pub fn read(words: &[String]) -> Result<Untrusted<EntryCommand>> {
    let words = [OsString::from("mcp-tether")].into_iter().chain(words.iter().map(OsString::from));
    let cli = Cli::try_parse_from(words)
        .map_err(|error| Error::usage(reason_without_values(&error)).hint(READ_HELP))?;
    match cli.command {
        None => {
            let target = target(cli.bridge.target, cli.bridge.flags.0);
            let (url, flags) = target
                .map_err(|_| Error::usage("its words are not a URL and a port").hint(READ_HELP))?;
            Ok(Untrusted::new(EntryCommand { url, flags }))
        }
        Some(_) => Err(Error::usage("the first word is a command").hint(READ_HELP)),
    }
}

/// The reason why an entry cannot be read, without its values, which may be secrets.
fn reason_without_values(error: &clap::Error) -> String {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) if argument.starts_with('-') => argument.as_str(),
        _ => return "its arguments are not those of this program".to_owned(),
    };
    let name = shown_words(argument.split('=').next().unwrap_or_default());
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown flag `{name}`"),
        _ => format!("`{name}` is used in another way than this program takes it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_line(line: &[&str]) -> Result<Untrusted<EntryCommand>> {
        read(&line.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_entry_is_a_url_and_flags_of_the_bridge() {
        let read = read_line(&["https://mcp.example.com/mcp", "3334", "--debug"]).unwrap();
        assert_eq!(read.display_url(), "https://mcp.example.com/mcp");
    }

    /// S-09
    #[test]
    fn the_reason_why_an_entry_cannot_be_read_holds_no_values() {
        for (line, reason) in [
            (&["--canary-flag", "https://a"][..], "unknown flag `--canary-flag`"),
            (&["https://a", "--nonsense=canary"], "unknown flag `--nonsense`"),
            (&["https://a", "--debug=canary"], "`--debug` is used in another way than"),
            (&["https://a", "1", "canary", "x"], "its arguments are not those of this program"),
            (&["info", "https://a"], "the first word is a command"),
            (&[], "its words are not a URL and a port"),
        ] {
            let error = read_line(line).err().unwrap();
            assert!(error.message().starts_with(reason), "{line:?}: {}", error.message());
            let is_value =
                line.contains(&"canary") || line.iter().any(|word| word.contains("=canary"));
            assert!(!is_value || !error.to_string().contains("canary"), "{error}");
        }
    }
}
