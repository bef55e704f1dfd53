//! Tokens as we store them and as token endpoints send them: harmless deviations from RFC 6749 §5.1
//! are accepted.

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::auth::records::secret_text;
use crate::pace::TOKEN_LIFETIME;
use crate::redact::{Secret, plain};

/// The longest accepted access token, in bytes: it goes into a header, and no server accepts longer
/// ones.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// How much of an unknown token type is shown, in characters.
const MAX_SHOWN_TYPE: usize = 60;
/// How long, in seconds, before its expiry a token is refreshed; a quarter of its lifetime if that
/// is shorter (A-53).
const REFRESH_MARGIN_SECONDS: u64 = 60;

/// The tokens of one sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSet {
    /// The access token, for the `Authorization` header.
    #[serde(with = "secret_text")]
    pub access_token: Secret<String>,
    /// When it was obtained, in seconds since 1970.
    #[serde(default)]
    pub obtained_at: u64,
    /// When it expires, in seconds since 1970; `None` if the server did not say, so that only a 401
    /// shows it (A-53).
    #[serde(default)]
    pub expires_at: Option<u64>,
    /// The refresh token; never assumed to exist (A-57).
    #[serde(default, with = "secret_text::option")]
    pub refresh_token: Option<Secret<String>>,
    /// The scopes that were granted, separated by spaces; `None` if the server did not say.
    #[serde(default)]
    pub scope: Option<String>,
    /// The ID token of OpenID Connect.
    #[serde(default, with = "secret_text::option")]
    pub id_token: Option<Secret<String>>,
    /// Whether the access token is bound to the key of its sign-in, and never sent as `Bearer`
    /// (RFC 9449 §5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dpop: bool,
}

impl TokenSet {
    /// Whether the token can be sent without refreshing it first.
    pub fn is_fresh(&self, now: u64) -> bool {
        // In records of older releases, the expiry may be the time of issue, which means nothing
        // (A-53).
        let Some(end) = self.expires_at.filter(|end| *end > self.obtained_at) else { return true };
        let margin = REFRESH_MARGIN_SECONDS.min(end.saturating_sub(self.obtained_at) / 4);
        // A clock that was set back must not extend a token's lifetime.
        now + margin < end && now + REFRESH_MARGIN_SECONDS >= self.obtained_at
    }

    /// Whether the token has certainly expired.
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|end| end > self.obtained_at && now >= end)
    }

    /// These tokens after a refresh: a missing refresh token, scope or ID token stays as it was
    /// (RFC 6749 §6, A-54).
    #[must_use]
    pub fn refreshed_by(&self, mut refreshed: Self) -> Self {
        refreshed.refresh_token = refreshed.refresh_token.or_else(|| self.refresh_token.clone());
        refreshed.scope = refreshed.scope.or_else(|| self.scope.clone());
        refreshed.id_token = refreshed.id_token.or_else(|| self.id_token.clone());
        refreshed
    }
}

/// The response of a token endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Issued {
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "token_type")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "not_empty")]
    refresh_token: Option<RefreshToken>,
    #[serde(default, deserialize_with = "words")]
    scope: Option<Vec<Scope>>,
    #[serde(default, deserialize_with = "not_empty")]
    id_token: Option<RefreshToken>,
}

impl Issued {
    /// The tokens as we store them.
    pub(crate) fn into_tokens(self, now: u64) -> TokenSet {
        let secret = |token: RefreshToken| Secret::new(token.into_secret());
        let words = |scopes: Vec<Scope>| {
            scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
        };
        TokenSet {
            access_token: Secret::new(self.access_token.into_secret()),
            obtained_at: now,
            expires_at: self.expires_in.map(|seconds| now.saturating_add(seconds)),
            refresh_token: self.refresh_token.map(secret),
            scope: self.scope.map(words),
            id_token: self.id_token.map(secret),
            is_dpop: self.token_type == dpop(),
        }
    }

    /// Checks whether the access token can be used (A-59). `proved` says whether its request had a
    /// DPoP proof. The error is the end of a sentence.
    ///
    /// # Errors
    /// Its type needs a proof that we do not have, or it cannot be sent in a header.
    pub(crate) fn check(&self, proved: bool) -> Result<(), String> {
        if let BasicTokenType::Extension(other) = &self.token_type
            && !(proved && self.token_type == dpop())
        {
            let other = plain(&other.chars().take(MAX_SHOWN_TYPE).collect::<String>());
            return Err(format!("is of the type `{other}`, which is not `Bearer`"));
        }
        let token = self.access_token.secret();
        if token.trim().is_empty() {
            return Err("is empty".to_owned());
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(format!("is longer than {MAX_TOKEN_BYTES} bytes"));
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("contains characters that are not allowed in a header".to_owned());
        }
        Ok(())
    }
}

impl TokenResponse for Issued {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scope.as_ref()
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

fn dpop() -> BasicTokenType {
    BasicTokenType::Extension("DPoP".to_owned())
}

/// The names that servers use for tokens that are sent as `Bearer`.
const BEARER_NAMES: [&str; 6] = ["bearer", "bearertoken", "accesstoken", "token", "bot", "user"];

/// Reads a token type: any spelling of `Bearer`, or another name for it; a missing type counts as
/// `Bearer`.
fn token_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let name = value.as_str().map(str::trim).unwrap_or_default();
    let mut letters = name.to_ascii_lowercase();
    letters.retain(|character| !matches!(character, ' ' | '_' | '-'));
    Ok(if name.is_empty() || BEARER_NAMES.contains(&letters.as_str()) {
        BasicTokenType::Bearer
    } else if letters == "dpop" {
        dpop()
    } else {
        BasicTokenType::Extension(name.to_owned())
    })
}

/// Reads a number, or text with a number. Zero, negative and absurd values count as absent.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let whole = seconds.map(|seconds| seconds as u64);
    Ok(whole.filter(|seconds| TOKEN_LIFETIME.contains(seconds)))
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RefreshToken>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().filter(|text| !text.trim().is_empty());
    Ok(text.map(|text| RefreshToken::new(text.to_owned())))
}

/// Reads words from one string or an array; an empty list counts as absent.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Scope>>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let words: Vec<Scope> = match &value {
        Value::String(text) => {
            text.split_whitespace().map(|word| Scope::new(word.to_owned())).collect()
        }
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).map(|word| Scope::new(word.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    Ok(Some(words).filter(|words| !words.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(text: &str) -> TokenSet {
        serde_json::from_str::<Issued>(text).unwrap().into_tokens(1000)
    }

    /// A-53, A-57, D-08
    #[test]
    fn answers_are_read_leniently() {
        let full = issued(
            r#"{"access_token":"a","token_type":"bearer","expires_in":"3600","refresh_token":"r",
                "scope":"x  y","id_token":"i","other":{}}"#,
        );
        assert_eq!(full.expires_at, Some(4600));
        assert_eq!(full.refresh_token, Some(Secret::new("r".to_owned())));
        assert_eq!(full.scope.as_deref(), Some("x y"));
        assert_eq!(full.id_token, Some(Secret::new("i".to_owned())));
        let blank = issued(r#"{"access_token":"a","refresh_token":" "}"#);
        assert_eq!(blank.refresh_token, None);
        let bare = issued(r#"{"access_token":"a","refresh_token":"","expires_in":null}"#);
        assert_eq!((bare.expires_at, bare.refresh_token), (None, None));
        assert_eq!(issued(r#"{"access_token":"a","expires_in":1.5}"#).expires_at, Some(1001));
        assert_eq!(issued(r#"{"access_token":"a","expires_in":-1}"#).expires_at, None);
        let dpop = r#"{"access_token":"a","token_type":"DPoP"}"#;
        let refused = serde_json::from_str::<Issued>(dpop).unwrap().check(false).unwrap_err();
        assert!(refused.contains("`DPoP`"), "{refused}");
        assert!(serde_json::from_str::<Issued>(r#"{"token_type":"Bearer"}"#).is_err());
    }

    /// A-53
    #[test]
    fn a_lifetime_that_says_nothing_is_no_end() {
        for lifetime in
            ["0", "-1", "0.5", "\"0\"", "\"soon\"", "null", "[]", "1e30", "1e400", "\"9e99\""]
        {
            let text = format!(r#"{{"access_token":"a","expires_in":{lifetime}}}"#);
            let Ok(read) = serde_json::from_str::<Issued>(&text) else {
                assert_eq!(lifetime, "1e400", "JSON that no number type holds");
                continue;
            };
            let tokens = read.into_tokens(1000);
            assert_eq!(tokens.expires_at, None, "{lifetime}");
        }
        for (lifetime, end) in [("3600.9", 4600), ("\"3600.0\"", 4600), ("\" 60 \"", 1060)] {
            let text = format!(r#"{{"access_token":"a","expires_in":{lifetime}}}"#);
            assert_eq!(issued(&text).expires_at, Some(end), "{lifetime}");
        }
        let old = TokenSet { expires_at: Some(1000), ..issued(r#"{"access_token":"a"}"#) };
        assert!(old.is_fresh(5000) && !old.is_expired(5000), "a record of an older release");
    }

    /// A-59, D-08
    #[test]
    fn a_token_that_cannot_be_sent_is_refused_where_it_comes_in() {
        let check = |token: &str, kind: &str| {
            let answer = serde_json::json!({ "access_token": token, "token_type": kind });
            serde_json::from_value::<Issued>(answer).unwrap().check(false)
        };
        for kind in ["DPoP", "dpop"] {
            let answer = serde_json::json!({ "access_token": "a", "token_type": kind });
            let issued = serde_json::from_value::<Issued>(answer).unwrap();
            assert_eq!(issued.check(true), Ok(()));
            assert!(issued.into_tokens(0).is_dpop, "{kind}");
        }
        for kind in ["Bearer", "BEARER", "BearerToken", "bearer_token", "bot", "user", "", " "] {
            assert_eq!(check("a", kind), Ok(()), "{kind}");
        }
        for kind in ["DPoP", "mac", "pop", "N_A", "urn:x"] {
            assert!(check("a", kind).unwrap_err().contains(&format!("`{kind}`")), "{kind}");
        }
        for token in ["", " ", "\t", "a b", "a\nb", "\u{7f}", "\u{e4}", &"x".repeat(70_000)] {
            let refused = check(token, "Bearer").unwrap_err();
            assert!(token.trim().len() < 2 || !refused.contains(token), "{refused}");
        }
    }

    /// A-53
    #[test]
    fn a_token_is_refreshed_ahead_of_its_end() {
        let fresh = |lifetime: u64, age: u64| {
            let text = format!(r#"{{"access_token":"a","expires_in":{lifetime}}}"#);
            issued(&text).is_fresh(1000 + age)
        };
        assert!(fresh(3600, 0) && fresh(3600, 3539));
        assert!(!fresh(3600, 3540));
        assert!(fresh(1, 0), "a token of one second is usable for that second");
        assert!(!fresh(1, 1));
        assert!(fresh(40, 29) && !fresh(40, 30), "a short token has a short margin");
        let unlimited = issued(r#"{"access_token":"a"}"#);
        assert!(unlimited.is_fresh(u64::MAX) && !unlimited.is_expired(u64::MAX));
    }

    /// A-54: a missing refresh token in the answer keeps the old one.
    #[test]
    fn what_an_answer_leaves_out_stays() {
        let old = issued(r#"{"access_token":"a","refresh_token":"r","scope":"x","id_token":"i"}"#);
        let new = old.refreshed_by(issued(r#"{"access_token":"b"}"#));
        assert_eq!(new.access_token, Secret::new("b".to_owned()));
        assert_eq!((&new.refresh_token, &new.scope), (&old.refresh_token, &old.scope));
        let rotated = old.refreshed_by(issued(r#"{"access_token":"b","refresh_token":"r2"}"#));
        assert_eq!(rotated.refresh_token, Some(Secret::new("r2".to_owned())));
    }
}
