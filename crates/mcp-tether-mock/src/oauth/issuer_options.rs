//! The options of the authorization server: the choices that the specifications leave open.

use std::time::Duration;

use serde_json::Value;

use super::dpop_options::DpopOptions;
use super::provider_rule::ProviderRule;

/// The options of an authorization server. The default approves on its own, registers everyone, and
/// is as strict as OAuth 2.1 and the newest MCP revision permit: PKCE with S256, `state`,
/// `resource`, exact redirect URIs but for the port of a loopback address, refresh tokens that
/// rotate.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuerOptions {
    /// The path of the issuer, in front of every endpoint; empty for the root.
    pub prefix: String,
    /// Every place where the metadata is served; empty if there is no such document.
    pub metadata_at: Vec<IssuerMetadataAt>,
    /// Whether requests are approved, denied, or decided on a page.
    pub consent: ConsentPolicy,
    /// The accounts on the consent page; without a page the first is used.
    pub accounts: Vec<String>,
    /// Whether clients may register themselves.
    pub registration: RegistrationPolicy,
    /// Refuses loopback redirects unless the client declares itself `native`, as OpenID Connect
    /// requires.
    pub native_must_say_so: bool,
    /// A host name that redirect URIs must not have.
    pub refused_redirect_host: Option<String>,
    /// Members that every registration gets, whatever it asked for, such as other `redirect_uris`.
    pub registered_as: Value,
    /// How long the secret of a registration is valid.
    pub secret_expiry: SecretExpiry,
    /// Which redirect URIs count as registered.
    pub redirect_match: RedirectMatch,
    /// Whether a URL is accepted as a client id. It is fetched, from loopback only.
    pub client_documents: bool,
    /// Documents of client ids that are not fetched: URL and document.
    pub known_documents: Vec<(String, Value)>,
    /// Clients that need no registration.
    pub known_clients: Vec<KnownClient>,
    /// How clients may authenticate; a registration that asks for another gets the first.
    pub authentication: Vec<ClientAuthentication>,
    /// `scopes_supported` of the metadata.
    pub scopes_supported: Option<Vec<String>>,
    /// Grants these scopes, whatever was requested.
    pub narrowed_to: Option<String>,
    /// The `iss` parameter of the redirect.
    pub iss: Iss,
    /// Whether the metadata promises `iss`.
    pub iss_advertised: bool,
    /// The check of the `resource` parameter.
    pub resource: ResourceParameter,
    /// How long access tokens are valid.
    pub access_lifetime: Duration,
    /// Whether token responses contain `expires_in`.
    pub says_expires_in: bool,
    /// Whether and how there are refresh tokens.
    pub refresh: RefreshTokens,
    /// The reaction to the reuse of a spent refresh token.
    pub reuse: Reuse,
    /// How long refresh tokens are valid.
    pub refresh_lifetime: Duration,
    /// How long authorization codes are valid.
    pub code_lifetime: Duration,
    /// Whether there is a revocation endpoint.
    pub revocation: bool,
    /// The device grant, if there is one.
    pub device: Option<DeviceOptions>,
    /// Pushed authorization requests (RFC 9126), if it takes them.
    pub pushed: Option<PushedRequests>,
    /// Enterprise-managed authorization, if it takes part in that.
    pub enterprise: Option<EnterpriseOptions>,
    /// Whether it redeems the tokens of workloads (SEP-1933).
    pub workloads: bool,
    /// Tokens that are bound to a key (RFC 9449), if it knows of them.
    pub dpop: Option<DpopOptions>,
    /// Members merged over the metadata; `null` removes one.
    pub metadata: Value,
    /// Additional refusals beyond the rules of OAuth.
    pub rules: Vec<ProviderRule>,
    /// The time at the start in seconds since 1970; the system's when left out.
    pub starts_at: Option<u64>,
}

impl Default for IssuerOptions {
    fn default() -> Self {
        Self {
            prefix: "/oauth".to_owned(),
            metadata_at: vec![IssuerMetadataAt::OAuth],
            consent: ConsentPolicy::Approve,
            accounts: vec!["Sara Bensaid".to_owned()],
            registration: RegistrationPolicy::Open,
            native_must_say_so: false,
            refused_redirect_host: None,
            registered_as: Value::Null,
            secret_expiry: SecretExpiry::Never,
            redirect_match: RedirectMatch::LoopbackAnyPort,
            client_documents: false,
            known_documents: Vec::new(),
            known_clients: Vec::new(),
            authentication: vec![
                ClientAuthentication::None,
                ClientAuthentication::Basic,
                ClientAuthentication::Post,
            ],
            scopes_supported: None,
            narrowed_to: None,
            iss: Iss::Right,
            iss_advertised: true,
            resource: ResourceParameter::Required,
            access_lifetime: Duration::from_secs(3600),
            says_expires_in: true,
            refresh: RefreshTokens::Rotating,
            reuse: Reuse::Strict,
            refresh_lifetime: Duration::from_secs(30 * 24 * 3600),
            code_lifetime: Duration::from_secs(60),
            revocation: true,
            device: Some(DeviceOptions::default()),
            pushed: None,
            enterprise: None,
            workloads: false,
            dpop: None,
            metadata: Value::Null,
            rules: Vec::new(),
            starts_at: None,
        }
    }
}

impl IssuerOptions {
    /// Returns the fallback of 2025-03-26: endpoints at the root, no metadata, no `resource`.
    pub fn before_resource_metadata() -> Self {
        Self {
            prefix: String::new(),
            metadata_at: Vec::new(),
            resource: ResourceParameter::Ignored,
            iss: Iss::Absent,
            iss_advertised: false,
            ..Self::default()
        }
    }
}

/// A place of the authorization server's metadata (RFC 8414 §3.1, OpenID Connect Discovery §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerMetadataAt {
    /// `/.well-known/oauth-authorization-server` and the issuer's path.
    OAuth,
    /// `/.well-known/oauth-authorization-server` whatever the issuer's path.
    OAuthRoot,
    /// `/.well-known/openid-configuration` and the issuer's path.
    OpenIdInserted,
    /// The issuer's path and `/.well-known/openid-configuration`.
    OpenIdAppended,
}

/// The decision about an authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentPolicy {
    /// Approved and redirected at once.
    Approve,
    /// Denied and redirected at once.
    Deny,
    /// Decided on a page, where a person approves, denies and chooses an account.
    Page,
}

/// Whether clients may register themselves (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationPolicy {
    /// Everyone may.
    Open,
    /// There is an endpoint, and it refuses.
    Refused {
        /// The status of its answer.
        status: u16,
        /// `error`, such as `invalid_client_metadata`.
        error: String,
        /// `error_description`.
        description: String,
    },
    /// There is no endpoint.
    Absent,
}

/// How long the secret of a registration lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretExpiry {
    /// Forever: `client_secret_expires_at` is 0.
    Never,
    /// This long after the registration.
    After(Duration),
}

/// Which redirect URIs count as registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectMatch {
    /// The same text.
    Exact,
    /// The same text, but for the port of `127.0.0.1` and `[::1]` (RFC 8252 §7.3).
    LoopbackAnyPort,
}

/// A client that needs no registration. Without redirect URIs, any loopback URI is accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownClient {
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<String>,
    /// How it authenticates.
    pub authentication: ClientAuthentication,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Its public key as a JWK, for assertions.
    pub key: Option<Value>,
}

impl KnownClient {
    /// Returns a client without a secret.
    pub fn public(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            authentication: ClientAuthentication::None,
            redirect_uris: Vec::new(),
            key: None,
        }
    }

    /// Returns a client with a secret.
    pub fn with_secret(id: &str, secret: &str, authentication: ClientAuthentication) -> Self {
        Self { secret: Some(secret.to_owned()), authentication, ..Self::public(id) }
    }

    /// Returns a client that signs assertions; `key` is its public key as a JWK (`EC` with P-256,
    /// `OKP` with Ed25519, `RSA`).
    pub fn with_key(id: &str, key: Value) -> Self {
        let authentication = ClientAuthentication::PrivateKeyJwt;
        Self { key: Some(key), authentication, ..Self::public(id) }
    }
}

/// How an authorization server takes part in enterprise-managed authorization. It can be the
/// identity provider, the authorization server of a remote, or both at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterpriseOptions {
    /// Whether it issues identity assertions as the identity provider.
    pub vouches: bool,
    /// The client that its assertions name, as the other server knows it; if left out, the client
    /// that asks.
    pub client_there: Option<String>,
    /// The lifetime of its ID tokens, in seconds.
    pub id_token_seconds: i64,
}

impl Default for EnterpriseOptions {
    fn default() -> Self {
        Self { vouches: true, client_there: None, id_token_seconds: 3600 }
    }
}

/// Pushed authorization requests (RFC 9126).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushedRequests {
    /// Whether requests that were not pushed are refused.
    pub required: bool,
    /// How long a pushed request is known.
    pub lifetime: Duration,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Not at all.
    None,
    /// Id and secret, form-encoded, in an `Authorization` header.
    Basic,
    /// Id and secret in the form.
    Post,
    /// A signed assertion in the form (RFC 7523).
    PrivateKeyJwt,
}

impl ClientAuthentication {
    /// Its name in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    pub(super) fn has_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }
}

/// `iss` of the redirect (RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Iss {
    /// The issuer.
    Right,
    /// None.
    Absent,
    /// This text, with `{issuer}` and `{origin}` filled in.
    Other(String),
}

/// The check of `resource` in authorization and token requests (RFC 8707).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceParameter {
    /// A remote that this server protects, and in token requests the one that was authorized.
    Required,
    /// Ignored; tokens are valid for every remote of this server.
    Ignored,
}

/// Whether and how there are refresh tokens. A client gets one only if it registered for the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokens {
    /// Each refresh issues a new one and spends the old one.
    Rotating,
    /// One for the whole grant; a refresh issues none.
    Fixed,
    /// Rotating, for grants with the scope `offline_access` only.
    RotatingIfOffline,
    /// None.
    Absent,
}

/// The reaction to the reuse of a spent refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// It revokes the whole grant.
    Strict,
    /// For this long after it was spent it is still accepted; later it revokes the whole grant.
    Grace(Duration),
    /// It is accepted until a token of its successor is presented; later it revokes the whole
    /// grant.
    UntilSuccessorSeen,
}

/// The device grant (RFC 8628).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceOptions {
    /// How many polls are answered `authorization_pending` if no one decides on a page.
    pub pending_polls: u32,
    /// The `interval`; a client that polls faster is told to slow down.
    pub interval: Duration,
    /// How long a code is valid.
    pub lifetime: Duration,
}

impl Default for DeviceOptions {
    fn default() -> Self {
        Self {
            pending_polls: 1,
            interval: Duration::from_secs(1),
            lifetime: Duration::from_secs(600),
        }
    }
}
