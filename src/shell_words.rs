//! Quotes words of commands in messages, so that a copied command runs in a shell as intended and
//! runs nothing else (S-31).

use url::Url;

use crate::redact::{SafeUrl, plain};

/// A URL as an argument, or the placeholder `URL` if part of it must not be shown.
pub fn safe_url_argument(url: &SafeUrl) -> String {
    if url.shows_all() { shell_word(&url.to_string()) } else { "URL".to_owned() }
}

/// The text of a URL as an argument, or the placeholder `URL` if it is not a URL.
pub fn url_argument(text: &str) -> String {
    let url = Url::parse(text.trim());
    url.map_or_else(|_| "URL".to_owned(), |url| safe_url_argument(&SafeUrl::new(&url)))
}

/// A name from outside, as a word. A name that could be a flag is replaced by `placeholder`, so
/// that it cannot change the command.
pub fn name_argument(name: &str, placeholder: &str) -> String {
    if name.starts_with('-') { placeholder.to_owned() } else { shell_word(name) }
}

/// A word, quoted if a shell would interpret one of its characters.
pub fn shell_word(word: &str) -> String {
    let is_literal = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    let word = plain(word);
    if !word.is_empty() && word.chars().all(is_literal) {
        word
    } else if cfg!(windows) {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A flag and its value. A value that looks like a flag is attached to the flag.
pub fn flag_argument(flag: &str, value: &str) -> String {
    if value.starts_with('-') {
        shell_word(&format!("{flag}={value}"))
    } else {
        format!("{flag} {}", shell_word(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-31
    #[test]
    fn a_command_in_a_message_runs_nothing_but_itself() {
        assert_eq!(url_argument("https://host/mcp"), "https://host/mcp");
        assert_eq!(url_argument("https://host/mcp?key=x"), "URL");
        assert_eq!(url_argument("host"), "URL");
        if cfg!(unix) {
            assert_eq!(url_argument("https://host/$(id)"), "'https://host/$(id)'");
            assert_eq!(shell_word("it's"), r"'it'\''s'");
            assert_eq!(shell_word(""), "''");
        }
    }

    /// S-31: a tool may have the name of a flag.
    #[test]
    fn a_name_that_someone_else_chose_is_no_flag() {
        assert_eq!(name_argument("--token-command=sh", "TOOL"), "TOOL");
        assert_eq!(name_argument("echo", "TOOL"), "echo");
        if cfg!(unix) {
            assert_eq!(name_argument("a;b", "TOOL"), "'a;b'");
        }
    }
}
