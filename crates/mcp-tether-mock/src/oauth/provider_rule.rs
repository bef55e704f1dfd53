//! The list of things that large providers refuse beyond the rules of OAuth. The refusals
//! themselves are in `provider_refusals`.

/// Something that a server refuses although the specifications allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderRule {
    /// Asking for consent anew: only an administrator may give it.
    NoForcedConsent,
    /// The parameter `resource`.
    NoResource,
    /// A refresh request that does not name its scopes.
    ScopeAtRefresh,
    /// An authorization request without this parameter.
    Needs(&'static str),
    /// All other scopes, in a registration and in an authorization request.
    OnlyScopes(&'static [&'static str]),
    /// Registrations of clients with other names.
    OnlyClientNames(&'static [&'static str]),
    /// Nothing: errors of the token endpoint have the status 200.
    ErrorsWithStatus200,
}
