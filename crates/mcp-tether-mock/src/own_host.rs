//! Checks of `Host` and `Origin` against DNS rebinding (S-14).

use url::Url;

/// Returns whether this `Host` is a loopback name with our port, so that it is not a rebound name
/// (S-14).
pub(crate) fn is_own_host(host: &str, port: u16) -> bool {
    let Some((name, given)) = host.rsplit_once(':') else {
        return false;
    };
    given.parse() == Ok(port) && matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Returns whether a page of this machine sent the request.
pub(crate) fn is_local_origin(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    local && matches!(url.scheme(), "http" | "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-14
    #[test]
    fn only_this_machine_with_our_port_is_our_host() {
        for host in ["127.0.0.1:80", "localhost:80", "[::1]:80"] {
            assert!(is_own_host(host, 80), "{host}");
        }
        for host in ["evil.example:80", "127.0.0.1:81", "127.0.0.1", "127.0.0.1.evil:80", ""] {
            assert!(!is_own_host(host, 80), "{host}");
        }
    }

    /// S-14
    #[test]
    fn foreign_origins_are_distinguished_from_local_ones() {
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:1"] {
            assert!(is_local_origin(origin), "{origin}");
        }
        for origin in ["http://evil.example", "null", "file://localhost", "http://localhost.evil"] {
            assert!(!is_local_origin(origin), "{origin}");
        }
    }
}
