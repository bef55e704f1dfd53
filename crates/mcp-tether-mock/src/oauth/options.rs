//! The options of a protected resource: its metadata and the credentials that it requires.

use super::dpop_options::DpopOptions;
use super::issuer::IssuerHandle;
use super::issuer_options::IssuerOptions;

/// The OAuth options of one remote. By default its challenge names a path-inserted RFC 9728
/// document, which names an authorization server on the same listener below `/oauth`; any token for
/// this remote is sufficient for everything.
#[derive(Clone, Debug, PartialEq)]
pub struct OAuthOptions {
    /// The authorization server, with its options if it is on the same listener.
    pub issuer: IssuerAt,
    /// Every place where the resource metadata is served; empty if there is no such document.
    pub metadata_at: Vec<ResourceMetadataAt>,
    /// The `resource_metadata` of challenges.
    pub challenge_names: ChallengeNames,
    /// The document's `resource`, with `{origin}` filled in; the endpoint if left out.
    pub resource: Option<String>,
    /// Issuers that the document names before the real one, with `{origin}` filled in.
    pub other_issuers: Vec<String>,
    /// The real issuer as the document names it, with `{issuer}` filled in; as it is if left out.
    pub listed_as: Option<String>,
    /// The `scope` of the 401 challenge.
    pub challenge_scope: Option<String>,
    /// The document's `scopes_supported`.
    pub scopes_supported: Option<Vec<String>>,
    /// Scopes, separated by spaces, without which every request is answered 403.
    pub required_scope: Option<String>,
    /// Additional scopes that calls of single tools need; see [`OAuthOptions::tool_scope`].
    pub tool_scopes: Vec<(String, String)>,
    /// Whether a 403 names the scopes that the token has, besides those it lacks (2025-11-25
    /// permits both).
    pub step_up_names_held: bool,
    /// Answers 403 to calls of those tools, whatever scopes the token has.
    pub never_enough: bool,
    /// Tokens that are bound to a key (RFC 9449); if left out, only `Bearer` is understood.
    pub dpop: Option<DpopOptions>,
    /// Additional challenges before ours, each in its own header field, such as `Basic realm="x"`.
    pub other_challenges: Vec<String>,
}

impl Default for OAuthOptions {
    fn default() -> Self {
        Self {
            issuer: IssuerAt::Here(IssuerOptions::default()),
            metadata_at: vec![ResourceMetadataAt::PathInserted],
            challenge_names: ChallengeNames::Metadata,
            resource: None,
            other_issuers: Vec::new(),
            listed_as: None,
            challenge_scope: None,
            scopes_supported: None,
            required_scope: None,
            tool_scopes: Vec::new(),
            step_up_names_held: false,
            never_enough: false,
            dpop: None,
            other_challenges: Vec::new(),
        }
    }
}

impl OAuthOptions {
    /// Returns the default with another authorization server.
    pub fn with_issuer(issuer: impl Into<IssuerAt>) -> Self {
        Self { issuer: issuer.into(), ..Self::default() }
    }

    /// Returns the options of a remote of 2025-03-26: no resource metadata, and an authorization
    /// server at the root of its origin without metadata and without `resource`.
    pub fn before_resource_metadata() -> Self {
        Self {
            metadata_at: Vec::new(),
            ..Self::with_issuer(IssuerOptions::before_resource_metadata())
        }
    }

    /// Requires these scopes, separated by spaces, for calls of this tool.
    #[must_use]
    pub fn tool_scope(mut self, tool: &str, scope: &str) -> Self {
        self.tool_scopes.push((tool.to_owned(), scope.to_owned()));
        self
    }
}

/// The authorization server of a remote.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one in each mock")]
pub enum IssuerAt {
    /// On the remote's own listener.
    Here(IssuerOptions),
    /// On its own, see [`MockAuthorizationServer`](crate::MockAuthorizationServer); several remotes
    /// may share it.
    There(IssuerHandle),
}

impl From<IssuerOptions> for IssuerAt {
    fn from(options: IssuerOptions) -> Self {
        Self::Here(options)
    }
}

impl From<IssuerHandle> for IssuerAt {
    fn from(handle: IssuerHandle) -> Self {
        Self::There(handle)
    }
}

/// A place of the resource metadata (RFC 9728 §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceMetadataAt {
    /// `/.well-known/oauth-protected-resource` and the endpoint's path.
    PathInserted,
    /// `/.well-known/oauth-protected-resource`.
    Root,
    /// This path, to be found only through the challenge.
    Path(String),
}

/// The `resource_metadata` of challenges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChallengeNames {
    /// None.
    Nothing,
    /// The first place of the metadata, if there is one.
    Metadata,
    /// This URL, whatever is there, with `{origin}` filled in.
    Url(String),
}
