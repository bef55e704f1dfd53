//! Exchanges a person's token, at the company's identity provider, for an assertion that another
//! authorization server accepts (RFC 8693, ID-JAG). Stores nothing.

use serde_json::{Map, Value};

use crate::auth::grants::token_endpoint::{GrantError, TokenEndpoint};
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, plain};

/// The grant type (RFC 8693 §2.1).
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// The longest assertion, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The assertion to request.
pub(crate) struct WantedAssertion<'a> {
    /// Its audience: the issuer of the authorization server.
    pub(crate) audience: &'a str,
    /// The resource indicator of the MCP server.
    pub(crate) resource: Option<&'a str>,
    /// The scopes, separated by spaces.
    pub(crate) scope: Option<&'a str>,
}

/// The person's token.
pub(crate) enum SubjectToken<'a> {
    /// An ID token from the identity provider.
    IdToken(&'a Secret<String>),
    /// A refresh token from the identity provider, if the ID token has expired and there is no new
    /// one.
    RefreshToken(&'a Secret<String>),
}

/// Requests an assertion.
///
/// # Errors
/// [`GrantError`].
pub(crate) async fn exchange(
    endpoint: &TokenEndpoint<'_>,
    subject: &SubjectToken<'_>,
    wanted: &WantedAssertion<'_>,
) -> Result<Secret<String>, GrantError> {
    let (token, kind) = match subject {
        SubjectToken::IdToken(token) => (token, "id_token"),
        SubjectToken::RefreshToken(token) => (token, "refresh_token"),
    };
    let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
    let mut form = vec![
        ("grant_type", GRANT_TYPE),
        ("requested_token_type", ID_JAG),
        ("subject_token", token.expose_to_wire()),
        ("subject_token_type", &kind),
        ("audience", wanted.audience),
    ];
    form.extend(wanted.resource.map(|resource| ("resource", resource)));
    form.extend(wanted.scope.map(|scope| ("scope", scope)));
    let body = endpoint.extension_grant(&form).await?;
    read(&body).map_err(GrantError::Unavailable)
}

fn read(body: &[u8]) -> Result<Secret<String>, Failure> {
    let body: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if let Some(other) = text("issued_token_type").filter(|kind| *kind != ID_JAG) {
        let other = plain(&other.chars().take(80).collect::<String>());
        return Err(unusable(&format!("gave a token of the type `{other}`")));
    }
    let fits = |token: &&str| {
        !token.is_empty() && token.len() <= MAX_BYTES && token.bytes().all(|b| b.is_ascii_graphic())
    };
    let token = text("access_token").filter(fits);
    token
        .map(|token| Secret::new(token.to_owned()))
        .ok_or_else(|| unusable("gave no assertion that can be used"))
}

fn unusable(what: &str) -> Failure {
    Failure::new(FailureKind::AuthFailed, format!("the identity provider {what}"))
        .hint("ask whoever runs it whether it issues identity assertions (ID-JAG) for this server")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-100
    #[test]
    fn only_an_identity_assertion_is_taken() {
        let kind = "urn:ietf:params:oauth:token-type:id-jag";
        let good = format!(r#"{{"access_token":"a.b.c","issued_token_type":"{kind}"}}"#);
        assert_eq!(*read(good.as_bytes()).unwrap().expose(), "a.b.c");
        let access = "urn:ietf:params:oauth:token-type:access_token";
        for wrong in [
            format!(r#"{{"access_token":"hunter2","issued_token_type":"{access}"}}"#),
            r#"{"access_token":""}"#.to_owned(),
            r#"{"access_token":"hunter2 x"}"#.to_owned(),
            r#"{"access_token":7}"#.to_owned(),
            format!(r#"{{"access_token":"{}"}}"#, "x".repeat(70_000)),
            "{}".to_owned(),
        ] {
            let failure = read(wrong.as_bytes()).unwrap_err();
            assert!(!failure.hint.is_empty() && !failure.message.contains("hunter2"), "{wrong}");
        }
    }
}
