//! SOCKS4a, the older protocol, with names that the proxy resolves. It has a user name but no
//! password, and IPv6 addresses only as names.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Host;

use super::stream::Stream;

const VERSION: u8 = 4;
const CONNECT: u8 = 1;
/// An invalid address, which says that a name follows.
const BY_NAME: [u8; 4] = [0, 0, 0, 1];

/// Asks the proxy at the other end of `stream` to connect to this host and port.
///
/// # Errors
/// The proxy refuses, or does not speak SOCKS4.
pub(super) async fn open(
    stream: &mut Stream,
    host: Host<&str>,
    port: u16,
    user: &str,
) -> io::Result<()> {
    stream.write_all(&request(&host, port, user)?).await?;
    stream.flush().await?;
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("the SOCKS proxy closed the connection"),
        _ => error,
    })?;
    match reply {
        [0, 90, ..] => Ok(()),
        [0, 91, ..] => {
            Err(io::Error::other("the SOCKS proxy cannot connect, or its rules forbid it"))
        }
        [0, 92 | 93, ..] => Err(io::Error::other("the SOCKS proxy refused the user name")),
        _ => Err(io::Error::other("the proxy does not speak SOCKS4a")),
    }
}

fn request(host: &Host<&str>, port: u16, user: &str) -> io::Result<Vec<u8>> {
    let name = host.to_string();
    if user.contains('\0') || name.contains('\0') || user.len() > 255 || name.len() > 255 {
        return Err(io::Error::other("the name is too long for a SOCKS proxy"));
    }
    let mut request = vec![VERSION, CONNECT];
    request.extend_from_slice(&port.to_be_bytes());
    match host {
        Host::Ipv4(address) => request.extend_from_slice(&address.octets()),
        Host::Ipv6(_) | Host::Domain(_) => request.extend_from_slice(&BY_NAME),
    }
    request.extend_from_slice(user.as_bytes());
    request.push(0);
    if !matches!(host, Host::Ipv4(_)) {
        request.extend_from_slice(name.trim_matches(['[', ']']).as_bytes());
        request.push(0);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_the_proxy_and_addresses_as_they_are() {
        let by_name = request(&Host::Domain("h.test"), 443, "sara").unwrap();
        assert_eq!(by_name, b"\x04\x01\x01\xbb\0\0\0\x01sara\0h.test\0");
        let by_address = request(&Host::Ipv4([10, 0, 0, 7].into()), 80, "").unwrap();
        assert_eq!(by_address, b"\x04\x01\0P\x0a\0\0\x07\0");
        assert!(request(&Host::Domain("h"), 80, "a\0b").is_err());
    }
}
