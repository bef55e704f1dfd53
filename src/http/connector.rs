//! Connects to an origin: name look-up, TCP in both address families (RFC 8305), proxy, TLS, all
//! within one time limit.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::error::{BoxError, HttpError, UnreachedProxy};
use super::fixed_addresses::FixedAddress;
use super::lease::Forward;
use super::options::HttpOptions;
use super::proxy::{ProxyKind, ProxyRules, ProxyServer};
use super::resolver::{NameLookup, Resolve};
use super::stream::Stream;
use super::target::Target;
use super::tls::Tls;
use super::{socks, socks4, tunnel};

/// The interval of keep-alive probes; a peer that has vanished is noticed after three of them.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
const TCP_KEEPALIVE_RETRIES: u32 = 3;
/// How long written data may stay unacknowledged.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Connects to origins.
pub(super) struct Connector {
    tcp: HttpConnector<NameLookup>,
    proxies: ProxyRules,
    tls: Tls,
    fixed: Vec<FixedAddress>,
    timeout: Duration,
}

/// A connection on which HTTP can start.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) stream: Stream,
    pub(super) is_http2: bool,
    /// Set if a proxy forwards each request.
    pub(super) forward: Option<Forward>,
}

/// The error for a connection that took longer than this.
#[derive(Debug)]
struct TimedOut(Duration);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {} s", self.0.as_secs_f64())
    }
}

impl std::error::Error for TimedOut {}

impl Connector {
    /// A connector with these settings. Connects to nothing yet.
    pub(super) fn new(
        options: &HttpOptions,
        proxies: ProxyRules,
        tls: Tls,
        resolver: Arc<dyn Resolve>,
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(NameLookup(resolver));
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(TCP_KEEPALIVE));
        tcp.set_keepalive_interval(Some(TCP_KEEPALIVE));
        tcp.set_keepalive_retries(Some(TCP_KEEPALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT));
        if options.ipv4 {
            tcp.set_local_address(Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        }
        // One of several addresses must not use up all of the time.
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let fixed = options.fixed_addresses.clone();
        Self { tcp, proxies, tls, fixed, timeout: options.connect_timeout }
    }

    /// Connects to this target's origin, for HTTP/1.1 only if the server demands it.
    ///
    /// # Errors
    /// No connection could be made; the innermost source says why.
    pub(super) async fn connect(
        &self,
        target: &Target,
        is_http1_only: bool,
    ) -> Result<Established, HttpError> {
        match tokio::time::timeout(self.timeout, self.open(target, is_http1_only)).await {
            Ok(connected) => connected.map_err(HttpError::connect),
            Err(_) => Err(HttpError::connect(TimedOut(self.timeout))),
        }
    }

    async fn open(&self, target: &Target, is_http1_only: bool) -> Result<Established, BoxError> {
        let proxy = self.proxies.proxy_for(target.url()).map_err(|error| error.to_string())?;
        let host = target.url().host_str().unwrap_or_default();
        let Some(proxy) = proxy else {
            let stream = self.dial(host, target.port()).await?;
            return self.secure(stream, target, host, is_http1_only).await;
        };
        let dialled = self.dial_proxy(&proxy).await;
        let mut stream = dialled.map_err(|source| UnreachedProxy::new(&proxy, source))?;
        match proxy.kind {
            ProxyKind::Socks5 => {
                let credentials = proxy.credentials();
                let credentials = credentials.as_ref().map(|(user, word)| (&**user, &**word));
                let host = target.url().host().ok_or("the URL names no host")?;
                socks::open(&mut stream, host, target.port(), credentials).await?;
            }
            ProxyKind::Socks4a => {
                let user = proxy.credentials().map(|(user, _)| user).unwrap_or_default();
                let host = target.url().host().ok_or("the URL names no host")?;
                socks4::open(&mut stream, host, target.port(), &user).await?;
            }
            ProxyKind::Http | ProxyKind::Https if target.is_tls() => {
                let authority = format!("{host}:{}", target.port());
                let authorization = proxy.authorization();
                tunnel::open(&mut stream, &authority, authorization.as_ref()).await?;
            }
            ProxyKind::Http | ProxyKind::Https => {
                let forward = Some(Forward { authorization: proxy.authorization() });
                return Ok(Established { stream, is_http2: false, forward });
            }
        }
        self.secure(stream, target, host, is_http1_only).await
    }

    async fn dial_proxy(&self, proxy: &ProxyServer) -> Result<Stream, BoxError> {
        let (host, port) = proxy.address();
        let stream = self.dial(host, port).await?;
        match proxy.kind {
            ProxyKind::Https => Ok(self.tls.connect_to_proxy(stream, host).await?),
            ProxyKind::Http | ProxyKind::Socks5 | ProxyKind::Socks4a => Ok(stream),
        }
    }

    async fn dial(&self, host: &str, port: u16) -> Result<Stream, BoxError> {
        let Some(addresses) = FixedAddress::find(&self.fixed, host, port) else {
            return self.dial_name(host, port).await;
        };
        let mut last = None;
        for address in addresses {
            let host = match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            };
            match self.dial_name(&host, port).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| "`--resolve` names no address".into()))
    }

    async fn dial_name(&self, host: &str, port: u16) -> Result<Stream, BoxError> {
        let uri: Uri = format!("http://{host}:{port}/").parse()?;
        let mut tcp = self.tcp.clone();
        std::future::poll_fn(|cx| tcp.poll_ready(cx)).await?;
        Ok(Stream::Tcp(tcp.call(uri).await?.into_inner()))
    }

    async fn secure(
        &self,
        stream: Stream,
        target: &Target,
        host: &str,
        is_http1_only: bool,
    ) -> Result<Established, BoxError> {
        if !target.is_tls() {
            return Ok(Established { stream, is_http2: false, forward: None });
        }
        let (stream, is_http2) = self.tls.connect(stream, host, is_http1_only).await?;
        Ok(Established { stream, is_http2, forward: None })
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}
