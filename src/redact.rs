//! What may be printed: [`Secret`] hides a value and [`SafeUrl`] the keys in a URL (S-09), [`plain`]
//! makes text from outside safe for a terminal (S-15), and [`shell_word`] quotes a word of a command.

use std::fmt;

use url::{Position, Url};
use zeroize::Zeroize;

/// The longest text that [`plain`] returns, in characters.
const MAX_TEXT: usize = 500;

/// A value that leaves this process only where it must. It has no `Display`, its `Debug` is redacted,
/// and each way out has a method of its own, so that every place where a secret leaves can be listed:
/// [`Secret::expose_to_wire`], [`Secret::expose_to_store`] and [`Secret::expose_to_person`].
/// [`Secret::expose`] is for work that keeps the value inside.
/// Its own buffer is wiped when it is dropped (S-43); copies in headers, TLS and the keyring's bus are
/// not.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Wipe>(T);

/// What can be wiped from memory.
pub trait Wipe {
    /// Overwrites the value.
    fn wipe(&mut self);
}

impl Wipe for String {
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        self.zeroize();
    }
}

impl Wipe for Url {
    fn wipe(&mut self) {
        if let Ok(empty) = Self::parse("x:") {
            String::from(std::mem::replace(self, empty)).zeroize();
        }
    }
}

impl<T: Wipe> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl<T: Wipe> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// For work inside this process: comparing, parsing, signing and digesting, and moving the value
    /// into another [`Secret`] or into a form whose way out is marked.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// For a header, a body or a URL of a request to the server that the secret is meant for.
    pub fn expose_to_wire(&self) -> &T {
        &self.0
    }

    /// For the keyring and private files, and for a process of this program that stores it.
    pub fn expose_to_store(&self) -> &T {
        &self.0
    }

    /// For the person who signs in: the page to open, which holds a state but no credential.
    pub fn expose_to_person(&self) -> &T {
        &self.0
    }
}

impl<T: Wipe> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A URL that is safe to show: without user name, password, fragment, the values of its query, and
/// parts of its path that look like a key.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// Wraps a URL to be shown.
    pub fn new(url: &Url) -> Self {
        Self(url.clone())
    }

    /// The URL as an argument of a command that a message shows: quoted for a shell, or the
    /// placeholder `URL` if part of it must not be shown.
    pub fn as_argument(&self) -> String {
        let shown = self.to_string();
        if shown == self.0.as_str() { shell_word(&shown) } else { "URL".to_owned() }
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        // Fails only for URLs that cannot have credentials at all.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let mut shown = url[..Position::BeforePath].to_owned();
        let segments: Vec<_> = url.path().split('/').map(redact_segment).collect();
        shown.push_str(&segments.join("/"));
        if let Some(query) = url.query() {
            let pairs: Vec<_> = query.split('&').map(redact_pair).collect();
            shown.push('?');
            shown.push_str(&pairs.join("&"));
        }
        f.write_str(&plain(&shown))
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text of a URL as [`SafeUrl`] shows it, or `…` if it is not a URL.
pub fn display_url(text: &str) -> String {
    Url::parse(text.trim()).map_or_else(|_| "…".to_owned(), |url| SafeUrl::new(&url).to_string())
}

/// The text of a URL as an argument of a command that a message shows ([`SafeUrl::as_argument`]).
pub fn url_argument(text: &str) -> String {
    let url = Url::parse(text.trim());
    url.map_or_else(|_| "URL".to_owned(), |url| SafeUrl::new(&url).as_argument())
}

/// A pair of a query without its value. Text without `=` is itself a value.
fn redact_pair(pair: &str) -> String {
    pair.split_once('=').map_or_else(|| "…".to_owned(), |(name, _)| format!("{name}=…"))
}

/// A part of a path, unless it looks like a key.
fn redact_segment(segment: &str) -> &str {
    if looks_like_key(segment) { "…" } else { segment }
}

/// Returns whether a text looks like a key, a token or another random value: 16 letters and digits in
/// a row, a UUID, or 24 characters with at least four digits. Words with a number do not.
pub fn looks_like_key(text: &str) -> bool {
    let is_mixed = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit())
            && text.contains(|c: char| c.is_ascii_alphabetic())
    };
    let of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~' | '=' | '+');
    if !text.chars().all(of_token) || !is_mixed(text) {
        return false;
    }
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    let digits = text.chars().filter(char::is_ascii_digit).count();
    runs.any(|run| run.len() >= 16 && is_mixed(run)) || (text.len() >= 24 && digits >= 4)
}

/// Makes text from outside safe for a terminal: characters that could manipulate it become visible
/// escapes (S-15), and the text is cut after 500 characters.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT + 12));
    for (count, character) in text.chars().enumerate() {
        if count == MAX_TEXT {
            out.push('…');
            break;
        }
        if is_deceptive(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// Returns whether a character can manipulate a terminal or hide what a text says: control
/// characters, separators of lines, and the format characters of Unicode, which are invisible or
/// reorder the text (S-15).
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// A word of a command that a message shows: quoted if a shell would interpret one of its characters.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// S-43
    #[test]
    fn a_secret_is_wiped_when_it_is_dropped() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};
        struct Watched(Arc<AtomicBool>);
        impl Wipe for Watched {
            fn wipe(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let is_wiped = Arc::new(AtomicBool::new(false));
        drop(Secret::new(Watched(Arc::clone(&is_wiped))));
        assert!(is_wiped.load(Ordering::Relaxed));
        let (mut text, mut bytes) = ("hunter2".to_owned(), b"hunter2".to_vec());
        let mut url = Url::parse("https://u:hunter2@host.example/").unwrap();
        text.wipe();
        bytes.wipe();
        url.wipe();
        assert!(text.is_empty() && bytes.is_empty() && !url.as_str().contains("hunter2"));
    }

    /// S-09
    #[test]
    fn a_shown_url_keeps_no_secret() {
        let url = Url::parse("https://user:pw@host/path?token=abc&x=1#frag").unwrap();
        assert_eq!(SafeUrl::new(&url).to_string(), "https://host/path?token=…&x=…");
    }

    /// S-09
    #[test]
    fn a_query_that_is_a_bare_secret_is_not_shown() {
        let url = Url::parse("https://host/mcp?k3y&x=1").unwrap();
        assert_eq!(SafeUrl::new(&url).to_string(), "https://host/mcp?…&x=…");
    }

    /// S-09
    #[test]
    fn a_key_in_the_path_is_not_shown_and_a_name_is() {
        let shown = |path: &str| {
            SafeUrl::new(&Url::parse(&format!("https://host/{path}")).unwrap()).to_string()
        };
        for key in [
            "k3yInThePath0123456789abcdef",
            "6fa459ea-ee8a-3ca4-894e-db77e160355e",
            "sk_live_4eC39HqLyjWDarjt",
            "9f86d081884c7d659a2feaa0c55ad015",
        ] {
            assert_eq!(shown(&format!("s/{key}/mcp")), "https://host/s/…/mcp");
        }
        for name in ["mcp", "2025-06-18", "my-cool-server-v2", "arn%3Aaws%3Abedrock-1234567890", ""]
        {
            assert_eq!(shown(&format!("s/{name}/mcp")), format!("https://host/s/{name}/mcp"));
        }
    }

    /// S-31
    #[test]
    fn a_command_in_a_message_runs_nothing_but_itself() {
        let argument = |url: &str| SafeUrl::new(&Url::parse(url).unwrap()).as_argument();
        assert_eq!(argument("https://host/mcp"), "https://host/mcp");
        assert_eq!(argument("https://host/mcp?key=x"), "URL");
        if cfg!(unix) {
            assert_eq!(argument("https://host/$(id)"), "'https://host/$(id)'");
            assert_eq!(shell_word("it's"), r"'it'\''s'");
            assert_eq!(shell_word(""), "''");
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "[redacted]");
    }

    /// S-15
    #[test]
    fn control_characters_become_visible() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(plain("a\u{200b}\u{2028}\u{e0041}b"), "a\\u{200b}\\u{2028}\\u{e0041}b");
        assert_eq!(plain("größe 漢字 😀"), "größe 漢字 😀");
        assert_eq!(plain(&"x".repeat(600)).chars().count(), 501);
    }
}
