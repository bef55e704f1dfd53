//! The one test of whether a URL leads to this machine, and what makes it true for names below
//! `localhost`: they are never looked up. `localhost` itself is left to the system, which knows the
//! addresses that it has there.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::ClientBuilder;
use url::{Host, Url};

/// Whether this URL's host is the machine itself: a loopback address, `localhost`, or a name below
/// it (RFC 6761 §6.3).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

/// Connects to a name below `localhost` without a look-up: a resolver may know another address for
/// it.
pub(super) fn without_lookup(builder: ClientBuilder, url: &Url) -> ClientBuilder {
    match url.host() {
        Some(Host::Domain(name)) if is_below_localhost(&plain_name(name)) => {
            // The port is the URL's.
            let addresses = [
                SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
            ];
            builder.resolve_to_addrs(name, &addresses)
        }
        _ => builder,
    }
}

fn is_loopback_name(name: &str) -> bool {
    let name = plain_name(name);
    name == "localhost" || is_below_localhost(&name)
}

fn is_below_localhost(name: &str) -> bool {
    name.ends_with(".localhost")
}

/// The name in lower case, without the dot of the root.
fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-13
    #[test]
    fn loopback_is_recognized_by_name_and_address() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in [
            "http://localhost:1/",
            "http://LocalHost./",
            "http://127.3.2.1/",
            "http://0x7f000001/",
            "http://[::1]:8/",
            "http://[::ffff:127.0.0.1]/",
            "http://a.localhost/",
        ] {
            assert!(loopback(url), "{url}");
        }
        for url in [
            "http://localhost.example/",
            "http://alocalhost/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[fe80::1]/",
        ] {
            assert!(!loopback(url), "{url}");
        }
    }

    /// S-13: `*.localhost` is this machine, whatever a resolver says
    #[tokio::test]
    async fn a_name_below_localhost_is_reached_without_a_lookup() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = Url::parse(&format!("http://no-such-name.localhost:{port}/")).unwrap();
        let outbound = crate::http::Outbound::new(&Default::default(), &url).unwrap();
        let request = outbound.request(reqwest::Method::GET, url);
        let accepted = async { listener.accept().await.unwrap() };
        tokio::select! {
            _ = accepted => {}
            answer = outbound.send(request) => panic!("{answer:?}"),
        }
    }
}
