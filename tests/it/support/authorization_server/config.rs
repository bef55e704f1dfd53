//! The configuration of the server, which a test may change at any time.

use super::*;

/// The configuration of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The path of the resource metadata; `None` if there is none.
    pub resource_metadata: Option<&'static str>,
    /// Whether the challenge names that place.
    pub named_in_challenge: bool,
    /// The `resource` of the document instead of the endpoint.
    pub resource: Option<String>,
    /// Issuers named before the real one.
    pub other_issuers: Vec<String>,
    /// The path of the issuer.
    pub issuer_path: &'static str,
    /// The `issuer` of the document instead of the real one.
    pub issuer: Option<String>,
    /// The path of the server metadata; `None` if there is none.
    pub server_metadata: Option<&'static str>,
    /// `code_challenge_methods_supported`.
    pub pkce: Option<Vec<&'static str>>,
    /// Members merged over the server metadata.
    pub extra_metadata: Value,
    /// `iss` of the callback: `None` leaves it out.
    pub iss: Option<String>,
    /// Whether clients may register.
    pub registration: bool,
    /// Redirect hosts that a registration may not have.
    pub refused_redirect_host: Option<&'static str>,
    /// How clients authenticate.
    pub auth_method: &'static str,
    /// When client secrets end.
    pub secret_expires_at: u64,
    /// Scopes of the 401 challenge.
    pub challenge_scope: Option<&'static str>,
    /// Scopes of the resource metadata.
    pub scopes_supported: Option<Vec<&'static str>>,
    /// Scopes that `tools/call` needs.
    pub call_scope: Option<&'static str>,
    /// Answer 403 to every call.
    pub never_enough: bool,
    /// Refuse every token.
    pub refuses_all_tokens: bool,
    /// The status of the refusal of a token.
    pub refused_token: u16,
    /// How long access tokens last.
    pub lifetime: Option<u64>,
    /// Whether refresh tokens are issued.
    pub refresh_tokens: bool,
    /// Whether a renewal brings a new refresh token and ends the old one.
    pub rotates: bool,
    /// The status of every answer of the token endpoint, instead of a real one.
    pub token_status: Option<u16>,
    /// The delay of the token endpoint.
    pub token_delay: Duration,
    /// Whether the resource names the real issuer at all.
    pub real_issuer_named: bool,
    /// A path that answers 503.
    pub failing: Option<&'static str>,
    /// A path that answers 404.
    pub gone: Option<&'static str>,
    /// A path with a replaced answer: media type and text.
    pub replaced: Option<(&'static str, &'static str, &'static str)>,
    /// The status of that answer.
    pub replaced_status: u16,
    /// The `Retry-After` of that answer, in seconds.
    pub retry_after: Option<&'static str>,
    /// Paths that redirect, and where to.
    pub redirects: Vec<(String, String)>,
    /// Whether access tokens can be taken back.
    pub revokes_access_tokens: bool,
    /// Whether the user denies consent.
    pub denies: bool,
    /// Polls before a device code is good.
    pub device_polls: u32,
    /// The status of a refusal of a request without a token.
    pub unauthorized: u16,
    /// The answer to every renewal: status, media type and text.
    pub renewal: Option<Answer>,
    /// A parameter that a renewal may not have.
    pub refused_at_renewal: Option<&'static str>,
    /// A parameter that a renewal must have.
    pub needed_at_renewal: Option<&'static str>,
    /// Members merged over every answer with tokens.
    pub extra_tokens: Value,
    /// Whether a client may only ask for the scopes that it registered.
    pub binds_scopes: bool,
    /// The answer to every registration.
    pub registering: Option<Answer>,
    /// A member without which no registration is accepted.
    pub needed_to_register: Option<&'static str>,
    /// A member with which no registration is accepted.
    pub refused_to_register: Option<&'static str>,
    /// The status of the sign-in page for an unknown client.
    pub unknown_client: u16,
}

/// Status, media type and text of an answer.
pub type Answer = (u16, &'static str, &'static str);

impl Default for Config {
    fn default() -> Self {
        Self {
            resource_metadata: Some("/.well-known/oauth-protected-resource/mcp"),
            named_in_challenge: true,
            resource: None,
            other_issuers: Vec::new(),
            issuer_path: "",
            issuer: None,
            server_metadata: Some("/.well-known/oauth-authorization-server"),
            pkce: Some(vec!["S256"]),
            extra_metadata: json!({}),
            iss: Some("@issuer".to_owned()),
            registration: true,
            refused_redirect_host: None,
            auth_method: "none",
            secret_expires_at: 0,
            challenge_scope: None,
            scopes_supported: None,
            call_scope: None,
            never_enough: false,
            refuses_all_tokens: false,
            refused_token: 401,
            lifetime: Some(3600),
            refresh_tokens: true,
            rotates: true,
            token_status: None,
            token_delay: Duration::ZERO,
            real_issuer_named: true,
            failing: None,
            gone: None,
            replaced: None,
            replaced_status: 200,
            retry_after: None,
            redirects: Vec::new(),
            revokes_access_tokens: true,
            denies: false,
            device_polls: 1,
            unauthorized: 401,
            renewal: None,
            refused_at_renewal: None,
            needed_at_renewal: None,
            extra_tokens: json!({}),
            binds_scopes: false,
            registering: None,
            needed_to_register: None,
            refused_to_register: None,
            unknown_client: 400,
        }
    }
}
