//! Tests whether a URL leads to this machine. For names below `localhost` the resolver ensures it,
//! by never looking them up. `localhost` itself is left to the system, which knows its addresses.

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

fn is_loopback_name(name: &str) -> bool {
    let name = plain_name(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether this name is below `localhost`.
pub(super) fn is_below_localhost(name: &str) -> bool {
    plain_name(name).ends_with(".localhost")
}

/// The name in lower case, without a trailing dot.
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
        let target = crate::http::Target::new(url).unwrap();
        let headers = outbound.default_headers().clone();
        let request = crate::http::Request::new(http::Method::GET, target, headers);
        let accepted = async { listener.accept().await.unwrap() };
        tokio::select! {
            _ = accepted => {}
            answer = outbound.send(request) => panic!("{answer:?}"),
        }
    }
}
