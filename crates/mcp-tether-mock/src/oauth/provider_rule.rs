//! What large providers refuse beyond the rules of OAuth: the list. Their refusals are in
//! `provider_refusals`.

/// Something that a server refuses, whatever the specifications say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderRule {
    /// Asking for consent anew: only an administrator may give it.
    NoForcedConsent,
    /// The parameter `resource`.
    NoResource,
    /// A renewal that does not name its scopes.
    ScopeAtRenewal,
    /// An authorization request without this parameter.
    Needs(&'static str),
    /// Scopes other than these, in a registration and in an authorization request.
    OnlyScopes(&'static [&'static str]),
    /// Registrations of clients with other names.
    OnlyClientNames(&'static [&'static str]),
    /// Nothing: errors of the token endpoint have the status 200.
    ErrorsWithStatus200,
}
