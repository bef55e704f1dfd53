//! Addresses that the user gives for a host and port (`--resolve`, as in curl), in place of a
//! look-up. The name is still used for the certificate and the `Host` header.

use std::net::IpAddr;

/// The addresses of one host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedAddress {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl FixedAddress {
    /// Reads `HOST:PORT:ADDRESS`; several addresses are separated by commas, and an IPv6 address
    /// may be in brackets.
    ///
    /// # Errors
    /// A part is missing or wrong; the error says which.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = text.splitn(3, ':');
        let (host, port, list) = (parts.next(), parts.next(), parts.next());
        let (Some(host), Some(port), Some(list)) = (host, port, list) else {
            return Err("it has no two colons");
        };
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = host.trim().trim_end_matches('.').to_lowercase();
        if host.is_empty() || !host.chars().all(is_name) {
            return Err("its host is not a name");
        }
        let port = port.parse::<u16>().ok().filter(|port| *port != 0);
        let port = port.ok_or("its port is not a number from 1 to 65535")?;
        let address = |text: &str| {
            let text = text.trim();
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            bare.unwrap_or(text).parse::<IpAddr>()
        };
        let addresses: Result<Vec<IpAddr>, _> = list.split(',').map(address).collect();
        let addresses = addresses.map_err(|_| "its address is not an IP address")?;
        Ok(Self { host, port, addresses })
    }

    /// The host's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The addresses to connect to.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The addresses for this host and port, if there are any.
    pub fn find<'a>(all: &'a [Self], host: &str, port: u16) -> Option<&'a [IpAddr]> {
        let host = host.trim_end_matches('.');
        let fits = |one: &&Self| one.port == port && one.host.eq_ignore_ascii_case(host);
        all.iter().find(fits).map(|one| one.addresses.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_curl_reads_them() {
        let one = FixedAddress::parse("MCP.example.com:443:10.0.0.7,[::1], 2001:db8::1").unwrap();
        let all = [one];
        let found = FixedAddress::find(&all, "mcp.example.com.", 443).unwrap();
        let found: Vec<_> = found.iter().map(IpAddr::to_string).collect();
        assert_eq!(found, ["10.0.0.7", "::1", "2001:db8::1"]);
        assert_eq!(FixedAddress::find(&all, "mcp.example.com", 80), None);
        assert_eq!(FixedAddress::find(&all, "other.example.com", 443), None);
        for wrong in [
            "",
            "h",
            "h:443",
            "h:443:",
            "h:0:1.2.3.4",
            "h:65536:1.2.3.4",
            "h:443:name",
            "h:443:1.2.3.4,",
            ":443:1.2.3.4",
            "a b:443:1.2.3.4",
            "http://h:443:1.2.3.4",
        ] {
            assert!(FixedAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
