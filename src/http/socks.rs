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
