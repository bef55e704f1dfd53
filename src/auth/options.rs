//! What flags, environment and settings decide about signing in to one remote. Data only.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};
use url::Url;

use crate::auth::client::pre_registered::PreRegistered;

/// Everything about signing in to one remote.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// The MCP endpoint, as the user gave it.
    pub server: Url,
    /// Which of several sign-ins on this server; empty is the usual one.
    pub account: String,
    /// When a browser tab may be opened.
    pub login: LoginPolicy,
    /// How tokens are obtained.
    pub grant: Grant,
    /// A fixed port of the callback listener.
    pub callback_port: Option<u16>,
    /// The host name inside `redirect_uri`; the listener stays on loopback.
    pub callback_host: String,
    /// The path of the callback, which begins with `/`.
    pub callback_path: String,
    /// How long a sign-in waits for the person.
    pub auth_timeout: Duration,
    /// How long a request waits for a sign-in.
    pub request_wait: Duration,
    /// Where the browser is sent after a completed exchange.
    pub success_url: Option<Url>,
    /// What is sent as the RFC 8707 indicator.
    pub resource: ResourceIndicator,
    /// Extra parameters of the authorization request.
    pub authorize_params: Vec<(String, String)>,
    /// Merged over the registration request; pins scope and authentication method.
    pub client_metadata: Map<String, Value>,
    /// A client that was registered in advance.
    pub client_info: Option<PreRegistered>,
    /// A client id metadata document (SEP-991).
    pub client_metadata_url: Option<Url>,
    /// Scopes that replace whatever the server suggests.
    pub scope: Option<String>,
    /// Send the ID token instead of the access token.
    pub use_id_token: bool,
    /// Continue although a metadata document names another issuer (A-06, O-9).
    pub accept_issuer_mismatch: bool,
    /// The issuer that the answer to a sign-in may name beside the authorization server's own, for
    /// proxies that hand on their upstream's; an empty one permits an answer without the promised
    /// issuer.
    pub callback_issuer: Option<String>,
    /// Continue with `S256` although the metadata does not say that the server does PKCE.
    pub assume_pkce: bool,
    /// Where device codes are asked for, if the metadata does not say (RFC 8628).
    pub device_endpoint: Option<Url>,
    /// Whether tokens are bound to a key (RFC 9449).
    pub dpop: DpopPolicy,
    /// Permit URLs named by the server that lead to private addresses (S-07).
    pub allow_private_addresses: bool,
    /// The user's own headers, for requests to the server's origin only. No `Authorization`.
    pub headers: HeaderMap,
}

/// When a browser tab may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginPolicy {
    /// As soon as the server asks for a sign-in.
    #[default]
    Eager,
    /// When a person is waiting for an answer, such as that of a tool.
    OnDemand,
    /// Only by the `login` command.
    Never,
}

/// Whether tokens are bound to a key, with a proof in every request (DPoP, RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopPolicy {
    /// Where the server offers or demands it.
    #[default]
    Auto,
    /// In any case: a token that is not bound is refused.
    Always,
    /// Not at all: a server that demands it is refused.
    Never,
}

/// How tokens are obtained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Grant {
    /// A person consents in a browser.
    #[default]
    AuthorizationCode,
    /// A person consents on another device (RFC 8628).
    DeviceCode,
    /// The client acts for itself (RFC 6749 §4.4).
    ClientCredentials {
        /// Where tokens are asked for; skips discovery.
        token_endpoint: Option<Url>,
    },
}

/// The `resource` parameter (RFC 8707, A-32).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResourceIndicator {
    /// What the metadata says, otherwise the endpoint.
    #[default]
    Published,
    /// This absolute URI.
    Fixed(String),
    /// The parameter is left out.
    Omitted,
}

impl AuthOptions {
    /// Defaults for this endpoint.
    pub fn new(server: Url) -> Self {
        Self {
            server,
            account: String::new(),
            login: LoginPolicy::default(),
            grant: Grant::default(),
            callback_port: None,
            callback_host: "localhost".to_owned(),
            callback_path: "/oauth/callback".to_owned(),
            auth_timeout: Duration::from_secs(300),
            request_wait: Duration::from_secs(20),
            success_url: None,
            resource: ResourceIndicator::default(),
            authorize_params: Vec::new(),
            client_metadata: Map::new(),
            client_info: None,
            client_metadata_url: None,
            scope: None,
            use_id_token: false,
            accept_issuer_mismatch: false,
            callback_issuer: None,
            assume_pkce: false,
            device_endpoint: None,
            dpop: DpopPolicy::default(),
            allow_private_addresses: false,
            headers: HeaderMap::new(),
        }
    }

    /// The scopes that the user decided on: `--scope`, otherwise those of the client metadata.
    pub fn wanted_scope(&self) -> Option<&str> {
        let pinned = self.client_metadata.get("scope").and_then(Value::as_str);
        self.scope.as_deref().or(pinned)
    }

    /// The server and account as shown to people.
    pub fn display_server(&self) -> String {
        crate::redact::SafeUrl::new(&self.server).to_string()
    }

    /// The command that signs in, for hints.
    pub fn login_command(&self) -> String {
        let server = crate::redact::SafeUrl::new(&self.server).as_argument();
        match self.account.as_str() {
            "" => format!("`mcp-tether login {server}`"),
            account => {
                format!(
                    "`mcp-tether login {server} --account {}`",
                    crate::redact::shell_word(account)
                )
            }
        }
    }

    /// The command that signs out, for hints.
    pub fn logout_command(&self) -> String {
        self.login_command().replacen("login", "logout", 1)
    }
}
