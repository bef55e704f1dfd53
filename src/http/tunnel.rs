//! Opens a tunnel through an HTTP proxy (`CONNECT`, RFC 9110 §9.3.6).

use std::io;

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::stream::Stream;

/// The largest head of the proxy's response, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How many answers the proxy may give before it is heard no more.
const MAX_INTERIM: usize = 8;

/// Asks the proxy at the other end of `stream` to connect to `authority`.
///
/// # Errors
/// The proxy refuses, or its response is not HTTP.
pub(super) async fn open(
    stream: &mut Stream,
    authority: &str,
    authorization: Option<&HeaderValue>,
) -> io::Result<()> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(value) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    stream.flush().await?;
    match read_status(stream).await? {
        Some(200..=299) => Ok(()),
        Some(407) => Err(io::Error::other(
            "the proxy wants a user name and password (HTTP 407 to `CONNECT`)",
        )),
        Some(status) => {
            Err(io::Error::other(format!("the proxy refused the tunnel (HTTP {status})")))
        }
        None => Err(io::Error::other("the proxy did not answer in HTTP")),
    }
}

/// The status of the answer, without interim ones before it (RFC 9110 §15.2).
async fn read_status(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<u16>> {
    for _ in 0..MAX_INTERIM {
        let head = read_head(stream).await?;
        match status_of(&head) {
            Some(100..=199) => {}
            status => return Ok(status),
        }
    }
    Ok(None)
}

/// Reads the head of the response byte by byte, because the bytes after it belong to the tunnel.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        if head.len() >= MAX_HEAD {
            return Err(io::Error::other("the proxy answered with too many headers"));
        }
        let byte = stream.read_u8().await.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::other("the proxy closed the connection instead of opening a tunnel")
            }
            _ => error,
        })?;
        head.push(byte);
    }
    Ok(head)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r' || *byte == b'\n').next()?);
    let rest = line.ok()?.strip_prefix("HTTP/1.")?;
    rest.get(2..5)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-45
    #[tokio::test]
    async fn interim_answers_of_a_proxy_are_passed_over() {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        let answer = format!("{interim}HTTP/1.1 102 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\u{16}");
        let mut bytes = answer.as_bytes();
        assert_eq!(read_status(&mut bytes).await.unwrap(), Some(200));
        assert_eq!(bytes, b"\x16", "what follows belongs to the tunnel");
        let endless = interim.repeat(MAX_INTERIM + 1);
        assert_eq!(read_status(&mut endless.as_bytes()).await.unwrap(), None);
    }

    #[test]
    fn the_status_of_the_answer_is_read_from_its_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for other in ["", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "HTTP/1."] {
            assert_eq!(status_of(other.as_bytes()), None, "{other}");
        }
    }
}
