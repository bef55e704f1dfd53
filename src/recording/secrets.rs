//! Keeps secrets out of a recording. Header values are learned when they are sent, so that one that
//! the server repeats in its answer does not get into the file.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};

use crate::redact::looks_like_key;

/// The replacement for a secret.
pub(super) const REDACTED: &str = "[redacted]";
/// The shortest value that is replaced, in bytes: shorter ones are not secrets, and would occur in
/// any text.
const SHORTEST: usize = 6;
/// The most values that are remembered, besides those of the latest message.
const MOST: usize = 256;

/// A user's value of this length or more counts as a secret, whatever its header is called.
const LONG: usize = 16;
/// Parts of the names of headers that carry credentials.
const CREDENTIALS: [&str; 10] = [
    "auth",
    "cookie",
    "credential",
    "jwt",
    "key",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];
/// Response headers whose values are sent back in requests; others are the server's own words.
const OF_RESPONSES: [&str; 3] = ["dpop-nonce", "mcp-session-id", "set-cookie"];

/// Headers whose values do not identify the sender.
const OPEN: [&str; 22] = [
    "accept",
    "accept-encoding",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "retry-after",
    "server",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "vary",
    "www-authenticate",
];

/// Secret parameters of a sign-in, in the query of a page that the host is told to open, and as
/// members of JSON.
const PARAMETERS: [&str; 10] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code_challenge",
    "code_verifier",
    "device_code",
    "id_token",
    "refresh_token",
    "subject_token",
];
/// The same, in queries only: arguments and results have members with these names too.
const PARAMETERS_OF_QUERIES: [&str; 3] = ["code", "nonce", "state"];

/// The secret values seen in headers.
#[derive(Default)]
pub(super) struct KnownSecrets {
    /// The longest first: a value that contains another one is replaced first.
    values: Vec<KnownSecret>,
    /// How many messages the values were learned from.
    messages: u64,
}

struct KnownSecret {
    value: Vec<u8>,
    /// The latest message that it was in.
    message: u64,
}

impl KnownSecrets {
    /// Returns whether the value of this header may be written.
    pub(super) fn is_open(name: &HeaderName) -> bool {
        // Mirrored arguments are kept, like all arguments.
        OPEN.contains(&name.as_str()) || name.as_str().starts_with("mcp-param-")
    }

    /// Remembers the credentials among the headers of a request.
    pub(super) fn learn(&mut self, headers: &HeaderMap) {
        self.messages += 1;
        for (name, value) in headers {
            // A proof is valid for one request only.
            if !Self::is_open(name) && name.as_str() != "dpop" {
                self.learn_value(name.as_str(), value.as_bytes());
            }
        }
    }

    /// Remembers values of a response that later requests will send back.
    pub(super) fn learn_from_response(&mut self, headers: &HeaderMap) {
        self.messages += 1;
        for (name, value) in headers {
            if OF_RESPONSES.contains(&name.as_str()) {
                self.learn_value(name.as_str(), value.as_bytes());
            }
        }
    }

    fn learn_value(&mut self, name: &str, value: &[u8]) {
        if name == "set-cookie" {
            // The attributes after the first pair, such as `Path` and `HttpOnly`, are not secret.
            let pair = value.split(|byte| *byte == b';').next().unwrap_or_default();
            let from = pair.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
            return self.add(pair[from..].trim_ascii());
        }
        let is_credential = CREDENTIALS.iter().any(|part| name.contains(part));
        for part in value.split(|byte| b" ;,".contains(byte)) {
            let part = part.trim_ascii();
            if part.eq_ignore_ascii_case(b"bearer") {
                continue;
            }
            let named = part.iter().position(|byte| *byte == b'=').map(|at| &part[at + 1..]);
            let part = named.filter(|_| name == "cookie").unwrap_or(part);
            let text = String::from_utf8_lossy(part);
            // A plain word such as `production` occurs in many results.
            if is_credential || part.len() >= LONG || looks_like_key(&text) {
                self.add(part);
                self.add_basic(part);
            }
        }
        if is_credential {
            self.add(value);
        }
    }

    /// Adds the password in `Basic` credentials.
    fn add_basic(&mut self, part: &[u8]) {
        let Ok(decoded) = STANDARD.decode(part) else { return };
        if let Some(colon) = decoded.iter().position(|byte| *byte == b':') {
            self.add(&decoded[colon + 1..]);
        }
    }

    /// Adds a value as it is and as it stands in a JSON string.
    fn add(&mut self, value: &[u8]) {
        if value.len() < SHORTEST {
            return;
        }
        self.add_spelling(value);
        if let Ok(text) = std::str::from_utf8(value) {
            let text = serde_json::json!(text).to_string();
            self.add_spelling(&text.as_bytes()[1..text.len() - 1]);
        }
    }

    /// Adds a value in the place of the one that was sent the longest time ago, if there are too
    /// many: a token that each request carries stays, however often a cookie changes.
    fn add_spelling(&mut self, value: &[u8]) {
        if let Some(known) = self.values.iter_mut().find(|known| known.value == value) {
            known.message = self.messages;
            return;
        }
        if self.values.len() >= MOST {
            let earlier = self.values.iter().enumerate();
            let earlier = earlier.filter(|(_, known)| known.message < self.messages);
            if let Some((oldest, _)) = earlier.min_by_key(|(_, known)| known.message) {
                self.values.remove(oldest);
            }
        }
        let at = self.values.partition_point(|known| known.value.len() >= value.len());
        self.values.insert(at, KnownSecret { value: value.to_vec(), message: self.messages });
    }

    /// The text without the known values.
    pub(super) fn without<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut text = Cow::Borrowed(text);
        for known in &self.values {
            if let Some(replaced) = replace(&text, &known.value) {
                text = Cow::Owned(replaced);
            }
        }
        for name in PARAMETERS {
            for prefix in [format!("{name}="), format!("\"{name}\":\""), format!("\"{name}\": \"")]
            {
                text = without_parameter(text, &prefix);
            }
        }
        for name in PARAMETERS_OF_QUERIES {
            for before in ['?', '&'] {
                text = without_parameter(text, &format!("{before}{name}="));
            }
        }
        text
    }
}

/// The text without the values after this prefix.
fn without_parameter<'a>(text: Cow<'a, [u8]>, prefix: &str) -> Cow<'a, [u8]> {
    let ends = |byte: &u8| matches!(byte, b'"' | b'&' | b'\\' | b'#' | b'<' | b'>' | 0..=b' ');
    let mut found = memchr::memmem::find_iter(&text, prefix.as_bytes()).peekable();
    if found.peek().is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        let value = at + prefix.len();
        let end = text[value..].iter().position(ends).map_or(text.len(), |length| value + length);
        out.extend_from_slice(&text[from..value]);
        out.extend_from_slice(if end > value { REDACTED.as_bytes() } else { b"" });
        from = end;
    }
    out.extend_from_slice(&text[from..]);
    Cow::Owned(out)
}

/// The text with every occurrence replaced; `None` if there is none.
fn replace(text: &[u8], known: &[u8]) -> Option<Vec<u8>> {
    let mut found = memchr::memmem::find_iter(text, known).peekable();
    found.peek()?;
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in found {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(REDACTED.as_bytes());
        from = at + known.len();
    }
    out.extend_from_slice(&text[from..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(headers: &[(&'static str, &str)], text: &str) -> String {
        let mut known = KnownSecrets::default();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        known.learn(&map);
        String::from_utf8(known.without(text.as_bytes()).into_owned()).unwrap()
    }

    /// O-30
    #[test]
    fn a_value_that_was_sent_is_not_written_wherever_it_comes_back() {
        let redacted = |name, value, text: &str| after(&[(name, value)], text);
        assert_eq!(redacted("authorization", "Bearer t0ken-1", "a t0ken-1 b"), "a [redacted] b");
        assert_eq!(redacted("x-api-key", "k3y-of-mine", "k3y-of-mine"), "[redacted]");
        assert_eq!(redacted("cookie", "sid=s3ss10n; a=b", "is s3ss10n"), "is [redacted]");
        assert_eq!(redacted("authorization", "Basic bWU6aHVudGVyMg==", "hunter2"), "[redacted]");
        assert_eq!(
            redacted("x-key", "with\"quote", r#"{"a":"with\"quote"}"#),
            r#"{"a":"[redacted]"}"#
        );
        assert_eq!(redacted("mcp-session-id", "abc-123-def", "abc-123-def"), "[redacted]");
    }

    /// O-30, S-09
    #[test]
    fn the_page_of_a_sign_in_and_tokens_are_not_written() {
        let page = r#"{"url":"https://as.example/authorize?state=s1&code_challenge=c1&scope=a"}"#;
        let shown = r#"{"url":"https://as.example/authorize?state=[redacted]&code_challenge=[redacted]&scope=a"}"#;
        assert_eq!(after(&[], page), shown);
        let tokens = r#"{"access_token":"a1","refresh_token": "r1","state":"kept","code":7}"#;
        let shown = r#"{"access_token":"[redacted]","refresh_token": "[redacted]","state":"kept","code":7}"#;
        assert_eq!(after(&[], tokens), shown);
    }

    /// O-30, S-09: many values that change take the place of none that is still sent.
    #[test]
    fn a_token_of_every_request_is_known_however_many_cookies_change() {
        let mut known = KnownSecrets::default();
        let headers = |pairs: &[(&'static str, String)]| {
            let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value));
            pairs.map(|(name, value)| (name, value.parse().unwrap())).collect::<HeaderMap>()
        };
        let token = "a-token-that-is-longer-than-every-cookie";
        for number in 0..3 * MOST {
            let cookie = format!("AWSALB=c00kie-{number:04}\"x");
            known.learn(&headers(&[
                ("authorization", format!("Bearer {token}")),
                ("cookie", cookie.clone()),
            ]));
            let without = known.without(format!("{token} {cookie}").as_bytes()).into_owned();
            assert_eq!(String::from_utf8(without).unwrap(), "[redacted] [redacted]");
            known.learn_from_response(&headers(&[("set-cookie", cookie)]));
            assert!(known.values.len() <= MOST);
        }
        let cookies: Vec<String> = (0..2 * MOST).map(|n| format!("c{n}=v4lue-{n:04}")).collect();
        known.learn(&headers(&[("cookie", cookies.join("; "))]));
        assert_eq!(&*known.without(b"v4lue-0000 v4lue-0511"), b"[redacted] [redacted]");
    }

    /// O-30: what a server says of itself, and plain words, are not searched for in results.
    #[test]
    fn plain_words_of_headers_do_not_vanish_from_results() {
        let kept = "Express in production, HttpOnly, max-age=31536000";
        let sent = [("x-env", "production"), ("x-mode", "in")];
        assert_eq!(after(&sent, kept), kept);
        let mut known = KnownSecrets::default();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-powered-by", "Express"),
            ("strict-transport-security", "max-age=31536000"),
            ("set-cookie", "sid=s3ss10n-1; Path=/; HttpOnly"),
            ("mcp-session-id", "0123-abcd"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        known.learn_from_response(&headers);
        let without =
            |text: &str| String::from_utf8(known.without(text.as_bytes()).into_owned()).unwrap();
        assert_eq!(without(kept), kept);
        assert_eq!(without("s3ss10n-1 0123-abcd"), "[redacted] [redacted]");
    }

    #[test]
    fn what_says_nothing_about_anybody_stays() {
        let kept = "text/event-stream 2025-11-25 value on";
        let headers = [
            ("accept", "text/event-stream"),
            ("mcp-protocol-version", "2025-11-25"),
            ("mcp-param-a", "value"),
            ("x-flag", "on"),
        ];
        assert_eq!(after(&headers, kept), kept);
    }
}
