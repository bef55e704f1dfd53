//! The refusals of large providers, in the providers' own words, which programs and people look
//! for.

use serde_json::Value;

use super::answer::OAuthError;
use super::fields::FormFields;
use super::provider_rule::ProviderRule;

impl ProviderRule {
    /// Returns the refusal of an authorization request or of a request for a device code.
    pub(super) fn refuses_authorization(self, fields: &FormFields) -> Option<OAuthError> {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        match self {
            Self::NoForcedConsent if field("prompt").contains("consent") => Some(OAuthError::new(
                "access_denied",
                "AADSTS90094: an administrator has to approve this application",
            )),
            Self::NoResource if fields.contains_key("resource") => Some(no_resource()),
            Self::Needs(name) if field(name).is_empty() => {
                Some(OAuthError::invalid_request(format!("`{name}` is missing")))
            }
            Self::OnlyScopes(known) => unknown_scope(known, field("scope")),
            _ => None,
        }
    }

    /// Returns the refusal of a token request.
    pub(super) fn refuses_token_request(self, fields: &FormFields) -> Option<OAuthError> {
        let refreshes = fields.get("grant_type").is_some_and(|grant| grant == "refresh_token");
        match self {
            Self::NoResource if fields.contains_key("resource") => Some(no_resource()),
            Self::ScopeAtRefresh if refreshes && !fields.contains_key("scope") => Some(
                OAuthError::invalid_request("AADSTS90014: the required field `scope` is missing"),
            ),
            _ => None,
        }
    }

    /// Returns the refusal of a registration.
    pub(super) fn refuses_registration(self, wanted: &Value) -> Option<OAuthError> {
        match self {
            Self::OnlyScopes(known) => {
                unknown_scope(known, wanted["scope"].as_str().unwrap_or_default())
            }
            Self::OnlyClientNames(names) => {
                let name = wanted["client_name"].as_str().unwrap_or_default();
                let words = format!("the client `{name}` is not approved");
                (!names.contains(&name))
                    .then(|| OAuthError { status: 403, ..OAuthError::new("Forbidden", words) })
            }
            _ => None,
        }
    }
}

fn no_resource() -> OAuthError {
    OAuthError::invalid_request("AADSTS901002: The 'resource' request parameter is not supported.")
}

fn unknown_scope(known: &[&str], asked: &str) -> Option<OAuthError> {
    let unknown = asked.split_whitespace().find(|scope| !known.contains(scope))?;
    Some(OAuthError::new("invalid_scope", format!("`{unknown}` is not a scope of this server")))
}
