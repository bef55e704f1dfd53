//! Normalizes the words of a command line for the parser: `help VERB`, a port after a URL, JSON
//! after `--json`. Also recognizes a first word that was meant as a command.

use std::ffi::{OsStr, OsString};

use clap::{Arg, CommandFactory};

use super::Cli;
use super::json_argument::with_json_arguments;
use super::usage_error::command_of;
use crate::error::Error;
use crate::redact::shown_words;
use crate::settings::nearest;

/// Other programs' words for commands of this one.
const SYNONYMS: [(&str, &str); 20] = [
    ("signin", "login"),
    ("auth", "login"),
    ("authenticate", "login"),
    ("signout", "logout"),
    ("signoff", "logout"),
    ("list", "tools"),
    ("ls", "tools"),
    ("run", "call"),
    ("exec", "call"),
    ("add", "install"),
    ("setup", "install"),
    ("remove", "uninstall"),
    ("rm", "uninstall"),
    ("delete", "uninstall"),
    ("check", "doctor"),
    ("diagnose", "doctor"),
    ("settings", "config"),
    ("clear", "forget"),
    ("reset", "forget"),
    ("serve", "mock"),
];

/// Normalizes the words. The first one is the program's name.
pub(super) fn normal(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    with_help_as_flag(with_port_as_flag(with_json_arguments(words)))
}

/// Whether these words ask for JSON. They need not be a command line that can be parsed: the error
/// is JSON too.
pub(super) fn want_json(words: &[OsString]) -> bool {
    words.iter().skip(1).take_while(|word| *word != "--").any(|word| word == "--json")
}

/// Turns the port after a URL into a flag, for a command that takes both. `uninstall` finds the
/// entry by its URL alone.
fn with_port_as_flag(mut words: Vec<OsString>) -> Vec<OsString> {
    let position = words.windows(2).position(|two| is_web_url(&two[0]) && is_number(&two[1]));
    // A bridge takes the port as a word, and should not spend time on the definitions of all
    // commands.
    let Some(url) = position.filter(|url| *url > 1) else { return words };
    if words[1] == "uninstall" {
        words.remove(url + 1);
    } else if takes_port(&words) {
        let mut flag = OsString::from("--callback-port=");
        flag.push(&words[url + 1]);
        words[url + 1] = flag;
    }
    words
}

/// Whether the command has a URL and the flag for the port that a sign-in returns to.
fn takes_port(words: &[OsString]) -> bool {
    let mut program = Cli::command();
    program.build();
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = command_of(&program, &words).0;
    let is_url = |argument: &Arg| argument.get_value_names().is_some_and(|names| names == ["URL"]);
    command.get_positionals().any(is_url)
        && command.get_arguments().any(|flag| flag.get_long() == Some("callback-port"))
}

/// Turns `help VERB` into `VERB --help`, and `version` into `--version`.
fn with_help_as_flag(mut words: Vec<OsString>) -> Vec<OsString> {
    match words.get(1).and_then(|word| word.to_str()) {
        Some("help") if words.len() > 2 => {
            words.remove(1);
            words.push("--help".into());
        }
        Some("version") if words.len() == 2 => words[1] = "--version".into(),
        _ => {}
    }
    words
}

fn is_web_url(word: &OsStr) -> bool {
    word.to_str().is_some_and(|text| text.starts_with("https://") || text.starts_with("http://"))
}

fn is_number(word: &OsStr) -> bool {
    word.to_str()
        .is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a word that is not a command can only have been meant as one: it is not a flag, and
/// nothing in it looks like a URL, a host or a port.
pub(super) fn looks_like_command(word: &str) -> bool {
    let looks_like_url = word.contains([':', '.', '/', '@', ' ']) || word == "localhost";
    !(word.is_empty() || word.starts_with('-') || looks_like_url || is_number(OsStr::new(word)))
}

/// The error for a command line that was pasted with the program it replaces, as in
/// `npx -y mcp-remote URL`. Its words are not repeated: keys are among them.
pub(super) fn error_for_pasted_bridge(words: &[String]) -> Option<Error> {
    let is_mcp_remote = |word: &String| word.split('@').next() == Some("mcp-remote");
    words.iter().skip(1).take(4).find(|word| is_mcp_remote(word))?;
    Some(
        Error::usage("`mcp-tether` takes the place of `mcp-remote`, with or without `npx -y`")
            .hint("leave that out and keep the rest: `mcp-tether URL …`"),
    )
}

/// The error for a word at the place of a command, with the command that was probably meant.
pub(super) fn error_for_unknown_command<'a>(
    word: &str,
    commands: impl Iterator<Item = &'a str>,
) -> Error {
    let error = Error::usage(format!("unknown command `{}`", shown_words(word)));
    match meant(word, commands) {
        Some(command) => error.hint(format!("did you mean `mcp-tether {command}`?")),
        None => error.hint("`mcp-tether help` lists the commands"),
    }
}

fn meant<'a>(word: &str, commands: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let compact = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    let commands: Vec<&str> = commands.collect();
    let word = compact(word);
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == word).map(|(_, command)| *command);
    let synonym = synonym.and_then(|meant| commands.iter().find(|command| **command == meant));
    synonym.copied().or_else(|| nearest(&word, commands.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal_words(line: &str) -> String {
        let words = ["mcp-tether"].into_iter().chain(line.split(' ')).map(OsString::from);
        let words: Vec<_> =
            normal(words).iter().map(|word| word.to_str().unwrap().to_owned()).collect();
        words[1..].join(" ")
    }

    #[test]
    fn a_port_is_taken_directly_after_a_url_and_nowhere_else() {
        for (line, expected) in [
            ("login https://h/ 3334", "login https://h/ --callback-port=3334"),
            ("tools http://h/ 3334 find", "tools http://h/ --callback-port=3334 find"),
            ("config show https://h/ 1", "config show https://h/ --callback-port=1"),
            (
                "install https://h/ 9696 --host zed",
                "install https://h/ --callback-port=9696 --host zed",
            ),
            ("uninstall https://h/ 9696 --host zed", "uninstall https://h/ --host zed"),
            ("call https://h/ add 5", "call https://h/ add 5"),
            ("https://h/ 3334", "https://h/ 3334"),
            ("mock --port 80", "mock --port 80"),
        ] {
            assert_eq!(normal_words(line), expected);
        }
    }

    #[test]
    fn help_and_version_are_flags() {
        assert_eq!(normal_words("help login"), "login --help");
        assert_eq!(normal_words("help config show"), "config show --help");
        assert_eq!(normal_words("version"), "--version");
        assert_eq!(
            normal_words("call u t --json {\"a\":1}"),
            "call u t --json --arguments={\"a\":1}"
        );
    }

    #[test]
    fn a_word_for_a_command_is_told_from_a_url() {
        let commands = ["login", "logout", "tools", "doctor", "install", "uninstall", "status"];
        let hint = |word: &str| {
            let error = || error_for_unknown_command(word, commands.into_iter());
            looks_like_command(word).then(|| error().hints()[0].clone())
        };
        for (word, command) in [
            ("lgoin", "login"),
            ("signin", "login"),
            ("Login", "login"),
            ("log-in", "login"),
            ("sign-out", "logout"),
            ("tool", "tools"),
            ("ls", "tools"),
            ("stauts", "status"),
            ("add", "install"),
        ] {
            let expected = format!("did you mean `mcp-tether {command}`?");
            assert_eq!(hint(word), Some(expected), "{word}");
        }
        assert!(hint("frobnicate").unwrap().contains("mcp-tether help"));
        for word in ["example.com", "localhost", "https://h", "h:80", "3334", "--x", "a@b", ""] {
            assert_eq!(hint(word), None, "{word}");
        }
    }

    #[test]
    fn a_pasted_line_of_mcp_remote_is_told_what_to_leave_out() {
        let is_pasted = |line: &str| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            error_for_pasted_bridge(&words).is_some()
        };
        for before in ["npx -y mcp-remote@latest", "-y mcp-remote", "mcp-remote"] {
            assert!(is_pasted(&format!("mcp-tether {before} https://h/mcp")), "{before}");
        }
        assert!(!is_pasted("mcp-tether tools https://h/mcp-remote"));
        assert!(!is_pasted("mcp-remote https://h/mcp"), "however the program is called");
    }
}
