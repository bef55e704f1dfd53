//! Computes the key in `mcp-remote`'s file names for a remote: an MD5 digest of its command line.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

/// The parts of the command line that the key depends on. Values are as the user typed them,
/// headers before `${VARIABLE}` is replaced; only spaces around `--resource` and
/// `--client-metadata-url` are trimmed, and `--token-endpoint` is normalized as a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The remote's URL.
    pub url: String,
    /// `--resource`.
    pub resource: Option<String>,
    /// `--authorize-param`, name and value. For each name, the last one counts.
    pub authorize_params: Vec<(String, String)>,
    /// `--header` and the lines of `--header-file`, name and value. For each name, the last one
    /// counts.
    pub headers: Vec<(String, String)>,
    /// `--client-metadata-url`.
    pub client_metadata_url: Option<String>,
    /// `--token-endpoint`.
    pub token_endpoint: Option<String>,
}

/// The parts of the command line on which the key depends, by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recipe {
    /// Up to 0.1.29.
    Url,
    /// From 0.1.30.
    WithHeaders,
    /// From 0.4, in the folder that all later versions share.
    Everything,
}

impl Parameters {
    /// A remote with no other parameters.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The key in current versions, 32 hexadecimal digits.
    pub fn key(&self) -> String {
        self.key_by(Recipe::Everything)
    }

    /// Adds a header in the form of `--header` and of the lines in `--header-file`. Like
    /// `mcp-remote`, ignores a line that is not in the form `Name: value`.
    pub fn add_header_line(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.is_empty() && name.chars().all(plain) && !value.contains(['\r', '\n']) {
            self.headers.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }

    /// The key in the versions that used this recipe.
    pub(super) fn key_by(&self, recipe: Recipe) -> String {
        let mut parts = vec![self.url.clone()];
        if recipe != Recipe::Url {
            parts.extend(self.resource.clone());
        }
        if recipe == Recipe::Everything {
            parts.extend(object(&self.authorize_params));
        }
        if recipe != Recipe::Url {
            parts.extend(object(&self.headers));
        }
        if recipe == Recipe::Everything {
            parts.extend(self.client_metadata_url.clone());
            parts.extend(self.token_endpoint.clone());
        }
        // Absent and empty parts are skipped.
        parts.retain(|part| !part.is_empty());
        let digest = Md5::digest(parts.join("|"));
        hex::encode(digest)
    }
}

/// The lowest callback port of `mcp-remote`, and how many ports there are from it on.
const FIRST_PORT: u16 = 3335;
const PORTS: u16 = 45_816;

/// The callback port that `mcp-remote` derives from a key. We use the same port, so that an
/// imported registration stays valid.
pub fn callback_port(key: &str) -> u16 {
    let digits = key.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    FIRST_PORT + digits.unwrap_or_default() % PORTS
}

/// A JavaScript object with sorted names as JSON; `None` if it is empty.
fn object(pairs: &[(String, String)]) -> Option<String> {
    // JavaScript sorts by UTF-16 code units.
    let sorted: BTreeMap<Vec<u16>, _> =
        pairs.iter().map(|(name, value)| (name.encode_utf16().collect(), (name, value))).collect();
    let json = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let members: Vec<_> = sorted
        .into_values()
        .map(|(name, value)| format!("{}:{}", json(name), json(value)))
        .collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mcp.example.com/mcp";

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    /// Only one of the parameters beside the URL.
    fn with(change: impl FnOnce(&mut Parameters)) -> Parameters {
        let mut parameters = Parameters::new(URL);
        change(&mut parameters);
        parameters
    }

    fn everything() -> Parameters {
        Parameters {
            url: URL.into(),
            resource: Some("https://r/".into()),
            headers: pairs(&[("B", "2"), ("A", "1")]),
            authorize_params: pairs(&[("z", "1"), ("b", "")]),
            client_metadata_url: Some("https://c.example/m".into()),
            token_endpoint: Some("https://t.example/token".into()),
        }
    }

    /// Keys and ports as `mcp-remote` 0.15.1 itself printed them.
    fn published() -> Vec<(Parameters, &'static str, u16)> {
        let odd = [
            ("X-B", "2"),
            ("Authorization", "Bearer ${TOKEN}"),
            ("a-lower", "q\"uote\\ \t \u{7} é \u{2028} 😀"),
            ("X_1", ""),
        ];
        let audience = [("audience", "https://api.example.com"), ("access_type", "offline")];
        let numbers = [("10", "a"), ("9", "b"), ("Z", "c"), ("a", "d")];
        let document = "https://client.example.com/metadata.json";
        vec![
            (with(|_| ()), "94baabe3c3fadb285b26c035e4e86046", 41409),
            (with(|p| p.url.push('/')), "009f3d837fca855373ee6bc0a55639f0", 3494),
            (
                Parameters::new("https://mcp.example.com/sse?tenant=ä&x=1"),
                "89c0048f6c2636c91824fbea6e02f9eb",
                38599,
            ),
            (
                with(|p| p.resource = Some("https://api.example.com/".into())),
                "f580260ba51a7fe035ec50bf97093cf1",
                20367,
            ),
            (
                with(|p| p.add_header_line("X-Key: ${KEY}")),
                "b2d253340d525deb59632ce6635b338c",
                49113,
            ),
            (with(|p| p.headers = pairs(&odd)), "9f695990e48a8ae666e9f3e50ef18ae4", 44144),
            (
                with(|p| p.authorize_params = pairs(&audience)),
                "e5f9e9a50aae7b081a47bef2e4fd991e",
                16392,
            ),
            (
                with(|p| p.authorize_params = pairs(&numbers)),
                "fe789a23ca8098d036af4779a8680545",
                22663,
            ),
            (
                with(|p| p.client_metadata_url = Some(document.into())),
                "6c28ec6efbfc680217317636e585586a",
                31023,
            ),
            (
                with(|p| p.token_endpoint = Some("https://as.example.com/token".into())),
                "aba5885cc766ae8bd18f04072ba59d76",
                47276,
            ),
            (everything(), "0820ced5a5c702c0173de6666f878d1f", 5415),
        ]
    }

    #[test]
    fn keys_and_ports_are_those_of_the_published_package() {
        for (parameters, key, port) in published() {
            assert_eq!(parameters.key(), key, "{parameters:?}");
            assert_eq!(callback_port(key), port);
        }
    }

    #[test]
    fn header_lines_are_read_as_they_were_there() {
        let mut parameters = Parameters::new(URL);
        for line in ["A:  b ", "no colon", "bad name: x", "B:\u{a0}c:d", "C: two\nlines"] {
            parameters.add_header_line(line);
        }
        assert_eq!(parameters.headers, pairs(&[("A", "b "), ("B", "c:d")]));
    }

    #[test]
    fn the_last_of_two_headers_with_one_name_counts_and_order_does_not() {
        let one = Parameters { headers: pairs(&[("B", "2"), ("A", "1")]), ..Parameters::new(URL) };
        let other = Parameters {
            headers: pairs(&[("A", "0"), ("A", "1"), ("B", "2")]),
            ..Parameters::new(URL)
        };
        assert_eq!(one.key(), other.key());
    }
}
