//! Requests to URLs that a server named (S-07) and the check of those that a browser may open (S-05).
//! Such a URL is https, leads to no private address unless the MCP server itself does, and the address
//! that was checked is the one connected to. Behind an HTTP proxy the proxy resolves and decides.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, header};
use reqwest::Response;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::addresses::Zone;
use super::options::AuthOptions;
use crate::error::{Failure, FailureKind};
use crate::http::{HttpOptions, Outbound, is_loopback};
use crate::protocol::{ProtocolVersion, headers};
use crate::redact::{SafeUrl, plain};

/// The largest answer that is read.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long one document or one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many redirects of a metadata document are followed.
const REDIRECTS: usize = 5;

/// Looks a name up.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Sends requests to where a server points.
pub struct Outside {
    options: HttpOptions,
    policy: Arc<Policy>,
    headers: HeaderMap,
    connections: Mutex<HashMap<(String, bool), Outbound>>,
}

/// The answer to a request: the status and as much of the body as is accepted.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: http::StatusCode,
    /// The body.
    pub body: Vec<u8>,
}

impl Outside {
    /// For the servers that the endpoint of `auth` names.
    pub fn new(auth: &AuthOptions, http: &HttpOptions) -> Self {
        Self::with_lookup(auth, http, Arc::new(system_lookup))
    }

    /// The same with another look-up of names.
    pub fn with_lookup(auth: &AuthOptions, http: &HttpOptions, lookup: Lookup) -> Self {
        let policy = Policy {
            server: auth.server.clone(),
            allow_private: auth.allow_private_addresses,
            allow_http: http.allow_http && auth.server.scheme() == "http",
            guarded: Mutex::new(HashSet::new()),
            home: tokio::sync::OnceCell::new(),
            lookup,
        };
        // Cookies of one authorization server are nobody else's business.
        let options = HttpOptions { cookies: false, ..http.clone() };
        let headers = auth.headers.clone();
        Self { options, policy: Arc::new(policy), headers, connections: Mutex::default() }
    }

    /// Whether this URL may be used at all; what it is for is named in the error (A-08, S-07).
    ///
    /// # Errors
    /// Schemes other than https (http is for loopback), user names, addresses that are off limits.
    pub fn check(&self, url: &Url, purpose: &str) -> Result<(), Failure> {
        let refused = |reason: &str| {
            let shown = SafeUrl::new(url);
            Failure::new(
                FailureKind::AuthFailed,
                format!("the server names `{shown}` as {purpose}, which {reason}"),
            )
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(url) || self.policy.allow_http => {}
            "http" => {
                return Err(refused("is not encrypted")
                    .hint("tell the operator of the server: it has to be an `https:` URL"));
            }
            _ => return Err(refused("is no `https:` URL")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("holds a user name or password"));
        }
        if url.host().is_none() {
            return Err(refused("names no host"));
        }
        Ok(())
    }

    /// The page to open, if a browser may open it: parsed, checked and serialised anew (S-05).
    ///
    /// # Errors
    /// Whatever [`Outside::check`] refuses, and addresses that are off limits.
    pub async fn page(&self, url: &Url) -> Result<Url, Failure> {
        self.check(url, "the page to sign in at")?;
        self.policy
            .check_address(url)
            .await
            .map_err(|forbidden| self.forbidden(url, &forbidden))?;
        Url::parse(url.as_str()).map_err(|_| {
            Failure::new(FailureKind::AuthFailed, "the page to sign in at is no valid URL")
        })
    }

    /// Fetches a metadata document, following redirects that stay on its origin.
    ///
    /// # Errors
    /// A URL that may not be used, no connection, no complete answer in time.
    pub async fn document(&self, url: &Url) -> Result<Answer, Failure> {
        within_patience(url, self.follow(url)).await
    }

    /// Sends a request that carries credentials; redirects are not followed.
    ///
    /// # Errors
    /// A URL that may not be used, no connection, no complete answer in time.
    pub async fn post(&self, request: http::Request<Vec<u8>>) -> Result<Answer, Failure> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|_| Failure::new(FailureKind::AuthFailed, "an endpoint is no valid URL"))?;
        let sent = async {
            let response = self.send(parts.method, &url, parts.headers, body).await?;
            if response.status().is_redirection() {
                let shown = SafeUrl::new(&url);
                return Err(Failure::new(
                    FailureKind::AuthFailed,
                    format!(
                        "`{shown}` redirects a request with credentials, which is not followed"
                    ),
                ));
            }
            collect(response, &url).await
        };
        within_patience(&url, sent).await
    }

    /// Asks the MCP server for its challenge, with a request that means nothing.
    ///
    /// # Errors
    /// No connection, no answer in time.
    pub async fn probe(&self, body: Vec<u8>) -> Result<(http::StatusCode, HeaderMap), Failure> {
        let url = self.policy.server.clone();
        let mut map = HeaderMap::new();
        map.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(headers::JSON));
        let both = header::HeaderValue::from_static("application/json, text/event-stream");
        map.insert(header::ACCEPT, both);
        within_patience(&url, async {
            let response = self.send(Method::POST, &url, map, body).await?;
            Ok((response.status(), response.headers().clone()))
        })
        .await
    }

    async fn follow(&self, url: &Url) -> Result<Answer, Failure> {
        let mut target = url.clone();
        for _ in 0..=REDIRECTS {
            let response = self.send(Method::GET, &target, document_headers(), Vec::new()).await?;
            if !response.status().is_redirection() {
                return collect(response, &target).await;
            }
            let location = response.headers().get(header::LOCATION);
            let next = location.and_then(|value| target.join(value.to_str().ok()?).ok());
            target = match next.filter(|next| next.origin() == target.origin()) {
                Some(next) => next,
                None => return Ok(Answer { status: response.status(), body: Vec::new() }),
            };
        }
        let shown = SafeUrl::new(url);
        Err(Failure::new(FailureKind::AuthFailed, format!("`{shown}` redirects without end")))
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response, Failure> {
        let outbound = self.connection(url)?;
        if url.origin() == self.policy.server.origin() {
            // The user's own headers are for the MCP server's origin only (DROP-IN.md §3.1).
            for (name, value) in &self.headers {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        } else {
            self.check(url, "a part of its sign-in")?;
            self.policy
                .check_address(url)
                .await
                .map_err(|forbidden| self.forbidden(url, &forbidden))?;
        }
        let request = outbound.request(method, url.clone()).headers(headers).body(body);
        request.send().await.map_err(|error| unreachable(url, &error))
    }

    fn connection(&self, url: &Url) -> Result<Outbound, Failure> {
        let key = (url.scheme().to_owned(), is_loopback(url));
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outbound) = connections.get(&key) {
            return Ok(outbound.clone());
        }
        let guard = Arc::new(Guard { policy: self.policy.clone() });
        let outbound = Outbound::with_resolver(&self.options, url, guard)
            .map_err(|error| Failure::new(FailureKind::Network, error.to_string()))?;
        connections.insert(key, outbound.clone());
        Ok(outbound)
    }

    fn forbidden(&self, url: &Url, forbidden: &Forbidden) -> Failure {
        let shown = SafeUrl::new(url);
        let failure = Failure::new(
            FailureKind::AuthFailed,
            format!("the server names `{shown}` for its sign-in, but {forbidden}"),
        );
        failure.hint("if that is right, allow it with `--allow-private-addresses`")
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("server", &SafeUrl::new(&self.policy.server)).finish()
    }
}

/// What may be reached.
struct Policy {
    server: Url,
    allow_private: bool,
    allow_http: bool,
    /// Names that a server gave us. Others, such as a proxy's, are the user's own.
    guarded: Mutex<HashSet<String>>,
    home: tokio::sync::OnceCell<Zone>,
    lookup: Lookup,
}

/// An address that is off limits.
#[derive(Debug)]
struct Forbidden {
    host: String,
    address: IpAddr,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = Zone::of(self.address).name();
        write!(f, "`{}` leads to the {zone} address {}", plain(&self.host), self.address)
    }
}

impl std::error::Error for Forbidden {}

impl Policy {
    /// Checks a literal address at once; a name is noted, so that the look-up checks it.
    async fn check_address(&self, url: &Url) -> Result<(), Forbidden> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) if is_loopback(url) => IpAddr::from([127, 0, 0, 1]),
            Some(Host::Domain(name)) => {
                let mut guarded = self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
                guarded.insert(name.to_owned());
                return Ok(());
            }
            None => return Ok(()),
        };
        match self.permits(address).await {
            true => Ok(()),
            false => {
                Err(Forbidden { host: url.host_str().unwrap_or_default().to_owned(), address })
            }
        }
    }

    async fn permits(&self, address: IpAddr) -> bool {
        let zone = Zone::of(address);
        zone == Zone::Public || self.allow_private || zone.reachable_from(self.home().await)
    }

    /// The zone of the MCP server itself; of several addresses, the least public one counts.
    async fn home(&self) -> Zone {
        let find = || async {
            let addresses = match self.server.host() {
                Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
                Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
                Some(Host::Domain(_)) if is_loopback(&self.server) => return Zone::Loopback,
                Some(Host::Domain(name)) => {
                    (self.lookup)(name.to_owned()).await.unwrap_or_default()
                }
                None => Vec::new(),
            };
            let mut zones = addresses.into_iter().map(Zone::of);
            zones.find(|zone| *zone != Zone::Public).unwrap_or(Zone::Public)
        };
        *self.home.get_or_init(find).await
    }

    async fn resolve(
        &self,
        name: String,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = (self.lookup)(name.clone()).await?;
        let guarded = {
            let guarded = self.guarded.lock().unwrap_or_else(PoisonError::into_inner);
            guarded.contains(&name)
        };
        if !guarded {
            return Ok(addresses);
        }
        let mut permitted = Vec::new();
        let mut refused = None;
        for address in addresses {
            match self.permits(address).await {
                true => permitted.push(address),
                false => refused = Some(address),
            }
        }
        match (permitted.is_empty(), refused) {
            (true, Some(address)) => Err(Box::new(Forbidden { host: name, address })),
            _ => Ok(permitted),
        }
    }
}

/// Gives the connection only addresses that were checked, so that a second look-up cannot bring others
/// (DNS rebinding).
struct Guard {
    policy: Arc<Policy>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        let name = name.as_str().to_ascii_lowercase();
        Box::pin(async move {
            let addresses = policy.resolve(name).await?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

fn system_lookup(name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
    Box::pin(async move {
        let addresses = tokio::net::lookup_host((name, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    })
}

/// Metadata requests say which revision we speak (2025-03-26 asks for it, A-10).
fn document_headers() -> HeaderMap {
    let version = ProtocolVersion::NEWEST_LEGACY.name();
    let mut map = HeaderMap::new();
    map.insert(header::ACCEPT, header::HeaderValue::from_static(headers::JSON));
    map.insert(headers::PROTOCOL_VERSION, header::HeaderValue::from_static(version));
    map
}

async fn collect(mut response: Response, url: &Url) -> Result<Answer, Failure> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, &error))? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            let shown = SafeUrl::new(url);
            return Err(Failure::new(
                FailureKind::AuthFailed,
                format!("the answer of `{shown}` is larger than {BODY_LIMIT} bytes"),
            ));
        }
    }
    Ok(Answer { status, body })
}

async fn within_patience<T>(
    url: &Url,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        let shown = SafeUrl::new(url);
        let seconds = PATIENCE.as_secs();
        Err(Failure::new(FailureKind::Timeout, format!("`{shown}` did not answer in {seconds} s"))
            .hint("try again later"))
    })
}

fn unreachable(url: &Url, error: &reqwest::Error) -> Failure {
    let shown = SafeUrl::new(url);
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if let Some(forbidden) = inner.downcast_ref::<Forbidden>() {
            return Failure::new(
                FailureKind::AuthFailed,
                format!("the server names `{shown}` for its sign-in, but {forbidden}"),
            )
            .hint("if that is right, allow it with `--allow-private-addresses`");
        }
        cause = inner;
    }
    Failure::new(FailureKind::Network, format!("cannot reach `{shown}`: {cause}"))
        .hint("check the network and the proxy settings, then try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of a small world: `mcp.example` is public, `mcp.corp` is at home.
    fn lookup(name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let addresses: &[[u8; 4]] = match name.as_str() {
            "mcp.example" | "as.example" => &[[93, 184, 216, 34]],
            "mcp.corp" | "as.corp" | "proxy.corp" => &[[10, 0, 0, 5]],
            "rebound.example" => &[[127, 0, 0, 1]],
            "metadata.example" => &[[169, 254, 169, 254]],
            "both.example" => &[[93, 184, 216, 34], [192, 168, 0, 1]],
            _ => &[],
        };
        let addresses = addresses.iter().map(|address| IpAddr::from(*address)).collect();
        Box::pin(async move { Ok(addresses) })
    }

    fn outside(server: &str, change: impl FnOnce(&mut AuthOptions)) -> Outside {
        let mut options = AuthOptions::new(Url::parse(server).unwrap());
        change(&mut options);
        Outside::with_lookup(&options, &HttpOptions::default(), Arc::new(lookup))
    }

    /// What the connection would get to see.
    async fn reaches(outside: &Outside, url: &str) -> Result<Vec<IpAddr>, String> {
        let url = Url::parse(url).unwrap();
        outside.policy.check_address(&url).await.map_err(|forbidden| forbidden.to_string())?;
        let name = url.host_str().unwrap().to_owned();
        outside.policy.resolve(name).await.map_err(|error| error.to_string())
    }

    /// S-07
    #[tokio::test]
    async fn names_that_lead_home_are_refused_for_a_public_server() {
        let outside = outside("https://mcp.example/mcp", |_| {});
        assert_eq!(reaches(&outside, "https://as.example/").await.unwrap().len(), 1);
        for (url, zone) in [
            ("https://as.corp/", "private"),
            ("https://rebound.example/", "loopback"),
            ("https://metadata.example/", "link-local"),
            ("https://127.0.0.1/", "loopback"),
            ("https://localhost/", "loopback"),
            ("https://[::ffff:10.0.0.1]/", "private"),
            ("https://2130706433/", "loopback"),
        ] {
            let refused = reaches(&outside, url).await.expect_err(url);
            assert!(refused.contains(zone), "{url}: {refused}");
        }
        let both = reaches(&outside, "https://both.example/").await.unwrap();
        assert_eq!(
            both,
            [IpAddr::from([93, 184, 216, 34])],
            "only what was checked is connected to"
        );
    }

    /// S-07: the way a request goes, not only its parts.
    #[tokio::test]
    async fn a_refused_address_is_named_with_the_flag_that_permits_it() {
        let outside = outside("https://mcp.example/mcp", |_| {});
        for url in ["https://as.corp/x", "https://10.0.0.5/x", "https://rebound.example/"] {
            let url = Url::parse(url).unwrap();
            let failure = outside.document(&url).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::AuthFailed, "{failure:?}");
            assert!(failure.hint.unwrap().contains("--allow-private-addresses"));
        }
    }

    /// S-07: a server at home may name others at home, but not the metadata service.
    #[tokio::test]
    async fn a_server_at_home_names_others_at_home() {
        for server in ["https://mcp.corp/mcp", "http://localhost:1/mcp", "http://[::1]/mcp"] {
            let outside = outside(server, |_| {});
            assert!(reaches(&outside, "https://as.corp/").await.is_ok(), "{server}");
            assert!(reaches(&outside, "https://metadata.example/").await.is_err(), "{server}");
        }
        let allowed = outside("https://mcp.example/", |o| o.allow_private_addresses = true);
        assert!(reaches(&allowed, "https://as.corp/").await.is_ok());
    }

    /// A proxy is the user's own: its name is looked up without judgement.
    #[tokio::test]
    async fn names_that_no_server_gave_are_not_judged() {
        let outside = outside("https://mcp.example/mcp", |_| {});
        assert!(outside.policy.resolve("proxy.corp".to_owned()).await.is_ok());
    }

    /// A-08, S-05
    #[tokio::test]
    async fn only_encrypted_urls_are_used_except_on_loopback() {
        let public = outside("https://mcp.example/mcp", |_| {});
        let checks =
            |outside: &Outside, url: &str| outside.check(&Url::parse(url).unwrap(), "x").is_ok();
        assert!(checks(&public, "https://as.example/") && checks(&public, "http://localhost:1/"));
        for url in ["http://as.example/", "file:///x", "data:x", "https://u@as.example/"] {
            assert!(!checks(&public, url), "{url}");
        }
        let options = AuthOptions::new(Url::parse("http://mcp.corp/mcp").unwrap());
        let http = HttpOptions { allow_http: true, ..HttpOptions::default() };
        let allowed = Outside::new(&options, &http);
        assert!(checks(&allowed, "http://as.corp/"), "the user permitted plain http");
    }
}
