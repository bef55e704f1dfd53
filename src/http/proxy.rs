//! Chooses the proxy for a request, from the settings, or from the environment and the system.
//! Loopback is always reached directly.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use url::Url;

use super::loopback::is_loopback;
use super::no_proxy::NoProxy;
use super::options::{HttpOptions, Proxy};
use crate::error::{Error, Result};
use crate::redact::{SafeUrl, Secret, plain};

/// A proxy that requests go through.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyServer {
    pub(super) kind: ProxyKind,
    url: Secret<Url>,
    /// `USER:PASSWORD` in place of the URL's.
    given: Option<Secret<String>>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Http,
    /// HTTP over TLS.
    Https,
    Socks5,
    Socks4a,
}

/// The proxies of one run, and the credentials for them.
#[derive(Debug)]
pub(super) struct ProxyRules {
    route: ProxyRoute,
    credentials: Option<Secret<String>>,
}

#[derive(Debug)]
enum ProxyRoute {
    Direct,
    One(ProxyServer, NoProxy),
    Environment(Box<ProxyVariables>),
}

/// A variable that is set.
#[derive(Clone, Debug)]
struct ProxyVariable {
    name: &'static str,
    /// May hold a password.
    value: Secret<String>,
}

/// The proxy variables of the environment, read like curl does.
#[derive(Debug)]
pub(super) struct ProxyVariables {
    http: Option<ProxyVariable>,
    https: Option<ProxyVariable>,
    no_proxy: NoProxy,
    system: Option<Matcher>,
}

/// The proxy for requests to this URL.
///
/// # Errors
/// The proxy cannot be used.
pub fn proxy_for(options: &HttpOptions, url: &Url) -> Result<Option<ProxyServer>> {
    ProxyRules::new(options)?.proxy_for(url)
}

impl ProxyRules {
    /// Reads the settings and, unless they decide, the variables.
    ///
    /// # Errors
    /// A proxy in the settings cannot be used.
    pub(super) fn new(options: &HttpOptions) -> Result<Self> {
        let route = match &options.proxy {
            Proxy::Off => ProxyRoute::Direct,
            Proxy::Environment => ProxyRoute::Environment(Box::new(ProxyVariables::read())),
            Proxy::Url { url, bypass } => {
                let proxy = ProxyServer::new(url.expose().clone())?;
                ProxyRoute::One(proxy, NoProxy::parse(bypass.as_deref().unwrap_or_default()))
            }
        };
        Ok(Self { route, credentials: options.proxy_credentials.clone() })
    }

    /// The proxy for this URL, if it is not reached directly.
    ///
    /// # Errors
    /// The environment names a proxy that cannot be used.
    pub(super) fn proxy_for(&self, url: &Url) -> Result<Option<ProxyServer>> {
        if is_loopback(url) {
            return Ok(None);
        }
        let proxy = match &self.route {
            ProxyRoute::Direct => None,
            ProxyRoute::One(_, bypass) if bypass.covers(url) => None,
            ProxyRoute::One(proxy, _) => Some(proxy.clone()),
            ProxyRoute::Environment(environment) => environment.proxy_for(url)?,
        };
        let given = self.credentials.clone();
        Ok(proxy.map(|proxy| if given.is_some() { ProxyServer { given, ..proxy } } else { proxy }))
    }
}

impl ProxyVariables {
    fn read() -> Self {
        // In a CGI program, the client can set `HTTP_PROXY` (httpoxy).
        let is_cgi = std::env::var_os("REQUEST_METHOD").is_some();
        let first = |names: [&'static str; 2]| {
            let mut set = names.into_iter().filter_map(ProxyVariable::read);
            set.find(|variable| !variable.value.expose().trim().is_empty() && !is_cgi)
        };
        let all = first(["ALL_PROXY", "all_proxy"]);
        let http = first(["HTTP_PROXY", "http_proxy"]).or_else(|| all.clone());
        let https = first(["HTTPS_PROXY", "https_proxy"]).or(all);
        let no_proxy = first(["NO_PROXY", "no_proxy"]);
        let no_proxy = no_proxy.as_ref().map_or("", |variable| variable.value.expose());
        let no_proxy = NoProxy::parse(no_proxy);
        let is_silent = http.is_none() && https.is_none() && !is_cgi;
        let system = is_silent.then(Matcher::from_system);
        Self { http, https, no_proxy, system }
    }

    fn proxy_for(&self, url: &Url) -> Result<Option<ProxyServer>> {
        if self.no_proxy.covers(url) {
            return Ok(None);
        }
        let named = if url.scheme() == "https" { &self.https } else { &self.http };
        if let Some(variable) = named {
            return ProxyServer::of_variable(variable).map(Some);
        }
        let uri = url.as_str().parse().ok();
        let found = self.system.as_ref().zip(uri).and_then(|(system, uri)| system.intercept(&uri));
        Ok(found.and_then(|found| ProxyServer::new(parse(&found.uri().to_string()).ok()?).ok()))
    }
}

impl ProxyVariable {
    fn read(name: &'static str) -> Option<Self> {
        Some(Self { name, value: Secret::new(std::env::var(name).ok()?) })
    }

    /// The value without a user name and password, for messages.
    fn shown(&self) -> String {
        plain(self.value.expose().rsplit('@').next().unwrap_or_default().trim())
    }
}

impl ProxyServer {
    fn of_variable(variable: &ProxyVariable) -> Result<Self> {
        let url = parse(variable.value.expose()).map_err(|_| {
            let (name, shown) = (variable.name, variable.shown());
            Error::usage(format!("`{name}` names the proxy `{shown}`, which is not a URL"))
                .hint(format!("correct `{name}`, or add `--no-proxy`"))
        })?;
        Self::new(url)
    }

    /// Checks the URL of a proxy for HTTP, with or without TLS, or SOCKS.
    pub(super) fn new(url: Url) -> Result<Self> {
        let kind = match url.scheme() {
            "http" => ProxyKind::Http,
            "https" => ProxyKind::Https,
            // Some desktops write `socks` and mean the common version, SOCKS5.
            "socks5" | "socks5h" | "socks" => ProxyKind::Socks5,
            "socks4a" => ProxyKind::Socks4a,
            other => {
                let shown = SafeUrl::new(&url);
                return Err(Error::usage(format!(
                    "the proxy `{shown}` cannot be used: `{other}` is not supported"
                ))
                .hint(
                    "name an `http:`, `https:`, `socks5:` or `socks4a:` proxy, or add `--no-proxy`",
                ));
            }
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(Error::usage("the proxy URL names no host")
                .hint("a proxy looks like `http://proxy.example.com:8080`"));
        }
        Ok(Self { kind, url: Secret::new(url), given: None })
    }

    /// Its scheme, host and port as a URL, without user name and password.
    pub fn origin(&self) -> Option<Url> {
        let (host, port) = self.address();
        Url::parse(&format!("{}://{host}:{port}/", self.url.expose().scheme())).ok()
    }

    /// Whether the connection to it uses TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.kind == ProxyKind::Https
    }

    /// Host and port to connect to.
    pub(super) fn address(&self) -> (&str, u16) {
        let url = self.url.expose();
        let default = match self.kind {
            ProxyKind::Http => 80,
            ProxyKind::Https => 443,
            ProxyKind::Socks5 | ProxyKind::Socks4a => 1080,
        };
        (url.host_str().unwrap_or_default(), url.port().unwrap_or(default))
    }

    /// User name and password.
    pub(super) fn credentials(&self) -> Option<(String, String)> {
        if let Some(given) = &self.given {
            let (user, password) = given.expose_to_wire().split_once(':')?;
            return Some((user.to_owned(), password.to_owned()));
        }
        let url = self.url.expose_to_wire();
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some((decoded(url.username()), decoded(url.password().unwrap_or_default())))
    }

    /// The `Proxy-Authorization` header.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.credentials()?;
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Reads the URL of a proxy; without a scheme, its protocol is HTTP.
fn parse(text: &str) -> std::result::Result<Url, url::ParseError> {
    let text = text.trim();
    if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) }
}

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", SafeUrl::new(self.url.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(value: &str) -> ProxyVariable {
        ProxyVariable { name: "HTTPS_PROXY", value: Secret::new(value.to_owned()) }
    }

    fn proxy(value: &str) -> Result<ProxyServer> {
        ProxyServer::of_variable(&variable(value))
    }

    /// S-09
    #[test]
    fn an_unusable_variable_is_named_without_its_password() {
        let error = proxy("http://me:hunter2@proxy.test:port").unwrap_err().to_string();
        assert!(error.contains("`HTTPS_PROXY` names the proxy `proxy.test:port`"), "{error}");
        assert!(!format!("{:?}", variable("http://me:hunter2@proxy.test")).contains("hunter2"));
    }

    /// S-09
    #[test]
    fn the_origin_of_a_proxy_has_its_port_and_no_password() {
        for (value, origin) in [
            ("http://me:hunter2@proxy.test", "http://proxy.test/"),
            ("https://me:hunter2@proxy.test:8443/x?y", "https://proxy.test:8443/"),
            ("socks5://me:hunter2@proxy.test", "socks5://proxy.test:1080/"),
            ("http://[::1]:3128", "http://[::1]:3128/"),
        ] {
            assert_eq!(proxy(value).unwrap().origin().unwrap().as_str(), origin);
        }
    }

    #[test]
    fn a_proxy_is_read_with_its_kind_port_and_credentials() {
        let server = proxy("proxy.test:3128").unwrap();
        assert_eq!((server.kind, server.address()), (ProxyKind::Http, ("proxy.test", 3128)));
        let server = proxy("http://a%40b:p%20w@proxy.test").unwrap();
        assert_eq!(server.address(), ("proxy.test", 80));
        assert_eq!(server.authorization().unwrap(), "Basic YUBiOnAgdw==");
        assert!(!server.to_string().contains("p%20w"));
        for scheme in ["socks5", "socks5h", "socks"] {
            let server = proxy(&format!("{scheme}://proxy.test")).unwrap();
            assert_eq!((server.kind, server.address()), (ProxyKind::Socks5, ("proxy.test", 1080)));
        }
        for unusable in ["socks4://proxy.test", "quic://proxy.test", "http://"] {
            assert!(proxy(unusable).is_err(), "{unusable}");
        }
    }
}
