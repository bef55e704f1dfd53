//! Decides where a server may send us (S-07): which URLs, and which addresses of their names. A
//! name is looked up once, and the connection gets only checked addresses. Sends nothing.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use url::{Host, Url};

use crate::auth::guarded_http::addresses::Zone;
use crate::auth::options::AuthOptions;
use crate::http::{FixedAddress, HttpOptions, Resolve, ResolveError, is_loopback, proxy_for};
use crate::redact::plain;

/// Which URLs and addresses may be reached.
pub(crate) struct AddressPolicy {
    pub(crate) server: Url,
    pub(crate) http: HttpOptions,
    allow_private: bool,
    allow_http: bool,
    /// The names that a server gave us. Others, such as a proxy's, are the user's own.
    guarded: Mutex<HashSet<String>>,
}

/// An address that is off limits.
#[derive(Debug)]
pub(crate) struct ForbiddenAddress {
    host: String,
    address: IpAddr,
}

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = Zone::of(self.address).name();
        write!(f, "`{}` leads to the {zone} address {}", plain(&self.host), self.address)
    }
}

impl std::error::Error for ForbiddenAddress {}

impl AddressPolicy {
    /// The policy for the servers that the endpoint of `auth` names.
    pub(crate) fn new(auth: &AuthOptions, http: &HttpOptions) -> Self {
        Self {
            server: auth.server.clone(),
            // One authorization server's cookies must not reach another.
            http: HttpOptions {
                cookies: false,
                fixed_addresses: fixed_addresses(auth, http),
                ..http.clone()
            },
            allow_private: auth.allow_private_addresses,
            allow_http: http.allow_http && auth.server.scheme() == "http",
            guarded: Mutex::default(),
        }
    }

    /// Why this URL may not be used, whatever its address (A-08, S-05).
    pub(crate) fn objection(&self, url: &Url) -> Option<&'static str> {
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(url) || self.allow_http => {}
            "http" => return Some("is not encrypted"),
            _ => return Some("is not an `https:` URL"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("holds a user name or password");
        }
        url.host().is_none().then_some("names no host")
    }

    /// Checks a literal address at once; a name is recorded, so that its look-up is checked.
    pub(crate) async fn check_address(&self, url: &Url) -> Result<(), ForbiddenAddress> {
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
        if self.permits(address).await {
            return Ok(());
        }
        Err(ForbiddenAddress { host: url.host_str().unwrap_or_default().to_owned(), address })
    }

    async fn permits(&self, address: IpAddr) -> bool {
        let zone = Zone::of(address);
        zone == Zone::Public || self.allow_private || zone.reachable_from(self.home().await)
    }

    /// The zone of the MCP server itself, as far as known.
    async fn home(&self) -> Zone {
        match self.server.host() {
            Some(Host::Ipv4(address)) => Zone::of(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Zone::of(IpAddr::V6(address)),
            Some(Host::Domain(_)) if is_loopback(&self.server) => Zone::Loopback,
            Some(Host::Domain(name)) => self.zone_of_name(name).await,
            None => Zone::Public,
        }
    }

    /// The zone of a name. Its owner can change its addresses, so all addresses that it has had in
    /// this process count. With a proxy they are unknown.
    async fn zone_of_name(&self, name: &str) -> Zone {
        if !matches!(proxy_for(&self.http, &self.server), Ok(None)) {
            return Zone::Public;
        }
        let names = &self.http.names;
        if names.every_address_of(name).is_none() {
            // A failure leaves the name unknown.
            let _ = names.resolve(name.to_owned()).await;
        }
        Zone::of_name(&names.every_address_of(name).unwrap_or_default())
    }

    async fn resolve(&self, name: String) -> Result<Vec<IpAddr>, ResolveError> {
        let addresses = self.http.names.resolve(name.clone()).await?;
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
            if self.permits(address).await {
                permitted.push(address);
            } else {
                refused = Some(address);
            }
        }
        match (permitted.is_empty(), refused) {
            (true, Some(address)) => Err(Box::new(ForbiddenAddress { host: name, address })),
            _ => Ok(permitted),
        }
    }
}

/// The `--resolve` addresses that apply here: those of the MCP server itself, public ones and, if
/// private addresses are allowed, all of them. Names in a server's metadata must not lead to others
/// (S-07).
fn fixed_addresses(auth: &AuthOptions, http: &HttpOptions) -> Vec<FixedAddress> {
    let host = auth.server.host_str().unwrap_or_default();
    let is_public = |address: &IpAddr| Zone::of(*address) == Zone::Public;
    let holds = |one: &&FixedAddress| {
        auth.allow_private_addresses
            || one.host().eq_ignore_ascii_case(host)
            || one.addresses().iter().all(is_public)
    };
    http.fixed_addresses.iter().filter(holds).cloned().collect()
}

/// Gives the connection only checked addresses, so that a second look-up cannot return others (DNS
/// rebinding).
pub(crate) struct GuardedResolver(pub(crate) Arc<AddressPolicy>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
        let policy = self.0.clone();
        Box::pin(async move { policy.resolve(name.to_ascii_lowercase()).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::http::{NameMemory, Proxy};
    use crate::redact::Secret;

    /// Names of a small world: `mcp.example` is public, `mcp.corp` is at home. `changing.example`
    /// is public when it is looked up for the first time.
    #[derive(Default)]
    struct SmallWorld(std::sync::atomic::AtomicBool);

    impl Resolve for SmallWorld {
        fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
            let addresses: &[[u8; 4]] = match name.as_str() {
                "mcp.example" | "as.example" => &[[93, 184, 216, 34]],
                "mcp.corp" | "as.corp" | "proxy.corp" => &[[10, 0, 0, 5]],
                "rebound.example" => &[[127, 0, 0, 1]],
                "metadata.example" => &[[169, 254, 169, 254]],
                "both.example" => &[[93, 184, 216, 34], [192, 168, 0, 1]],
                "changing.example" if !self.0.swap(true, Ordering::Relaxed) => {
                    &[[93, 184, 216, 34]]
                }
                "changing.example" => &[[127, 0, 0, 1]],
                _ => &[],
            };
            let addresses = addresses.iter().map(|address| IpAddr::from(*address)).collect();
            Box::pin(async move { Ok(addresses) })
        }
    }

    fn direct() -> HttpOptions {
        let names = NameMemory::of(SmallWorld::default());
        HttpOptions { proxy: Proxy::Off, names, ..HttpOptions::default() }
    }

    fn policy(server: &str, change: impl FnOnce(&mut AuthOptions)) -> AddressPolicy {
        let mut options = AuthOptions::new(Url::parse(server).unwrap());
        change(&mut options);
        AddressPolicy::new(&options, &direct())
    }

    /// What the connection would get to see.
    async fn reaches(policy: &AddressPolicy, url: &str) -> Result<Vec<IpAddr>, String> {
        let url = Url::parse(url).unwrap();
        policy.check_address(&url).await.map_err(|forbidden| forbidden.to_string())?;
        let name = url.host_str().unwrap().to_owned();
        policy.resolve(name).await.map_err(|error| error.to_string())
    }

    /// S-07
    #[tokio::test]
    async fn names_that_lead_home_are_refused_for_a_public_server() {
        let policy = policy("https://mcp.example/mcp", |_| {});
        assert_eq!(reaches(&policy, "https://as.example/").await.unwrap().len(), 1);
        for (url, zone) in [
            ("https://as.corp/", "private"),
            ("https://rebound.example/", "loopback"),
            ("https://metadata.example/", "link-local"),
            ("https://127.0.0.1/", "loopback"),
            ("https://localhost/", "loopback"),
            ("https://[::ffff:10.0.0.1]/", "private"),
            ("https://2130706433/", "loopback"),
        ] {
            let refused = reaches(&policy, url).await.expect_err(url);
            assert!(refused.contains(zone), "{url}: {refused}");
        }
        let both = reaches(&policy, "https://both.example/").await.unwrap();
        assert_eq!(
            both,
            [IpAddr::from([93, 184, 216, 34])],
            "only what was checked is connected to"
        );
    }

    /// S-07: a server at home may name others at home, but not the metadata service.
    #[tokio::test]
    async fn a_server_at_home_names_others_at_home() {
        for server in ["https://mcp.corp/mcp", "http://localhost:1/mcp", "http://[::1]/mcp"] {
            let policy = policy(server, |_| {});
            assert!(reaches(&policy, "https://as.corp/").await.is_ok(), "{server}");
            assert!(reaches(&policy, "https://metadata.example/").await.is_err(), "{server}");
        }
        let allowed = policy("https://mcp.example/", |o| o.allow_private_addresses = true);
        assert!(reaches(&allowed, "https://as.corp/").await.is_ok());
    }

    /// S-07: whoever owns a name decides what it leads to, and when.
    #[tokio::test]
    async fn a_name_is_at_home_only_if_every_address_that_it_had_is() {
        for server in ["https://both.example/mcp", "https://changing.example/mcp"] {
            let policy = policy(server, |_| {});
            let name = policy.server.host_str().unwrap().to_owned();
            // The connection that brings the challenge, and another one.
            for _ in 0..2 {
                policy.http.names.resolve(name.clone()).await.unwrap();
            }
            for url in ["https://as.corp/", "http://127.0.0.1:1/admin", "http://localhost:1/"] {
                assert!(reaches(&policy, url).await.is_err(), "{server} reaches {url}");
            }
        }
        let metadata = policy("https://metadata.example/mcp", |_| {});
        assert!(reaches(&metadata, "https://as.corp/").await.is_err());
        assert!(reaches(&metadata, "http://169.254.169.254/").await.is_err());
    }

    /// S-07: where a proxy connected to is not known, so a name is public.
    #[tokio::test]
    async fn a_name_behind_a_proxy_is_not_at_home() {
        let proxy = Secret::new(Url::parse("http://proxy.corp:3128").unwrap());
        let options = AuthOptions::new(Url::parse("https://mcp.corp/mcp").unwrap());
        let proxy = Proxy::Url { url: proxy, bypass: Some("other.corp".to_owned()) };
        let policy = AddressPolicy::new(&options, &HttpOptions { proxy, ..direct() });
        assert!(reaches(&policy, "https://10.0.0.5/").await.is_err());
    }

    /// A proxy is the user's own: its name is looked up without judgement.
    #[tokio::test]
    async fn names_that_no_server_gave_are_not_judged() {
        let policy = policy("https://mcp.example/mcp", |_| {});
        assert!(policy.resolve("proxy.corp".to_owned()).await.is_ok());
    }

    /// A-08, S-05
    #[tokio::test]
    async fn only_encrypted_urls_are_used_except_on_loopback() {
        let public = policy("https://mcp.example/mcp", |_| {});
        let checks = |policy: &AddressPolicy, url: &str| {
            policy.objection(&Url::parse(url).unwrap()).is_none()
        };
        assert!(checks(&public, "https://as.example/") && checks(&public, "http://localhost:1/"));
        for url in [
            "http://as.example/",
            "file:///x",
            "file://as.example/x",
            "ssh://as.example/",
            "data:x",
            "https://u@as.example/",
        ] {
            assert!(!checks(&public, url), "{url}");
        }
        let options = AuthOptions::new(Url::parse("http://mcp.corp/mcp").unwrap());
        let http = HttpOptions { allow_http: true, ..direct() };
        let allowed = AddressPolicy::new(&options, &http);
        assert!(checks(&allowed, "http://as.corp/"), "the user permitted plain http");
    }
}
