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
use crate::redact::{SafeUrl, Secret};

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

/// The proxy variables of the environment, read like curl does.
#[derive(Debug)]
pub(super) struct ProxyVariables {
    http: Option<String>,
    https: Option<String>,
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
        let first = |names: [&str; 2]| {
            let mut set = names.iter().filter_map(|name| std::env::var(name).ok());
            set.find(|value| !value.trim().is_empty() && !is_cgi)
        };
        let all = first(["ALL_PROXY", "all_proxy"]);
        let http = first(["HTTP_PROXY", "http_proxy"]).or_else(|| all.clone());
        let https = first(["HTTPS_PROXY", "https_proxy"]).or(all);
        let no_proxy = NoProxy::parse(&first(["NO_PROXY", "no_proxy"]).unwrap_or_default());
        let is_silent = http.is_none() && https.is_none() && !is_cgi;
        let system = is_silent.then(Matcher::from_system);
        Self { http, https, no_proxy, system }
    }

    fn proxy_for(&self, url: &Url) -> Result<Option<ProxyServer>> {
        if self.no_proxy.covers(url) {
            return Ok(None);
        }
        let named = if url.scheme() == "https" { &self.https } else { &self.http };
        if let Some(text) = named {
            return ProxyServer::parse(text).map(Some);
        }
        let uri = url.as_str().parse().ok();
        let found = self.system.as_ref().zip(uri).and_then(|(system, uri)| system.intercept(&uri));
        Ok(found.and_then(|found| ProxyServer::parse(&found.uri().to_string()).ok()))
    }
}

impl ProxyServer {
    /// Reads a proxy from a variable; without a scheme, its protocol is HTTP.
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| {
            Error::usage("the proxy of the environment is not a URL")
                .hint("mend `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, or add `--no-proxy`")
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

    /// Its URL, which may hold a password.
    pub fn url(&self) -> &Secret<Url> {
        &self.url
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

impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", SafeUrl::new(self.url.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_with_its_kind_port_and_credentials() {
        let proxy = ProxyServer::parse("proxy.test:3128").unwrap();
        assert_eq!((proxy.kind, proxy.address()), (ProxyKind::Http, ("proxy.test", 3128)));
        let proxy = ProxyServer::parse("http://a%40b:p%20w@proxy.test").unwrap();
        assert_eq!(proxy.address(), ("proxy.test", 80));
        assert_eq!(proxy.authorization().unwrap(), "Basic YUBiOnAgdw==");
        assert!(!proxy.to_string().contains("p%20w"));
        for scheme in ["socks5", "socks5h", "socks"] {
            let proxy = ProxyServer::parse(&format!("{scheme}://proxy.test")).unwrap();
            assert_eq!((proxy.kind, proxy.address()), (ProxyKind::Socks5, ("proxy.test", 1080)));
        }
        for unusable in ["socks4://proxy.test", "quic://proxy.test", "http://"] {
            assert!(ProxyServer::parse(unusable).is_err(), "{unusable}");
        }
    }
}
