//! Sends requests to one origin, or to those that a guarded look-up permits, over pooled
//! connections. TLS is set up, and the system's roots are read, only for an `https:` remote.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, header};
use url::Url;

use super::connections::Connections;
use super::connector::Connector;
use super::content_coding;
use super::cookies::Cookies;
use super::error::HttpError;
use super::options::HttpOptions;
use super::presented_chain::PresentedChain;
use super::proxy::ProxyRules;
use super::request::Request;
use super::resolver::Resolve;
use super::response::Response;
use super::target::Target;
use super::tls::Tls;
use crate::error::Result;

/// How many connections in a row may turn out to be closed before the request was sent.
const MAX_STALE_CONNECTIONS: u32 = 8;

/// Sends requests. Cheap to clone; clones share connections and cookies.
#[derive(Clone)]
pub struct Outbound {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Arc<Connector>,
    origins: Mutex<Vec<Arc<Connections>>>,
    cookies: Option<Cookies>,
    default_headers: HeaderMap,
}

impl Outbound {
    /// Prepares requests to `url` and its origin.
    ///
    /// # Errors
    /// A CA file is unreadable or malformed, or the proxy is unusable.
    pub fn new(options: &HttpOptions, url: &Url) -> Result<Self> {
        Self::with_resolver(options, url, Arc::new(options.names.clone()))
    }

    /// Like [`Outbound::new`], with a name look-up that may refuse addresses.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn with_resolver(
        options: &HttpOptions,
        url: &Url,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self> {
        let proxy = ProxyRules::new(options)?.proxy_for(url)?;
        let is_needed = url.scheme() == "https" || proxy.is_some_and(|proxy| proxy.is_tls());
        let tls = Tls::new(options, is_needed)?;
        Self::build(options, url, resolver, tls)
    }

    /// Like [`Outbound::new`], but accepts and records any certificate, for inspection only:
    /// nothing sensitive may be sent.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn recording_certificates(
        options: &HttpOptions,
        url: &Url,
    ) -> Result<(Self, PresentedChain)> {
        let presented = PresentedChain::default();
        let tls = Tls::recording(presented.clone());
        let outbound = Self::build(options, url, Arc::new(options.names.clone()), tls)?;
        Ok((outbound, presented))
    }

    fn build(
        options: &HttpOptions,
        url: &Url,
        resolver: Arc<dyn Resolve>,
        tls: Tls,
    ) -> Result<Self> {
        let proxies = ProxyRules::new(options)?;
        // A proxy that cannot be used is reported now, not at the first request.
        proxies.proxy_for(url)?;
        let connector = Arc::new(Connector::new(options, proxies, tls, resolver));
        let inner = Inner {
            connector,
            origins: Mutex::default(),
            cookies: options.cookies.then(Cookies::default),
            default_headers: default_headers(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The headers of every request, to be completed by the caller.
    pub fn default_headers(&self) -> &HeaderMap {
        &self.inner.default_headers
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// There was no connection, or it broke before the head of a response.
    pub async fn send(&self, mut request: Request) -> std::result::Result<Response, HttpError> {
        let url = request.target.url();
        if let Some(cookies) = &self.inner.cookies
            && let Some(ours) = cookies.header(url)
        {
            add_cookies(&mut request.headers, ours);
        }
        let connections = self.connections_to(&request.target);
        let mut stale = 0;
        loop {
            let mut lease = connections.lease().await?;
            match lease.send(&mut request).await {
                Ok(response) => {
                    if let Some(cookies) = &self.inner.cookies {
                        cookies.store(request.target.url(), response.headers());
                    }
                    return Ok(Response::new(request.target, response, lease));
                }
                Err(not_sent) if not_sent.is_stale && stale < MAX_STALE_CONNECTIONS => stale += 1,
                Err(not_sent) => {
                    if not_sent.error.wants_http1() {
                        connections.use_http1();
                    }
                    return Err(not_sent.error);
                }
            }
        }
    }

    fn connections_to(&self, target: &Target) -> Arc<Connections> {
        let mut origins = self.inner.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = origins.iter().find(|known| known.target().is_same_origin(target)) {
            return Arc::clone(known);
        }
        let new = Connections::new(target.clone(), Arc::clone(&self.inner.connector));
        origins.push(Arc::clone(&new));
        new
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("connector", &self.inner.connector).finish()
    }
}

fn default_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    let agent = concat!("mcp-tether/", env!("CARGO_PKG_VERSION"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(content_coding::ACCEPTED));
    headers
}

/// Merges the remote's cookies into the user's own `Cookie` header, because there may be only one
/// (RFC 6265 §5.4). The user's cookies win.
fn add_cookies(headers: &mut HeaderMap, ours: HeaderValue) {
    let name_of = |pair: &str| pair.split('=').next().unwrap_or_default().trim().to_owned();
    let Some(own) = headers.get(header::COOKIE) else {
        headers.insert(header::COOKIE, ours);
        return;
    };
    let (Ok(own_text), Ok(text)) = (own.to_str(), ours.to_str()) else { return };
    let set: Vec<String> = own_text.split(';').map(name_of).collect();
    let added = text.split(';').map(str::trim).filter(|pair| !set.contains(&name_of(pair)));
    let all: Vec<&str> = std::iter::once(own_text).chain(added).collect();
    if let Ok(mut joined) = HeaderValue::try_from(all.join("; ")) {
        joined.set_sensitive(true);
        headers.insert(header::COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-13
    #[test]
    fn a_bad_ca_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "nothing").unwrap();
        for file in [file, folder.path().join("absent.pem")] {
            let options = HttpOptions { extra_ca_files: vec![file.clone()], ..Default::default() };
            let url = Url::parse("https://host.example/").unwrap();
            let error = Outbound::new(&options, &url).expect_err("refused").to_string();
            assert!(error.contains(&file.display().to_string()), "{error}");
        }
    }

    #[test]
    fn cookies_of_the_remote_join_those_of_the_user() {
        let mut headers = HeaderMap::new();
        add_cookies(&mut headers, HeaderValue::from_static("lb=7"));
        assert_eq!(headers[header::COOKIE], "lb=7");
        headers.insert(header::COOKIE, HeaderValue::from_static("token=abc; a=1"));
        add_cookies(&mut headers, HeaderValue::from_static("lb=7; a=2"));
        assert_eq!(headers[header::COOKIE], "token=abc; a=1; lb=7");
    }
}
