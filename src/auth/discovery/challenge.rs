//! Parses `WWW-Authenticate`, and finds the challenge that matters to MCP (A-02). Follows the
//! grammar of RFC 9110 §11.6.1, and tolerates common mistakes of servers.

use http::{HeaderMap, StatusCode, header};

use crate::auth::options::DpopPolicy;
use crate::error::{Failure, FailureKind};

/// A server's challenge: the authorization that it requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The URL of the protected resource's metadata (RFC 9728 §5.1), perhaps relative.
    pub resource_metadata: Option<String>,
    /// The scopes that the request needs (RFC 6750 §3).
    pub scope: Option<String>,
    /// The error code (RFC 6750 §3.1).
    pub error: Option<String>,
    /// The error in words, as the server sent them.
    pub error_description: Option<String>,
    /// Whether tokens with a proof of possession are required (RFC 9449 §7.1).
    pub is_dpop: bool,
    /// Whether tokens with a proof of possession are accepted, perhaps among others.
    pub offers_dpop: bool,
}

impl Challenge {
    /// The `Bearer` challenge of a response, otherwise the `DPoP` one. Of several, the one with the
    /// most parameters.
    pub fn find(headers: &HeaderMap) -> Option<Self> {
        let challenges = all_in(headers);
        let found = Self::best_of(&challenges, BEARER);
        let found = found.or_else(|| Self::best_of(&challenges, DPOP))?;
        let offers_dpop = challenges.iter().any(|challenge| challenge.scheme == DPOP);
        Some(Self { offers_dpop, ..found })
    }

    /// The `DPoP` challenge of a response, even beside others.
    pub(crate) fn find_dpop(headers: &HeaderMap) -> Option<Self> {
        Self::best_of(&all_in(headers), DPOP)
    }

    /// The challenge of this scheme with the most parameters.
    fn best_of(challenges: &[Raw], scheme: &str) -> Option<Self> {
        let found = challenges.iter().filter(|challenge| challenge.scheme == scheme);
        let found = found.map(Self::from_raw);
        found.reduce(|best, other| if other.weight() > best.weight() { other } else { best })
    }

    /// Whether the response to a request without a token asks for a sign-in: 401, or another
    /// refusal with a challenge that we support (A-14).
    pub fn asks_for_a_sign_in(status: StatusCode, headers: &HeaderMap) -> bool {
        match status {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => Self::find(headers).is_some(),
            _ => false,
        }
    }

    /// The failure if it demands something that the user does not permit (A-11).
    pub(crate) fn unmet(&self, policy: DpopPolicy) -> Option<Failure> {
        (self.is_dpop && policy == DpopPolicy::Never).then(|| {
            let message = "the server takes only tokens that are bound to a key (DPoP, RFC 9449)";
            Failure::new(FailureKind::AuthFailed, message).hint("leave out `--dpop never`")
        })
    }

    /// Whether more scopes are asked for (RFC 6750 §3.1).
    pub fn insufficient_scope(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }

    /// Whether it refuses the request's token (RFC 6750 §3.1).
    pub fn refuses_token(&self) -> bool {
        self.error.as_deref() == Some("invalid_token")
    }

    fn from_raw(raw: &Raw) -> Self {
        Self {
            resource_metadata: raw
                .parameter("resource_metadata")
                .or_else(|| raw.parameter("resource_metadata_url")),
            scope: raw.parameter("scope"),
            error: raw.parameter("error"),
            error_description: raw.parameter("error_description"),
            is_dpop: raw.scheme == DPOP,
            offers_dpop: raw.scheme == DPOP,
        }
    }

    fn weight(&self) -> usize {
        let given = [&self.resource_metadata, &self.scope, &self.error];
        given.iter().filter(|value| value.is_some()).count()
    }
}

const BEARER: &str = "bearer";
const DPOP: &str = "dpop";

fn all_in(headers: &HeaderMap) -> Vec<Raw> {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).into_iter();
    lines.flat_map(|value| parse(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

/// One challenge, as sent.
#[derive(Debug, Default)]
struct Raw {
    /// The scheme, in lower case.
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Raw {
    /// The first value of this name that is not empty.
    fn parameter(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }
}

/// Splits a header line into its challenges. Commas separate both challenges and parameters; a word
/// followed by an equals sign is a parameter, otherwise it is the scheme of the next challenge.
fn parse(line: &str) -> Vec<Raw> {
    let mut cursor = Cursor { rest: line };
    let mut challenges: Vec<Raw> = Vec::new();
    loop {
        cursor.skip(|character| character == ',' || character.is_ascii_whitespace());
        let word = cursor.take(is_token);
        if word.is_empty() {
            // No word can begin here. Quoted text is skipped as a whole, so that nothing in it
            // counts.
            match cursor.skip_one() {
                None => return challenges,
                Some('"') => drop(cursor.quoted()),
                Some(_) => {}
            }
            continue;
        }
        if let Some(value) = cursor.value() {
            if challenges.is_empty() && word.eq_ignore_ascii_case("resource_metadata") {
                // Without a scheme: only tokens have such metadata (RFC 9728 §5.1).
                challenges.push(Raw { scheme: BEARER.to_owned(), parameters: Vec::new() });
            }
            if let Some(challenge) = challenges.last_mut() {
                challenge.parameters.push((word.to_ascii_lowercase(), value));
            }
            continue;
        }
        challenges.push(Raw { scheme: word.to_ascii_lowercase(), parameters: Vec::new() });
        cursor.skip_token68();
    }
}

/// The rest of a header line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(wanted);
    }

    fn skip_one(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let skipped = characters.next();
        self.rest = characters.as_str();
        skipped
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Reads `=value` after a parameter's name; spaces around the sign are allowed (RFC 9110
    /// §11.2).
    fn value(&mut self) -> Option<String> {
        let after = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
        self.rest = after.trim_start_matches([' ', '\t']);
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            let value = self.quoted();
            let is_whole = self.rest.chars().next().is_none_or(|c| " \t,;".contains(c));
            // With text right behind it, the quote is that of the next parameter: this one was
            // never closed.
            if is_whole || !value.contains(',') {
                return Some(value);
            }
            self.rest = quoted;
            return Some(self.take(|character| character != ',').to_owned());
        }
        if let Some((value, rest)) = self.rest.strip_prefix('\'').and_then(|r| r.split_once('\'')) {
            self.rest = rest;
            return Some(value.to_owned());
        }
        // URLs are often sent without quotes: everything up to a separator counts.
        Some(self.take(|c| c != ',' && !c.is_ascii_whitespace()).to_owned())
    }

    /// Reads the rest of a quoted string, with escapes resolved; a missing closing quote is
    /// tolerated.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut characters = self.rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next()),
                other => value.push(other),
            }
        }
        self.rest = characters.as_str();
        value
    }

    /// Skips a `token68` after a scheme (`Negotiate YII=`), which the text after it distinguishes
    /// from a parameter.
    fn skip_token68(&mut self) {
        let before = self.rest;
        self.skip(|character| character == ' ');
        self.take(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        self.skip(|character| character == '=');
        let follows = self.rest.trim_start_matches([' ', '\t']);
        if !(follows.is_empty() || follows.starts_with(',')) {
            self.rest = before;
        }
    }
}

fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn find(lines: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(line).unwrap());
        }
        Challenge::find(&headers)
    }

    fn challenge(metadata: &str, scope: &str, error: &str) -> Challenge {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Challenge {
            resource_metadata: some(metadata),
            scope: some(scope),
            error: some(error),
            error_description: None,
            is_dpop: false,
            offers_dpop: false,
        }
    }

    /// A-02
    #[test]
    fn the_bearer_challenge_is_found_in_every_legal_shape() {
        let url = "https://h/.well-known/oauth-protected-resource";
        let full = challenge(url, "a b", "invalid_token");
        let cases: [&[&str]; 7] = [
            &[&format!(r#"Bearer resource_metadata="{url}", scope="a b", error="invalid_token""#)],
            &[&format!(r#"bEARER Scope="a b",ERROR=invalid_token , Resource_Metadata = "{url}""#)],
            &[
                r#"Basic realm="x, Bearer error=\"no\"", charset="UTF-8""#,
                &format!(r#"Bearer scope="a b", resource_metadata="{url}", error="invalid_token""#),
            ],
            &[&format!(
                r#"Negotiate YII+/=, Bearer error="invalid_token", scope="a b", resource_metadata="{url}", Basic realm="y""#
            )],
            &[&format!(
                r#"Negotiate, Bearer realm="", error="invalid_token", scope="a\ b", resource_metadata="{url}""#
            )],
            &[
                r#"Bearer realm="first""#,
                &format!(r#"Bearer error="invalid_token", scope="a b", resource_metadata="{url}""#),
            ],
            &[
                &format!(r#"DPoP scope="other", resource_metadata="{url}", algs="ES256""#),
                &format!(r#"Bearer error="invalid_token", scope="a b", resource_metadata={url}"#),
            ],
        ];
        for lines in cases {
            let found = find(lines).map(|found| Challenge { offers_dpop: false, ..found });
            assert_eq!(found.as_ref(), Some(&full), "{lines:?}");
        }
    }

    /// A-02
    #[test]
    fn what_real_servers_get_wrong_is_forgiven() {
        assert_eq!(find(&["Bearer"]), Some(Challenge::default()));
        assert_eq!(find(&[r#"Bearer realm="x" error="e""#]), Some(challenge("", "", "e")));
        assert_eq!(find(&[r#"Bearer , ,scope="a"#]), Some(challenge("", "a", "")));
        assert_eq!(find(&[r#"Bearer scope="", error="e""#]), Some(challenge("", "", "e")));
        assert_eq!(
            find(&["Bearer resource_metadata=https://h/x?y=z"]),
            Some(challenge("https://h/x?y=z", "", ""))
        );
        for odd in [
            "Bearer resource_metadata='https://h/x?y=z', scope=''",
            "resource_metadata=\"https://h/x?y=z\"",
            "Bearer realm=\"unclosed, resource_metadata=\"https://h/x?y=z\"",
            "Bearer resource_metadata_url=\"https://h/x?y=z\",",
            "Bearer resource_metadata=\"https://h/x?y=z",
        ] {
            assert_eq!(find(&[odd]), Some(challenge("https://h/x?y=z", "", "")), "{odd}");
        }
        let dpop = find(&[r#"DPoP error="use_dpop_nonce""#]).unwrap();
        assert_eq!(dpop.error.as_deref(), Some("use_dpop_nonce"));
        assert!(dpop.unmet(DpopPolicy::Never).is_some(), "A-11");
        assert!(dpop.unmet(DpopPolicy::Auto).is_none() && dpop.offers_dpop);
        assert!(find(&["DPoP algs=ES256", "Bearer"]).unwrap().unmet(DpopPolicy::Never).is_none());
    }

    #[test]
    fn other_schemes_are_no_challenge_of_ours() {
        for line in
            ["Basic realm=\"x\"", "Negotiate", "BearerX scope=\"a\"", "", "= = \"", "\"Bearer\""]
        {
            assert_eq!(find(&[line]), None, "{line}");
        }
        assert_eq!(Challenge::find(&HeaderMap::new()), None);
    }

    proptest! {
        /// A-02: hostile headers.
        #[test]
        fn no_header_breaks_the_parser(line in "[ -~\t]{0,200}") {
            let mut headers = HeaderMap::new();
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_str(&line).unwrap());
            let _ = Challenge::find(&headers);
        }
    }
}
