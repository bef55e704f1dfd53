//! Names and their addresses. The connector connects only to what comes from here, so a resolver
//! that refuses addresses guards the connection itself (DNS rebinding).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::loopback::is_below_localhost;

/// Why a name has no address that may be used.
pub type ResolveError = Box<dyn std::error::Error + Send + Sync>;

/// Looks up the addresses of names.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of this name, in the order in which to try them.
    fn resolve(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, ResolveError>>;
}

/// The look-up of the operating system. Names below `localhost` are this machine, and are not looked
/// up: a resolver may know another address for them (RFC 6761 §6.3).
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

/// A resolver in the form that the connector of `hyper-util` wants.
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
            // The connector puts the port in.
            let with_port = |address| SocketAddr::new(address, 0);
            Ok(addresses.into_iter().map(with_port).collect::<Vec<_>>().into_iter())
        })
    }
}
