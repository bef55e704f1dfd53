//! What may be shown.

use mcp_tether::redact::{SafeUrl, Secret, is_deceptive, plain};
use url::Url;

const CANARY: &str = "c4n4ry0c4n4ry";

/// A secret in any place of a URL that can hold one is not shown (S-09); shown text steers no
/// terminal (S-15).
pub fn redaction(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let shown = plain(&text);
    assert!(!shown.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
    if !text.contains(is_deceptive) && text.chars().count() <= 500 {
        assert_eq!(shown, text, "harmless text stays");
    }
    assert_eq!(format!("{:?}", Secret::new(text.to_string())), "[redacted]");
    // Parsing takes out line breaks and tabs; names of a query are shown.
    let kept: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if kept.contains(CANARY) {
        return;
    }
    for place in places(&text) {
        let Ok(url) = Url::parse(&place) else { continue };
        for shown in [SafeUrl::new(&url).to_string(), format!("{:?}", SafeUrl::new(&url))] {
            assert!(!shown.contains(CANARY), "{shown}");
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
        }
    }
}

/// The text as part of a URL, with the canary wherever a secret may stand.
fn places(text: &str) -> [String; 5] {
    let name: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    [
        format!("https://{name}{CANARY}@host/{text}"),
        format!("https://{name}:{CANARY}@host/{text}"),
        format!("https://host/p?{name}={CANARY}{text}&x={CANARY}#{text}"),
        format!("https://host/p?{CANARY}#{text}"),
        format!("https://host/p?{name}#{CANARY}{text}"),
    ]
}
