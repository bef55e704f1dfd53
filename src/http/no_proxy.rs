//! Decides which hosts are reached without a proxy, by the forms of `NO_PROXY` that curl, Go, Node
//! and Python support. Looks up no names.

use std::net::IpAddr;

use url::{Host, Url};

/// The hosts that are reached directly.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    /// `*`: every host.
    All,
    /// `<local>`: names without a dot.
    Plain,
    /// `example.com` and `.example.com`: the domain and everything below it.
    Domain(String),
    /// A name with wildcards, each `*` matching any text.
    Pattern(String),
    /// An address, or a block of addresses with a prefix length.
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Reads entries separated by commas, semicolons, vertical bars or spaces.
    pub(super) fn parse(text: &str) -> Self {
        let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
        Self(text.split(is_separator).filter_map(Entry::parse).collect())
    }

    /// Whether this URL is reached directly.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        let Some(host) = url.host() else { return false };
        self.0
            .iter()
            .any(|entry| (entry.port.is_none() || entry.port == port) && entry.hosts.contain(&host))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let text = text.rsplit("://").next()?.trim_end_matches('/').to_ascii_lowercase();
        if text.is_empty() {
            return None;
        }
        if let Some(hosts) = network(&text) {
            return Some(Self { hosts, port: None });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let hosts = network(name).or_else(|| named(name))?;
        Some(Self { hosts, port })
    }
}

fn network(text: &str) -> Option<Hosts> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Some(Hosts::Network(address, length.unwrap_or(whole).min(whole)))
}

fn named(name: &str) -> Option<Hosts> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name == "*" {
        return Some(Hosts::All);
    }
    if name == "<local>" {
        return Some(Hosts::Plain);
    }
    let domain = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name);
    match domain {
        "" => None,
        domain if domain.contains('*') => Some(Hosts::Pattern(name.to_owned())),
        domain => Some(Hosts::Domain(domain.to_owned())),
    }
}

impl Hosts {
    fn contain(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Network(network, length), Host::Ipv4(address)) => {
                is_within(IpAddr::V4(*address), *network, *length)
            }
            (Self::Network(network, length), Host::Ipv6(address)) => {
                is_within(address.to_canonical(), *network, *length)
                    || is_within(IpAddr::V6(*address), *network, *length)
            }
            (Self::Network(..), Host::Domain(_)) => false,
            (Self::Plain, Host::Domain(name)) => !name.contains('.'),
            (Self::Domain(domain), Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name.strip_suffix(domain.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Pattern(pattern), host) => {
                let name = host.to_string();
                // `10.*` means addresses, and not `10.example.com`.
                let is_address =
                    pattern.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'*'));
                (!is_address || matches!(host, Host::Ipv4(_)))
                    && matches(pattern, name.strip_suffix('.').unwrap_or(&name))
            }
            (Self::Plain | Self::Domain(_), _) => false,
        }
    }
}

fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    if address.is_ipv4() != network.is_ipv4() {
        return false;
    }
    let differing = bits(address) ^ bits(network);
    differing.leading_zeros() >= u32::from(length)
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(entries: &str, url: &str) -> bool {
        NoProxy::parse(entries).covers(&Url::parse(url).unwrap())
    }

    /// The forms of undici, curl, Go, Python and Windows
    #[test]
    fn every_form_of_an_entry_is_read() {
        let url = "https://api.example.com:8443/mcp";
        for entries in [
            "*",
            "example.com",
            ".example.com",
            "*.example.com",
            "API.Example.COM",
            "api.example.com.",
            "api.example.com:8443",
            "*.example.com:8443",
            "a.test,api.example.com",
            "a.test api.example.com",
            "a.test; api.example.com",
            "a.test|*.example.com",
            "https://api.example.com/",
            "*.example.*",
            "api*.com",
        ] {
            assert!(covers(entries, url), "{entries}");
        }
        for entries in [
            "",
            ",",
            "ample.com",
            "other.example.com",
            "api.example.com:443",
            "api.example.com:x",
            "example.com.evil.test",
            "*.org",
            "<local>",
            "10.0.0.0/8",
        ] {
            assert!(!covers(entries, url), "{entries}");
        }
        assert!(covers("<local>", "http://intranet/"));
        assert!(covers("api.example.com:443", "https://api.example.com/"));
    }

    #[test]
    fn addresses_and_their_blocks_are_read_in_both_families() {
        for (entries, url) in [
            ("10.1.2.3", "http://10.1.2.3/"),
            ("10.1.2.3:80", "http://10.1.2.3/"),
            ("10.0.0.0/8", "http://10.200.0.1:9/"),
            ("10.*", "http://10.2.3.4/"),
            ("0.0.0.0/0", "http://1.2.3.4/"),
            ("fd00::/8", "http://[fd12::1]/"),
            ("[fd12::1]", "http://[fd12::1]/"),
            ("[fd12::1]:8080", "http://[fd12::1]:8080/"),
            ("10.1.2.3", "http://[::ffff:10.1.2.3]/"),
        ] {
            assert!(covers(entries, url), "{entries} {url}");
        }
        for (entries, url) in [
            ("10.0.0.0/8", "http://11.0.0.1/"),
            ("10.*", "http://10.example.com/"),
            ("10.*", "http://[fd12::10]/"),
            ("10.1.2.3:81", "http://10.1.2.3/"),
            ("fd00::/8", "http://[fe80::1]/"),
            ("0.0.0.0/0", "http://[fd12::1]/"),
            ("10.0.0.0/x", "http://10.0.0.1/"),
        ] {
            assert!(!covers(entries, url), "{entries} {url}");
        }
    }
}
