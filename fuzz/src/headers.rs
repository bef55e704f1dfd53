//! Header text, in both directions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use mcp_tether::auth::Challenge;
use mcp_tether::eras::encode_header_value;

/// What is mirrored into a header is printable ASCII and reads back as it was (T-54, S-08).
pub fn header_values(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let value = encode_header_value(text);
    assert!(value.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{value:?}");
    assert_eq!(value.trim(), value, "white space at the ends would be lost");
    assert!(HeaderValue::from_str(&value).is_ok());
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    match inner {
        Some(encoded) => assert_eq!(STANDARD.decode(encoded).expect("base64"), text.as_bytes()),
        None => assert_eq!(value, text),
    }
}

/// Whatever stands around a well-formed challenge, and whatever its values hold, it is found as it
/// was sent; and any header at all yields only what is in it.
pub fn challenge(input: &[u8]) {
    let mut headers = HeaderMap::new();
    let lines = input.split(|byte| *byte == b'\n');
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(WWW_AUTHENTICATE, value);
    }
    if let Some(found) = Challenge::find(&headers) {
        let sent = String::from_utf8_lossy(input);
        let parts = [found.resource_metadata, found.scope, found.error, found.error_description];
        for part in parts.iter().flatten() {
            assert!(!part.is_empty());
            assert!(is_within(part, &sent), "{part:?} was not sent");
        }
    }
    well_formed(input);
}

fn well_formed(input: &[u8]) {
    let text: String =
        String::from_utf8_lossy(input).chars().filter(|c| !c.is_control()).take(200).collect();
    let (realm, url) = text.split_at(text.len() / 2 - boundary(&text));
    let header = format!(
        "Basic realm={}, Negotiate YII=, Bearer scope=\"a b\", resource_metadata={}, error=\"x\"",
        quoted(realm),
        quoted(url)
    );
    let mut headers = HeaderMap::new();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(header.as_bytes()).expect("text"));
    let found = Challenge::find(&headers).expect("a challenge");
    assert_eq!(found.scope.as_deref(), Some("a b"));
    assert_eq!(found.error.as_deref(), Some("x"));
    assert_eq!(found.resource_metadata.as_deref(), Some(url).filter(|url| !url.is_empty()));
}

/// How far the middle is from the character it cuts.
fn boundary(text: &str) -> usize {
    let middle = text.len() / 2;
    (0..=middle).find(|back| text.is_char_boundary(middle - back)).unwrap_or(middle)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether the characters of `part` stand in `sent` in this order.
fn is_within(part: &str, sent: &str) -> bool {
    let mut sent = sent.chars();
    part.chars().all(|character| sent.any(|other| other == character))
}
