//! The options for signing in to one remote, from flags, environment and settings file. Data only.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};
use url::Url;

use crate::auth::client::assertion_source::AssertionSource;
use crate::auth::client::pre_registered::PreRegistered;
use crate::http::ClientCertificate;
use crate::redact::SafeUrl;
use crate::shell_words::{flag_argument, safe_url_argument};

/// The URL of our client id metadata document (`packaging/client-metadata.json`): set at build
/// time, empty until it is published.
const CLIENT_DOCUMENT: &str = match option_env!("MCP_TETHER_CLIENT_DOCUMENT") {
    Some(address) => address,
    None => "",
};

/// Options for signing in to one remote.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// The MCP endpoint, as the user gave it.
    pub server: Url,
    /// The name of one of several accounts at this server; empty for the default one.
    pub account: String,
    /// When a browser tab may be opened.
    pub login: LoginPolicy,
    /// How tokens are obtained.
    pub grant: Grant,
    /// The identity provider, for [`Grant::EnterpriseManaged`].
    pub identity_provider: Option<IdentityProvider>,
    /// Whether `server` is an identity provider rather than an MCP server.
    pub is_identity_provider: bool,
    /// At an identity provider: the source of an ID token that another program provides.
    pub identity_token: Option<AssertionSource>,
    /// A fixed port for the callback listener.
    pub callback_port: Option<u16>,
    /// The host name in `redirect_uri`; the listener stays on loopback.
    pub callback_host: String,
    /// The path of the callback, which begins with `/`.
    pub callback_path: String,
    /// How long a sign-in waits for the person.
    pub auth_timeout: Duration,
    /// How long a request waits for a sign-in.
    pub request_wait: Duration,
    /// Whether this process keeps listening for the browser after a request has failed, so that the
    /// user can still complete the sign-in.
    pub outlives_requests: bool,
    /// Where the browser is redirected after a successful exchange.
    pub success_url: Option<Url>,
    /// The RFC 8707 indicator.
    pub resource: ResourceIndicator,
    /// Extra parameters of the authorization request.
    pub authorize_params: Vec<(String, String)>,
    /// Members that override those of the registration request; they fix scope and authentication
    /// method.
    pub client_metadata: Map<String, Value>,
    /// A client that was registered in advance.
    pub client_info: Option<PreRegistered>,
    /// A client id metadata document (SEP-991).
    pub client_metadata_url: Option<Url>,
    /// Scopes that replace those that the server suggests.
    pub scope: Option<String>,
    /// Whether to send the ID token instead of the access token.
    pub use_id_token: bool,
    /// Whether to continue if a metadata document names another issuer (A-06, O-9).
    pub accept_issuer_mismatch: bool,
    /// Another issuer that an authorization response may name, for proxies that pass on the
    /// response of the server behind them; if empty, the promised issuer may be missing.
    pub callback_issuer: Option<String>,
    /// Whether to continue with `S256` if the metadata does not say that the server supports PKCE
    ///
    pub assume_pkce: bool,
    /// Whether to continue if the metadata's lists lack the grant or response type that is used
    ///
    pub assume_grant: bool,
    /// The sign-in page, whatever the metadata says.
    pub authorization_endpoint: Option<Url>,
    /// The token endpoint, whatever the metadata says.
    pub token_endpoint: Option<Url>,
    /// The device authorization endpoint, whatever the metadata says (RFC 8628).
    pub device_endpoint: Option<Url>,
    /// The certificate for authorization servers (RFC 8705).
    pub client_certificate: Option<ClientCertificate>,
    /// Whether the MCP server gets a client certificate.
    pub shows_certificate: bool,
    /// Whether tokens are bound to a key (RFC 9449).
    pub dpop: DpopPolicy,
    /// Whether URLs that the server names may lead to private addresses (S-07).
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
    /// When a person is waiting for an answer, such as a tool's result.
    OnDemand,
    /// Only by the `login` command.
    Never,
}

/// Whether tokens are bound to a key, with a proof in every request (DPoP, RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopPolicy {
    /// If the server offers or demands it.
    #[default]
    Auto,
    /// Always: an unbound token is refused.
    Always,
    /// Never: a server that demands it is refused.
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
    ClientCredentials,
    /// A workload presents its platform's assertion (RFC 7523, SEP-1933).
    Workload(AssertionSource),
    /// The identity provider of [`AuthOptions::identity_provider`] vouches for the person (ID-JAG).
    EnterpriseManaged,
}

impl Grant {
    /// Whether tokens may need a person at each sign-in.
    pub(crate) fn needs_person(&self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }
}

/// A company's identity provider.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Its issuer.
    pub issuer: Url,
    /// Our client there; `None` if clients can register.
    pub client: Option<PreRegistered>,
    /// The source of the person's ID token from another program; `None` to sign in there.
    pub token: Option<AssertionSource>,
}

/// The `resource` parameter (RFC 8707, A-32).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResourceIndicator {
    /// The metadata's, otherwise the endpoint.
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
            identity_provider: None,
            is_identity_provider: false,
            identity_token: None,
            callback_port: None,
            callback_host: "localhost".to_owned(),
            callback_path: "/oauth/callback".to_owned(),
            auth_timeout: Duration::from_secs(300),
            request_wait: Duration::from_secs(20),
            outlives_requests: true,
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
            assume_grant: false,
            authorization_endpoint: None,
            token_endpoint: None,
            device_endpoint: None,
            client_certificate: None,
            shows_certificate: false,
            dpop: DpopPolicy::default(),
            allow_private_addresses: false,
            headers: HeaderMap::new(),
        }
    }

    /// The client id metadata document to use: the user's, otherwise our own if it fits.
    pub(crate) fn client_document(&self) -> Option<Url> {
        self.client_metadata_url.clone().or_else(|| self.published_document(CLIENT_DOCUMENT))
    }

    /// Our document at this address; `None` for redirects other than the usual ones that it lists.
    fn published_document(&self, address: &str) -> Option<Url> {
        let usual = Self::new(self.server.clone());
        let is_usual = self.callback_host == usual.callback_host
            && self.callback_path == usual.callback_path
            && self.client_metadata.is_empty()
            && self.grant == Grant::AuthorizationCode;
        Url::parse(address).ok().filter(|url| is_usual && url.scheme() == "https")
    }

    /// The options for signing in at the identity provider itself, the same for every server.
    pub fn at_identity_provider(&self) -> Option<Self> {
        let provider = self.identity_provider.as_ref()?;
        Some(Self {
            login: self.login,
            callback_port: self.callback_port,
            callback_host: self.callback_host.clone(),
            callback_path: self.callback_path.clone(),
            auth_timeout: self.auth_timeout,
            request_wait: self.request_wait,
            success_url: self.success_url.clone(),
            client_info: provider.client.clone(),
            resource: ResourceIndicator::Omitted,
            // Large identity providers support PKCE without saying so.
            assume_pkce: true,
            dpop: DpopPolicy::Never,
            client_certificate: self.client_certificate.clone(),
            allow_private_addresses: self.allow_private_addresses,
            is_identity_provider: true,
            identity_token: provider.token.clone(),
            ..Self::new(provider.issuer.clone())
        })
    }

    /// The token endpoint, if the user names every endpoint that the grant needs: no document is
    /// then fetched.
    pub(crate) fn named_token_endpoint(&self) -> Option<&Url> {
        let is_complete = match &self.grant {
            Grant::AuthorizationCode => self.authorization_endpoint.is_some(),
            Grant::DeviceCode => self.device_endpoint.is_some(),
            Grant::ClientCredentials | Grant::Workload(_) => true,
            // The assertion's audience is the issuer, which only the documents name.
            Grant::EnterpriseManaged => false,
        };
        self.token_endpoint.as_ref().filter(|_| is_complete)
    }

    /// The remedy for wrong documents, as part of a hint.
    pub(crate) fn hint_to_name_endpoints(&self) -> String {
        let flags = match &self.grant {
            Grant::AuthorizationCode => "`--authorization-endpoint URL --token-endpoint URL`",
            Grant::DeviceCode => "`--device-endpoint URL --token-endpoint URL`",
            Grant::ClientCredentials | Grant::Workload(_) | Grant::EnterpriseManaged => {
                "`--token-endpoint URL`"
            }
        };
        format!("tell the server's operator; if you know its endpoints, name them: {flags}")
    }

    /// The user's scopes: `--scope`, otherwise those of the client metadata.
    pub fn wanted_scope(&self) -> Option<&str> {
        let pinned = self.client_metadata.get("scope").and_then(Value::as_str);
        self.scope.as_deref().or(pinned)
    }

    /// The server and account, for messages.
    pub fn display_server(&self) -> String {
        SafeUrl::new(&self.server).to_string()
    }

    /// The command that signs in, for hints.
    pub fn login_command(&self) -> String {
        format!("`{}`", self.bare_command("login"))
    }

    /// The command that signs in with these flags, for hints.
    pub fn login_command_with(&self, flags: &str) -> String {
        format!("`{} {flags}`", self.bare_command("login"))
    }

    /// The command that signs out, for hints.
    pub fn logout_command(&self) -> String {
        format!("`{}`", self.bare_command("logout"))
    }

    fn bare_command(&self, verb: &str) -> String {
        let server = safe_url_argument(&SafeUrl::new(&self.server));
        if self.is_identity_provider {
            return format!("mcp-tether {verb} --idp {server}");
        }
        match self.account.as_str() {
            "" => format!("mcp-tether {verb} {server}"),
            account => {
                format!("mcp-tether {verb} {server} {}", flag_argument("--account", account))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn our_document_is_used_only_for_the_redirects_that_it_lists() {
        let options = AuthOptions::new(Url::parse("https://h/mcp").unwrap());
        let at = "https://example.com/client.json";
        assert_eq!(options.published_document(at).unwrap().as_str(), at);
        assert_eq!(options.published_document(""), None, "there is no address yet");
        assert_eq!(options.published_document("http://example.com/client.json"), None);
        let elsewhere = AuthOptions { callback_path: "/cb".to_owned(), ..options.clone() };
        assert_eq!(elsewhere.published_document(at), None);
        let code = AuthOptions { grant: Grant::DeviceCode, ..options };
        assert_eq!(code.published_document(at), None);
    }

    /// S-31
    #[test]
    fn the_commands_in_hints_name_server_and_account() {
        let at = |server: &str, account: &str| AuthOptions {
            account: account.to_owned(),
            ..AuthOptions::new(Url::parse(server).unwrap())
        };
        let login = |server: &str, account: &str| at(server, account).login_command();
        assert_eq!(login("https://h/mcp", ""), "`mcp-tether login https://h/mcp`");
        assert_eq!(
            login("https://h/mcp", "work"),
            "`mcp-tether login https://h/mcp --account work`"
        );
        assert_eq!(login("https://h/", "-work"), "`mcp-tether login https://h/ --account=-work`");
        assert_eq!(login("https://h/?key=canary", ""), "`mcp-tether login URL`");
        let logout = at("https://login.example/login", "login").logout_command();
        let expected = "`mcp-tether logout https://login.example/login --account login`";
        assert_eq!(logout, expected, "only the command itself changes");
        let company = AuthOptions { is_identity_provider: true, ..at("https://idp.example", "a") };
        assert_eq!(company.login_command(), "`mcp-tether login --idp https://idp.example/`");
    }
}
