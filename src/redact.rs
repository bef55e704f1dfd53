//! Values that must not be printed: [`Secret`] and [`SafeUrl`] (S-09), and random ones.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use url::Url;

/// A value that goes to a header or the store and nowhere else. It has no `Display`, its `Debug` is
/// redacted, and only [`Secret::expose`] reveals it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Call it only where a header or the store is written.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

/// `BYTES` fresh random bytes as text that fits into a URL.
pub fn random_text<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    OsRng.try_fill_bytes(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A URL that is safe to show: without user name, password, fragment, and the values of its query.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// Wraps a URL to be shown.
    pub fn new(url: &Url) -> Self {
        Self(url.clone())
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        // Fails only for URLs that cannot have credentials at all.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        if let Some(query) = self.0.query() {
            url.set_query(None);
            let shown: Vec<_> = query.split('&').map(redact_pair).collect();
            return write!(f, "{}", plain(&format!("{url}?{}", shown.join("&"))));
        }
        f.write_str(&plain(url.as_str()))
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pair of a query without its value. Text without `=` is itself a value.
fn redact_pair(pair: &str) -> String {
    pair.split_once('=').map_or_else(|| "…".to_owned(), |(name, _)| format!("{name}=…"))
}

/// Makes text from outside safe for a terminal: control characters become visible escapes (S-15),
/// and the text is cut after 500 characters.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(512));
    for (count, character) in text.chars().enumerate() {
        if count == 500 {
            out.push('…');
            break;
        }
        if character.is_control() || is_direction_override(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// Unicode characters that reorder what follows and can make text lie.
fn is_direction_override(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
    }

    /// S-15
    #[test]
    fn control_characters_become_visible() {
        assert_eq!(plain("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
        assert_eq!(plain(&"x".repeat(600)).chars().count(), 501);
    }
}
