//! Makes values safe to print: [`Secret`] hides a value, [`SafeUrl`] hides the keys in a URL
//! (S-09), and [`plain`] makes text from outside safe for a terminal (S-15).

use std::fmt;

use serde_json::Value;
use url::{Position, Url};
use zeroize::Zeroize;

/// The longest text that [`plain`] returns, in characters.
const MAX_TEXT: usize = 500;
/// Replaces hidden text.
const HIDDEN: &str = "…";

/// A secret value. It has no `Display`, its `Debug` is redacted, and each way out of this process
/// has a method of its own, so that every such place can be listed: [`Secret::expose_to_wire`],
/// [`Secret::expose_to_store`] and [`Secret::expose_to_person`]. [`Secret::expose`] is for work
/// within the process. Its own buffer is wiped when it is dropped (S-43); copies in headers, TLS
/// and the keyring's bus are not.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Wipe>(T);

/// A value that can be wiped from memory.
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

impl Wipe for Value {
    fn wipe(&mut self) {
        match self {
            Self::String(text) => text.zeroize(),
            Self::Array(items) => items.iter_mut().for_each(Self::wipe),
            Self::Object(members) => members.values_mut().for_each(Self::wipe),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
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

    /// The value, for work within this process: comparing, parsing, signing and digesting, and
    /// moving it into another [`Secret`] or into a form whose way out is marked.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value, for work within the process that changes it.
    pub fn edit(&mut self) -> &mut T {
        &mut self.0
    }

    /// The value, for a request to the server for which the secret is meant.
    pub fn expose_to_wire(&self) -> &T {
        &self.0
    }

    /// The value, for the keyring, private files, and another process of this program that stores
    /// it.
    pub fn expose_to_store(&self) -> &T {
        &self.0
    }

    /// The value, for the person who signs in: the page to open, which holds a state but no
    /// credential.
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

    /// Returns whether no part of the URL is hidden.
    pub fn shows_all(&self) -> bool {
        self.to_string() == self.0.as_str()
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        // Fails only for URLs that cannot have credentials.
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
    Url::parse(text.trim()).map_or_else(|_| HIDDEN.to_owned(), |url| SafeUrl::new(&url).to_string())
}

/// The text of an identifier that is usually a URL, such as an issuer or resource: like
/// [`display_url`], but without adding a slash, and like [`shown_words`] for other texts.
pub fn display_identifier(text: &str) -> String {
    match display_exactly(text) {
        hidden if hidden == HIDDEN => shown_words(text),
        shown => shown,
    }
}

/// Like [`display_url`], but unchanged if no part must be hidden.
fn display_exactly(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if text.is_ascii() && SafeUrl::new(&url).shows_all() => plain(text),
        _ => display_url(text),
    }
}

/// Removes the value of a query pair. Text without `=` is itself a value.
fn redact_pair(pair: &str) -> String {
    match pair.split_once('=').map_or("", |(name, _)| name) {
        // A pair without a name, or a key instead of one.
        "" => HIDDEN.to_owned(),
        name if looks_like_key(name) => format!("{HIDDEN}={HIDDEN}"),
        name => format!("{name}={HIDDEN}"),
    }
}

/// Hides a path segment that looks like a key.
fn redact_segment(segment: &str) -> &str {
    if looks_like_key(segment) { HIDDEN } else { segment }
}

/// Returns whether a text contains what looks like a key, a token or another random value: 16
/// letters and digits in a row, a UUID, or 24 characters with at least four digits. Words with a
/// number do not. In URLs, percent-encoded bytes count as their decoded characters.
pub fn looks_like_key(text: &str) -> bool {
    let of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~' | '=' | '+');
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    decoded.split(|c: char| !of_token(c)).any(is_key)
}

/// Returns whether a run of letters, digits and the separators of tokens looks like a key.
fn is_key(text: &str) -> bool {
    let is_mixed = |text: &str| {
        text.contains(|c: char| c.is_ascii_digit())
            && text.contains(|c: char| c.is_ascii_alphabetic())
    };
    let is_long = |run: &str| run.len() >= 16 && (is_mixed(run) || is_number(run));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_long)
        || (text.len() >= 24 && digits >= 4 && is_mixed(text))
}

fn is_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

/// Makes a server's words, or an unreadable command line, safe to show: like [`plain`], with URLs
/// as [`SafeUrl`], and without text that looks like a key, because servers repeat what they were
/// sent (S-09). A number labelled as an id stays, for the server's operator.
pub fn shown_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT));
    let mut before = "";
    for word in text.split_inclusive([' ', '\n', '\t']) {
        out.push_str(&shown_word(word, before));
        before = word;
    }
    plain(&out)
}

/// One word of [`shown_words`], with the white space after it.
fn shown_word(word: &str, before: &str) -> String {
    let of_name = |c: char| !c.is_ascii_alphanumeric();
    let called = before.trim_end_matches(of_name);
    let is_called_id = called.eq_ignore_ascii_case("id")
        || ["_id", "-id", "Id", "ID"].iter().any(|end| called.ends_with(end));
    let core = word.trim_matches(|c: char| c.is_whitespace() || "\"'`()[]{}<>,;.".contains(c));
    if let Some(at) = core.find("://") {
        let before = core[..at].char_indices().rev().find(|(_, c)| of_name(*c));
        let url = &core[before.map_or(0, |(at, c)| at + c.len_utf8())..];
        return word.replacen(url, &display_exactly(url), 1);
    }
    let is_bearer =
        before.trim_end().ends_with("Bearer") && core.contains(|c: char| !c.is_ascii_lowercase());
    let is_hidden = is_bearer || looks_like_key(core) && !(is_called_id && core.len() <= 36);
    if is_hidden { word.replacen(core, HIDDEN, 1) } else { word.to_owned() }
}

/// Removes these secrets from a text that may repeat them. Secrets of fewer than four characters
/// could be any word, and stay.
pub fn without<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = text.to_owned();
    for secret in secrets.into_iter().filter(|secret| secret.len() >= 4) {
        if out.contains(secret) {
            out = out.replace(secret, HIDDEN);
        }
    }
    out
}

/// Makes text from outside safe for a terminal: characters that could manipulate it become visible
/// escapes (S-15), and the text is cut after 500 characters.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT + 12));
    for (count, (character, deceives)) in judged(text).enumerate() {
        if count == MAX_TEXT {
            out.push('…');
            break;
        }
        push_visible(&mut out, character, deceives);
    }
    out
}

/// Like [`plain`], but of any length, and keeping the characters that `keeps` accepts.
pub fn visible(text: &str, keeps: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (character, deceives) in judged(text) {
        push_visible(&mut out, character, deceives && !keeps(character));
    }
    out
}

fn push_visible(out: &mut String, character: char, deceives: bool) {
    if deceives {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// Each character, and whether it is deceptive in its place: a variation selector after a symbol
/// only makes it colourful.
pub fn judged(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = ' ';
    text.chars().map(move |character| {
        let is_colour = character == '\u{fe0f}'
            && matches!(before, '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}')
            && !is_deceptive(before);
        before = character;
        (character, is_deceptive(character) && !is_colour)
    })
}

/// Returns whether a character can manipulate a terminal or hide a text's meaning: control
/// characters, line separators, and invisible or reordering characters: Unicode's format
/// characters, tags, fillers and variation selectors (S-15).
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-43
    #[test]
    fn every_text_of_json_is_wiped() {
        let mut json = serde_json::json!({ "a": ["b", 1, { "c": "d" }], "e": "f", "g": null });
        json.wipe();
        assert_eq!(json, serde_json::json!({ "a": ["", 1, { "c": "" }], "e": "", "g": null }));
    }

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
            "%20k3yInThePath0123456789",
            "k3yInThePath0123456789%3D%3D",
            "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlMDEyMzQ1",
            "k:k3yInThePath0123456789",
            "1234567890123456",
            "k3yIn%54hePath0123%34567",
        ] {
            assert_eq!(shown(&format!("s/{key}/mcp")), "https://host/s/…/mcp");
        }
        for name in ["mcp", "2025-06-18", "my-cool-server-v2", "arn%3Aaws%3Abedrock-1234567890", ""]
        {
            assert_eq!(shown(&format!("s/{name}/mcp")), format!("https://host/s/{name}/mcp"));
        }
    }

    /// S-09: servers repeat what they were sent.
    #[test]
    fn what_a_server_repeats_is_not_shown() {
        for (text, shown) in [
            ("bad code k3yInTheCode0123456789", "bad code …"),
            ("(invalid 'sk_live_4eC39HqLyjWDarjt').", "(invalid '…')."),
            ("see https://u:pw@h/s/k3yInThePath0123456789?k=v.", "see https://h/s/…?k=…."),
            ("header=Bearer Hunter2 is bad", "header=Bearer … is bad"),
            ("a Bearer token is needed", "a Bearer token is needed"),
            ("token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln", "token …"),
            (
                "Trace ID: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
                "Trace ID: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
            ),
            ("AADSTS9010010: no", "AADSTS9010010: no"),
            ("line\nbreak", "line\\nbreak"),
        ] {
            assert_eq!(shown_words(text), shown);
        }
        assert_eq!(without("a hunter2 b abc", ["hunter2", "abc", ""]), "a … b abc");
    }

    /// S-09: issuers are compared to the letter, so a slash counts.
    #[test]
    fn an_identifier_is_shown_as_it_is_without_its_keys() {
        for (text, shown) in [
            ("https://as.example", "https://as.example"),
            ("https://as.example/", "https://as.example/"),
            ("https://u:pw@as.example/t?k=v", "https://as.example/t?k=…"),
            ("api of ours", "api of ours"),
            ("urn:example:api", "urn:example:api"),
        ] {
            assert_eq!(display_identifier(text), shown);
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
        assert_eq!(
            plain("\u{115f}\u{3164}\u{fe00}\u{2800}"),
            "\\u{115f}\\u{3164}\\u{fe00}\\u{2800}"
        );
        assert_eq!(plain("größe 漢字 😀 ⚠\u{fe0f}"), "größe 漢字 😀 ⚠\u{fe0f}");
        assert_eq!(plain("⚠\u{fe0f}\u{fe0f}a\u{fe0f}"), "⚠\u{fe0f}\\u{fe0f}a\\u{fe0f}");
        assert_eq!(visible("a\tb\n\u{7f}", |c| c == '\t'), "a\tb\\n\\u{7f}");
        assert_eq!(plain(&"x".repeat(600)).chars().count(), 501);
    }
}
