//! The variable part of a registration request, and its variations after a refusal.
//! Sends nothing.

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::client::redirect_uri::{Redirect, candidates};
use crate::auth::guarded_http::error_answer::ErrorAnswer;
use crate::auth::options::AuthOptions;
use crate::error::Failure;

/// The variable part of a registration request.
#[derive(Clone, Debug, Default)]
pub(super) struct RegistrationVariant {
    pub(super) redirect: Option<Redirect>,
    pub(super) scopes: Option<String>,
    /// The authentication method, if not the server's first.
    pub(super) method: Option<AuthMethod>,
    /// Whether `application_type` is left out.
    pub(super) no_type: bool,
    /// Whether the refresh grant is left out.
    pub(super) no_refreshes: bool,
}

/// A refused registration.
pub(super) struct RegistrationRefused {
    /// The error code of RFC 7591 §3.2.2.
    pub(super) code: String,
    pub(super) description: Option<String>,
    pub(super) failure: Failure,
}

impl From<Failure> for RegistrationRefused {
    fn from(failure: Failure) -> Self {
        Self { code: String::new(), description: None, failure }
    }
}

impl RegistrationRefused {
    fn mentions(&self, words: &[&str]) -> bool {
        ErrorAnswer::mentions(self.description.as_deref(), words)
    }

    fn is_about_metadata(&self) -> bool {
        matches!(
            self.code.as_str(),
            "invalid_client_metadata" | "invalid_request" | "invalid_redirect_uri"
        )
    }
}

impl RegistrationVariant {
    /// The next variation to try after this refusal; each step is taken once. `offered` are the
    /// authentication methods that the server lists.
    pub(super) fn next_variant(
        &self,
        refused: &RegistrationRefused,
        options: &AuthOptions,
        offered: Option<&[String]>,
    ) -> Option<Self> {
        let is_invalid = refused.is_about_metadata();
        let about_redirect = refused.code == "invalid_redirect_uri"
            || is_invalid && refused.mentions(&["redirect", "localhost", "loopback"]);
        if about_redirect {
            match &self.redirect {
                Some(redirect) if redirect.host == "localhost" => {
                    let redirect = Some(redirect.on_host("127.0.0.1"));
                    return Some(Self { redirect, ..self.clone() });
                }
                // Some servers demand a redirect URI for every client, although only flows with
                // redirects need one (RFC 7591 §2); this is the one that a browser would use.
                None => {
                    let redirect = candidates(options, &[]).into_iter().next();
                    return Some(Self { redirect, ..self.clone() });
                }
                Some(_) => {}
            }
        }
        let is_open = |name: &str| !options.client_metadata.contains_key(name);
        let about_scope =
            refused.code == "invalid_scope" || is_invalid && refused.mentions(&["scope"]);
        if about_scope && self.scopes.is_some() && is_open("scope") {
            return Some(Self { scopes: None, ..self.clone() });
        }
        if !is_invalid {
            return None;
        }
        self.without_optional_members(refused, is_open, offered)
    }

    /// Drops optional members: `application_type` and the refresh grant are not essential, and
    /// another authentication method may be accepted (RFC 7591 §2).
    fn without_optional_members(
        &self,
        refused: &RegistrationRefused,
        is_open: impl Fn(&str) -> bool,
        offered: Option<&[String]>,
    ) -> Option<Self> {
        if refused.mentions(&["application_type"]) && is_open("application_type") {
            return (!self.no_type).then(|| Self { no_type: true, ..self.clone() });
        }
        if refused.mentions(&["refresh_token", "grant_type"]) && is_open("grant_types") {
            return (!self.no_refreshes).then(|| Self { no_refreshes: true, ..self.clone() });
        }
        if !refused.mentions(&["auth_method"]) || !is_open("token_endpoint_auth_method") {
            return None;
        }
        let method = match self.method.unwrap_or(AuthMethod::to_register(offered)) {
            AuthMethod::None => AuthMethod::Post,
            AuthMethod::Post => AuthMethod::Basic,
            _ => return None,
        };
        Some(Self { method: Some(method), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn refused(code: &str, words: &str) -> RegistrationRefused {
        let failure = Failure::internal();
        RegistrationRefused { code: code.to_owned(), description: Some(words.to_owned()), failure }
    }

    ///
    #[test]
    fn a_refused_member_is_left_out_once() {
        let options = AuthOptions::new(Url::parse("https://mcp.example/mcp").unwrap());
        let next_variant = |wanted: &RegistrationVariant, words: &str| {
            wanted.next_variant(&refused("invalid_client_metadata", words), &options, None)
        };
        let wanted = RegistrationVariant::default();
        let untyped = next_variant(&wanted, "application_type native is not supported").unwrap();
        assert!(untyped.no_type && next_variant(&untyped, "application_type is unknown").is_none());
        let short = next_variant(&untyped, "grant_types: refresh_token is not allowed").unwrap();
        assert!(
            short.no_type && short.no_refreshes && next_variant(&short, "grant_types").is_none()
        );
        let mut methods = Vec::new();
        let mut next = next_variant(&wanted, "token_endpoint_auth_method none is not supported");
        while let Some(wanted) = next {
            methods.extend(wanted.method);
            next = next_variant(&wanted, "token_endpoint_auth_method is not supported");
        }
        assert_eq!(methods, [AuthMethod::Post, AuthMethod::Basic]);
        assert!(next_variant(&wanted, "client_name is too long").is_none());
        let other = refused("access_denied", "application_type");
        assert!(wanted.next_variant(&other, &options, None).is_none());
    }
}
