//! SOCKS5 (RFC 1928), with user name and password (RFC 1929). Names are resolved by the proxy.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Host;

use super::stream::Stream;

const VERSION: u8 = 5;
const NO_SIGN_IN: u8 = 0;
const PASSWORD: u8 = 2;

/// Asks the proxy at the other end of `stream` to connect to this host and port.
///
/// # Errors
/// The proxy refuses, or does not speak SOCKS5.
pub(super) async fn open(
    stream: &mut Stream,
    host: Host<&str>,
    port: u16,
    credentials: Option<(&str, &str)>,
) -> io::Result<()> {
    let greeting: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_SIGN_IN, PASSWORD],
        None => &[VERSION, 1, NO_SIGN_IN],
    };
    send(stream, greeting).await?;
    let [version, method] = receive(stream).await?;
    if version != VERSION {
        return Err(io::Error::other("the proxy does not speak SOCKS5"));
    }
    match (method, credentials) {
        (NO_SIGN_IN, _) => {}
        (PASSWORD, Some((user, password))) => sign_in(stream, user, password).await?,
        _ => {
            return Err(io::Error::other(
                "the SOCKS proxy wants a user name and a password, and none are set",
            ));
        }
    }
    send(stream, &connect_request(host, port)?).await?;
    let [_, reply, _, kind] = receive(stream).await?;
    if reply != 0 {
        return Err(io::Error::other(format!("the SOCKS proxy cannot connect: {}", word(reply))));
    }
    // The proxy's bound address is skipped.
    let length = match kind {
        1 => 4,
        3 => usize::from(receive::<1>(stream).await?[0]),
        4 => 16,
        _ => return Err(io::Error::other("the SOCKS proxy answered with an unknown address")),
    };
    let mut bound = vec![0; length + 2];
    stream.read_exact(&mut bound).await.map(drop)
}

async fn sign_in(stream: &mut Stream, user: &str, password: &str) -> io::Result<()> {
    let mut message = vec![1];
    for text in [user, password] {
        let length = u8::try_from(text.len())
            .map_err(|_| io::Error::other("the sign-in for the SOCKS proxy is too long"))?;
        message.push(length);
        message.extend_from_slice(text.as_bytes());
    }
    send(stream, &message).await?;
    match receive(stream).await? {
        [_, 0] => Ok(()),
        _ => Err(io::Error::other("the SOCKS proxy refused the user name or password")),
    }
}

fn connect_request(host: Host<&str>, port: u16) -> io::Result<Vec<u8>> {
    let mut request = vec![VERSION, 1, 0];
    match host {
        Host::Ipv4(address) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Host::Ipv6(address) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Host::Domain(name) => {
            let length = u8::try_from(name.len())
                .map_err(|_| io::Error::other("the name is too long for a SOCKS proxy"))?;
            request.extend_from_slice(&[3, length]);
            request.extend_from_slice(name.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn receive<const N: usize>(stream: &mut Stream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other("the SOCKS proxy closed the connection"),
        _ => error,
    })?;
    Ok(bytes)
}

fn word(reply: u8) -> String {
    match reply {
        1 => "a general failure".to_owned(),
        2 => "its rules forbid it".to_owned(),
        3 => "the network is unreachable".to_owned(),
        4 => "the host is unreachable".to_owned(),
        5 => "the connection was refused".to_owned(),
        6 => "the route is too long".to_owned(),
        other => format!("reply {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Opens a connection through a proxy that says these parts, one after each message of ours.
    /// Returns what came of it, and our messages.
    async fn through(
        host: Host<&str>,
        credentials: Option<(&str, &str)>,
        says: &[&[u8]],
    ) -> (Result<(), String>, Vec<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connected = TcpStream::connect(listener.local_addr().unwrap());
        let (ours, theirs) = tokio::join!(connected, listener.accept());
        let (mut stream, mut proxy) = (Stream::Tcp(ours.unwrap()), theirs.unwrap().0);
        let play = async {
            let mut heard = Vec::new();
            for part in says {
                let mut message = vec![0; 1024];
                let length = proxy.read(&mut message).await.unwrap();
                message.truncate(length);
                heard.push(message);
                proxy.write_all(part).await.unwrap();
            }
            // Then it closes the connection.
            drop(proxy);
            heard
        };
        let (opened, heard) = tokio::join!(open(&mut stream, host, 443, credentials), play);
        (opened.map_err(|error| error.to_string()), heard)
    }

    const NAME: Host<&str> = Host::Domain("a.example");
    const CONNECTED: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

    /// RFC 1928
    #[tokio::test]
    async fn a_name_is_passed_to_the_proxy_and_not_looked_up() {
        let (opened, heard) = through(NAME, None, &[&[5, 0], CONNECTED]).await;
        assert_eq!(opened, Ok(()));
        assert_eq!(heard[0], [5, 1, 0], "no way to sign in is offered");
        let expected = [&[5, 1, 0, 3, 9][..], b"a.example", &[1, 187]].concat();
        assert_eq!(heard[1], expected);
        for (host, expected) in [
            (Host::Ipv4(Ipv4Addr::new(10, 0, 0, 7)), vec![5, 1, 0, 1, 10, 0, 0, 7, 1, 187]),
            (Host::Ipv6(Ipv6Addr::LOCALHOST), {
                let address = [[0; 15].as_slice(), &[1]].concat();
                [&[5, 1, 0, 4][..], &address, &[1, 187]].concat()
            }),
        ] {
            assert_eq!(connect_request(host, 443).unwrap(), expected);
        }
        let long = "a".repeat(256);
        assert!(connect_request(Host::Domain(&long), 443).is_err());
        assert_eq!(connect_request(Host::Domain(&long[1..]), 443).unwrap()[4], 255);
    }

    /// RFC 1929
    #[tokio::test]
    async fn name_and_password_are_sent_only_if_the_proxy_asks() {
        let sara = Some(("sara", "pw"));
        let (opened, heard) = through(NAME, sara, &[&[5, 2], &[1, 0], CONNECTED]).await;
        assert_eq!((opened, &heard[0]), (Ok(()), &vec![5, 2, 0, 2]));
        assert_eq!(heard[1], [&[1, 4][..], b"sara", &[2], b"pw"].concat());
        let (opened, heard) = through(NAME, sara, &[&[5, 0], CONNECTED]).await;
        assert_eq!((opened, heard.len()), (Ok(()), 2), "it asks for nothing");
        let (refused, _) = through(NAME, sara, &[&[5, 2], &[1, 1]]).await;
        assert_eq!(refused.unwrap_err(), "the SOCKS proxy refused the user name or password");
        let long = "x".repeat(256);
        let (refused, _) = through(NAME, Some(("sara", &long)), &[&[5, 2]]).await;
        assert_eq!(refused.unwrap_err(), "the sign-in for the SOCKS proxy is too long");
        for method in [2, 0xff, 1] {
            let (refused, _) = through(NAME, None, &[&[5, method]]).await;
            assert!(refused.unwrap_err().contains("and none are set"), "{method}");
        }
    }

    #[tokio::test]
    async fn the_bound_address_is_skipped_whatever_its_kind() {
        let ipv6 = [&[5, 0, 0, 4][..], &[0; 18]].concat();
        let name = [&[5, 0, 0, 3, 3][..], b"abc", &[0, 80]].concat();
        for answer in [CONNECTED, &ipv6, &name] {
            let says = [&[5, 0][..], answer];
            assert_eq!(through(NAME, None, &says).await.0, Ok(()), "{answer:?}");
            let cut = [&[5, 0][..], &answer[..answer.len() - 1]];
            assert!(through(NAME, None, &cut).await.0.is_err(), "{answer:?}");
        }
        let (refused, _) = through(NAME, None, &[&[5, 0], &[5, 0, 0, 9]]).await;
        assert_eq!(refused.unwrap_err(), "the SOCKS proxy answered with an unknown address");
    }

    #[tokio::test]
    async fn a_proxy_that_cannot_connect_says_why() {
        for (reply, words) in [
            (1, "a general failure"),
            (2, "its rules forbid it"),
            (3, "the network is unreachable"),
            (4, "the host is unreachable"),
            (5, "the connection was refused"),
            (6, "the route is too long"),
            (7, "reply 7"),
        ] {
            let (refused, _) = through(NAME, None, &[&[5, 0], &[5, reply, 0, 1]]).await;
            assert_eq!(refused.unwrap_err(), format!("the SOCKS proxy cannot connect: {words}"));
        }
        let (refused, _) = through(NAME, None, &[b"HTTP/1.1 400"]).await;
        assert_eq!(refused.unwrap_err(), "the proxy does not speak SOCKS5");
        let (refused, _) = through(NAME, None, &[&[5]]).await;
        assert_eq!(refused.unwrap_err(), "the SOCKS proxy closed the connection");
    }
}
