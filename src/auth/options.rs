//! What flags, environment and settings decide about signing in to one remote. Data only.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};
use url::Url;

use crate::auth::client::assertion_source::AssertionSource;
use crate::auth::client::pre_registered::PreRegistered;
use crate::http::ClientCertificate;
use crate::redact::SafeUrl;
use crate::shell_words::{safe_url_argument, shell_word};

/// Where our client id metadata document (`packaging/client-metadata.json`) is published: set when
/// the program is built, empty until there is an address.
const CLIENT_DOCUMENT: &str = match option_env!("MCP_TETHER_CLIENT_DOCUMENT") {
    Some(address) => address,
    None => "",
};

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
    /// Who vouches for the person, for [`Grant::EnterpriseManaged`].
    pub identity_provider: Option<IdentityProvider>,
    /// Whether `server` is an identity provider and not an MCP server.
    pub is_identity_provider: bool,
    /// At an identity provider: where another program keeps the ID token.
    pub identity_token: Option<AssertionSource>,
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
    /// Whether this process still listens for the browser after a request has failed, so that the
    /// user can complete the sign-in then.
    pub outlives_requests: bool,
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
    /// Continue with `S256` although the metadata does not say that the server supports PKCE
    ///
    pub assume_pkce: bool,
    /// Continue although the metadata list grants or response types without the one that is used
    ///
    pub assume_grant: bool,
    /// The page to sign in at, whatever the metadata say.
    pub authorization_endpoint: Option<Url>,
    /// Where tokens are asked for, whatever the metadata say.
    pub token_endpoint: Option<Url>,
    /// Where device codes are asked for, whatever the metadata say (RFC 8628).
    pub device_endpoint: Option<Url>,
    /// Shows authorization servers who we are (RFC 8705).
    pub client_certificate: Option<ClientCertificate>,
    /// Whether the MCP server is shown a certificate.
    pub shows_certificate: bool,
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
    ClientCredentials,
    /// A workload shows an assertion of its platform (RFC 7523, SEP-1933).
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

/// The identity provider of a company.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Its issuer.
    pub issuer: Url,
    /// The client that it knows us by; `None` where it lets clients register.
    pub client: Option<PreRegistered>,
    /// Where another program keeps an ID token of the person; `None` to sign in there.
    pub token: Option<AssertionSource>,
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

    /// The client id metadata document to be known by: the user's, otherwise our own where it fits.
    pub(crate) fn client_document(&self) -> Option<Url> {
        self.client_metadata_url.clone().or_else(|| self.published_document(CLIENT_DOCUMENT))
    }

    /// Our document at this address. It lists the usual redirects, so that it is no client for
    /// others.
    fn published_document(&self, address: &str) -> Option<Url> {
        let usual = Self::new(self.server.clone());
        let is_usual = self.callback_host == usual.callback_host
            && self.callback_path == usual.callback_path
            && self.client_metadata.is_empty()
            && self.grant == Grant::AuthorizationCode;
        Url::parse(address).ok().filter(|url| is_usual && url.scheme() == "https")
    }

    /// The options of signing in at the identity provider itself: the same for every server.
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

    /// Where to ask for tokens, if the user names every endpoint that the grant needs: then no
    /// document is looked for.
    pub(crate) fn named_token_endpoint(&self) -> Option<&Url> {
        let is_complete = match &self.grant {
            Grant::AuthorizationCode => self.authorization_endpoint.is_some(),
            Grant::DeviceCode => self.device_endpoint.is_some(),
            Grant::ClientCredentials | Grant::Workload(_) => true,
            // The assertion is for the issuer, whom only the documents name.
            Grant::EnterpriseManaged => false,
        };
        self.token_endpoint.as_ref().filter(|_| is_complete)
    }

    /// The way out where the documents are wrong, as a part of a hint.
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

    /// The scopes that the user decided on: `--scope`, otherwise those of the client metadata.
    pub fn wanted_scope(&self) -> Option<&str> {
        let pinned = self.client_metadata.get("scope").and_then(Value::as_str);
        self.scope.as_deref().or(pinned)
    }

    /// The server and account as shown to people.
    pub fn display_server(&self) -> String {
        SafeUrl::new(&self.server).to_string()
    }

    /// The command that signs in, for hints.
    pub fn login_command(&self) -> String {
        let server = safe_url_argument(&SafeUrl::new(&self.server));
        if self.is_identity_provider {
            return format!("`mcp-tether login --idp {server}`");
        }
        match self.account.as_str() {
            "" => format!("`mcp-tether login {server}`"),
            account => format!("`mcp-tether login {server} --account {}`", shell_word(account)),
        }
    }

    /// The command that signs out, for hints.
    pub fn logout_command(&self) -> String {
        self.login_command().replacen("login", "logout", 1)
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
}
