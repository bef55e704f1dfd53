//! Looks up the addresses of names. The connector uses only addresses from here, so a resolver that
//! refuses addresses guards the connection itself (DNS rebinding), and later checks see the
//! addresses that were used.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::loopback::is_below_localhost;

/// How many names are remembered, and how many addresses for each.
const MAX_NAMES: usize = 256;
const MAX_ADDRESSES: usize = 64;

/// Why a name has no usable address.
pub type ResolveError = Box<dyn std::error::Error + Send + Sync>;

/// Looks up the addresses of names.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of this name, in the order in which to try them.
    fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>>;
}

/// The look-up of the operating system. Names below `localhost` are this machine and are not looked
/// up: a DNS server might return another address (RFC 6761 §6.3).
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
        Box::pin(async move {
            if is_below_localhost(&name) {
                return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
            }
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// A look-up that remembers every address that it has returned. Clones share this memory, so that
/// all connections of a run and the checks of them see the same addresses (S-07).
#[derive(Clone)]
pub struct NameMemory {
    lookup: Arc<dyn Resolve>,
    found: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
}

impl NameMemory {
    /// Wraps a look-up and remembers its results.
    pub fn of(lookup: impl Resolve) -> Self {
        Self { lookup: Arc::new(lookup), found: Arc::default() }
    }

    /// Every address that this name has had so far. `None` if it was not looked up yet, or had too
    /// many addresses to remember.
    pub fn every_address_of(&self, name: &str) -> Option<Vec<IpAddr>> {
        let addresses = self.found().get(&name.to_ascii_lowercase())?.clone();
        (addresses.len() <= MAX_ADDRESSES).then_some(addresses)
    }

    fn remember(&self, name: String, addresses: &[IpAddr]) {
        let mut found = self.found();
        if found.len() >= MAX_NAMES && !found.contains_key(&name) {
            return;
        }
        let known = found.entry(name).or_default();
        for address in addresses {
            // Storing one more than the limit shows that there were too many.
            if known.len() <= MAX_ADDRESSES && !known.contains(address) {
                known.push(*address);
            }
        }
    }

    fn found(&self) -> MutexGuard<'_, HashMap<String, Vec<IpAddr>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for NameMemory {
    fn default() -> Self {
        Self::of(SystemResolver)
    }
}

impl fmt::Debug for NameMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameMemory").finish_non_exhaustive()
    }
}

impl Resolve for NameMemory {
    fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
        let memory = self.clone();
        Box::pin(async move {
            let name = name.to_ascii_lowercase();
            let addresses = memory.lookup.resolve(name.clone()).await?;
            memory.remember(name, &addresses);
            Ok(addresses)
        })
    }
}

/// A resolver in the form that `hyper-util`'s connector needs.
#[derive(Clone)]
pub(super) struct NameLookup(pub(super) Arc<dyn Resolve>);

impl Service<Name> for NameLookup {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = BoxFuture<'static, Result<Self::Response, ResolveError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.resolve(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = found.await?;
            if addresses.is_empty() {
                return Err(io::Error::other("the name has no address in the look-up").into());
            }
            // The connector adds the port.
            let with_port = |address| SocketAddr::new(address, 0);
            Ok(addresses.into_iter().map(with_port).collect::<Vec<_>>().into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    /// Gives another address each time.
    struct Changing(AtomicU8);

    impl Resolve for Changing {
        fn resolve(&self, _: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>> {
            let last = self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(vec![IpAddr::from([10, 0, 0, last])]) })
        }
    }

    /// S-07
    #[tokio::test]
    async fn every_address_of_a_name_is_remembered_up_to_a_bound() {
        let memory = NameMemory::of(Changing(AtomicU8::new(0)));
        assert_eq!(memory.every_address_of("mcp.example"), None, "never looked up");
        let clone = memory.clone();
        clone.resolve("MCP.example".to_owned()).await.unwrap();
        clone.resolve("mcp.example".to_owned()).await.unwrap();
        assert_eq!(memory.every_address_of("mcp.example").unwrap().len(), 2);
        for _ in 2..MAX_ADDRESSES {
            memory.resolve("mcp.example".to_owned()).await.unwrap();
        }
        assert!(memory.every_address_of("mcp.example").is_some());
        memory.resolve("mcp.example".to_owned()).await.unwrap();
        assert_eq!(memory.every_address_of("mcp.example"), None, "too many to know all");
    }
}
