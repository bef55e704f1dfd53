//! Decides whether the tokens of a sign-in are bound to a key, from the servers' offers and demands
//! and the user's choice.

use serde::{Deserialize, Serialize};

use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::dpop::key::{ALGORITHM, DpopKey};
use crate::auth::options::DpopPolicy;
use crate::error::{Failure, FailureKind};
use crate::redact::{display_identifier, plain};

/// Whether the tokens of one sign-in are bound to a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenBinding {
    /// They are not bound.
    #[default]
    None,
    /// They are not bound, because the server refused a bound token.
    Refused,
    /// They are bound if the authorization server supports it.
    Offered(DpopKey),
    /// They have to be bound.
    Required(DpopKey),
}

impl TokenBinding {
    /// The key.
    pub fn key(&self) -> Option<&DpopKey> {
        match self {
            Self::None | Self::Refused => None,
            Self::Offered(key) | Self::Required(key) => Some(key),
        }
    }

    /// Whether the tokens are not bound.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The binding of issued tokens: `is_bound` says whether the authorization server bound them.
    ///
    /// # Errors
    /// They have to be bound, but are not.
    pub(crate) fn of_issued(&self, is_bound: bool) -> Result<Self, Failure> {
        match self {
            Self::Offered(_) if !is_bound => Ok(Self::None),
            Self::Required(_) if !is_bound => Err(Failure::new(
                FailureKind::AuthFailed,
                "the authorization server issued an unbound token, but DPoP was required",
            )
            .hint(
                "tell the server's operator that its authorization server has to do DPoP (RFC \
                 9449); leave out `--dpop always` if you gave it",
            )),
            _ => Ok(self.clone()),
        }
    }
}

/// What the two servers say about binding tokens.
pub(crate) struct DpopSources<'a> {
    pub(crate) policy: DpopPolicy,
    pub(crate) server: &'a AuthorizationServer,
    pub(crate) resource: Option<&'a ProtectedResource>,
    /// The challenge of the resource, if it sent one.
    pub(crate) challenge: Option<&'a Challenge>,
    /// Whether the resource refused a bound token before.
    pub(crate) was_refused: bool,
}

impl DpopSources<'_> {
    /// Whether the resource says which tokens it accepts, and bound ones are not among them (RFC
    /// 9110 §11.6.1, RFC 9728 §2).
    fn is_for_bearers_only(&self) -> bool {
        let lists = |resource: &ProtectedResource| {
            resource.dpop_signing_alg_values_supported.as_ref().is_some_and(|list| !list.is_empty())
        };
        let offers_bearer_only = self.challenge.is_some_and(|challenge| !challenge.offers_dpop);
        offers_bearer_only && !self.resource.is_some_and(lists)
    }
}

/// The binding to request, with a new key if needed. The authorization server's list of
/// algorithms is reason enough, unless the resource accepts only unbound tokens; the resource or
/// the user can demand binding.
///
/// # Errors
/// Binding is demanded, but the authorization server lists other algorithms only, or no key can be
/// generated.
pub(crate) fn choose(sources: &DpopSources<'_>) -> Result<TokenBinding, Failure> {
    let listed = sources.server.dpop_signing_alg_values_supported.as_deref();
    let is_offered = listed.is_some_and(|list| list.iter().any(|name| name == ALGORITHM));
    let by_resource = sources.resource.is_some_and(|it| it.dpop_bound_access_tokens_required);
    let is_challenged = sources.challenge.is_some_and(|challenge| challenge.is_dpop);
    let is_demanded = sources.policy == DpopPolicy::Always || by_resource || is_challenged;
    match sources.policy {
        DpopPolicy::Never => return Ok(TokenBinding::None),
        DpopPolicy::Auto if sources.was_refused && !is_demanded => {
            return Ok(TokenBinding::Refused);
        }
        DpopPolicy::Auto | DpopPolicy::Always => {}
    }
    if !is_demanded {
        let is_offered = is_offered && !sources.is_for_bearers_only();
        let key = if is_offered { Some(DpopKey::generate()?) } else { None };
        return Ok(key.map_or(TokenBinding::None, TokenBinding::Offered));
    }
    match listed {
        Some(list) if !is_offered && !list.is_empty() => Err(without_our_algorithm(sources, list)),
        // A server without a list may still support it: its response will show.
        _ => Ok(TokenBinding::Required(DpopKey::generate()?)),
    }
}

fn without_our_algorithm(sources: &DpopSources<'_>, list: &[String]) -> Failure {
    let names = list.iter().map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>();
    let issuer = display_identifier(&sources.server.issuer);
    Failure::new(
        FailureKind::AuthFailed,
        format!(
            "the authorization server `{issuer}` takes DPoP proofs signed with {} only, and \
             mcp-tether signs with `{ALGORITHM}`",
            names.join(", ")
        ),
    )
    .hint(
        "tell its operator that RFC 9449 clients commonly use `ES256`; if tokens without a key are \
         taken too, use `--dpop never`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        policy: DpopPolicy,
        listed: Option<&[&str]>,
        required: bool,
        challenged: bool,
        refused: bool,
    ) -> Result<&'static str, String> {
        let server = AuthorizationServer {
            issuer: "https://as".to_owned(),
            dpop_signing_alg_values_supported: listed
                .map(|list| list.iter().map(|name| (*name).to_owned()).collect()),
            ..AuthorizationServer::default()
        };
        let resource = ProtectedResource {
            dpop_bound_access_tokens_required: required,
            ..ProtectedResource::default()
        };
        let dpop = Challenge { is_dpop: true, offers_dpop: true, ..Challenge::default() };
        let challenge = challenged.then_some(dpop);
        let sources = DpopSources {
            policy,
            server: &server,
            resource: Some(&resource),
            challenge: challenge.as_ref(),
            was_refused: refused,
        };
        choose(&sources).map_err(|failure| failure.message).map(|binding| match binding {
            TokenBinding::None => "none",
            TokenBinding::Refused => "refused",
            TokenBinding::Offered(_) => "offered",
            TokenBinding::Required(_) => "required",
        })
    }

    ///
    #[test]
    fn a_key_is_used_where_it_is_offered_or_demanded() {
        use DpopPolicy::{Always, Auto, Never};
        let es256: Option<&[&str]> = Some(&["RS256", "ES256"]);
        assert_eq!(chosen(Auto, None, false, false, false), Ok("none"));
        assert_eq!(chosen(Auto, Some(&[]), false, false, false), Ok("none"));
        assert_eq!(chosen(Auto, Some(&["RS256"]), false, false, false), Ok("none"));
        assert_eq!(chosen(Auto, es256, false, false, false), Ok("offered"));
        assert_eq!(chosen(Auto, es256, false, false, true), Ok("refused"));
        assert_eq!(chosen(Auto, es256, true, false, true), Ok("required"));
        assert_eq!(chosen(Auto, None, true, false, false), Ok("required"));
        assert_eq!(chosen(Auto, None, false, true, false), Ok("required"));
        assert_eq!(chosen(Always, None, false, false, true), Ok("required"));
        assert_eq!(chosen(Never, es256, true, true, false), Ok("none"));
        let listing = AuthorizationServer {
            dpop_signing_alg_values_supported: Some(vec!["ES256".to_owned()]),
            ..AuthorizationServer::default()
        };
        let lists = |algorithms: Option<&str>, challenge: Challenge| {
            let list = algorithms.map(|name| vec![name.to_owned()]);
            let resource = ProtectedResource {
                dpop_signing_alg_values_supported: list,
                ..ProtectedResource::default()
            };
            let sources = DpopSources {
                policy: Auto,
                server: &listing,
                resource: Some(&resource),
                challenge: Some(&challenge),
                was_refused: false,
            };
            choose(&sources).unwrap().key().is_some()
        };
        let both = Challenge { offers_dpop: true, ..Challenge::default() };
        assert!(!lists(None, Challenge::default()), "the resource offers `Bearer` only");
        assert!(lists(Some("ES256"), Challenge::default()) && lists(None, both));
        let other = chosen(Always, Some(&["RS256"]), false, false, false).unwrap_err();
        assert!(other.contains("`RS256`"), "{other}");
    }
}
