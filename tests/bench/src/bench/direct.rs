//! The same calls without a bridge: plain HTTP over one kept connection, the least a caller pays.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;

use crate::fault::{Fault, Outcome};
use crate::upstream::VERSION;

/// A connection with a session.
pub(crate) struct Direct {
    stream: TcpStream,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl Direct {
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        let connect = || -> std::io::Result<TcpStream> {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            Ok(stream)
        };
        let stream = connect().map_err(Fault::from_io("connect to the upstream"))?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024], request: Vec::new() })
    }

    /// Posts one small message and reads the whole answer.
    pub(crate) fn call(&mut self, message: &[u8]) -> Outcome<&[u8]> {
        self.request.clear();
        let _ = write!(
            self.request,
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-session-id: bench-session-0\r\n\
             mcp-protocol-version: {VERSION}\r\ncontent-length: {}\r\n\r\n",
            message.len()
        );
        self.request.extend_from_slice(message);
        self.stream.write_all(&self.request).map_err(Fault::from_io("post directly"))?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]);
            match read.map_err(Fault::from_io("read the direct answer"))? {
                0 => return Err(Fault::new("the upstream closed the direct connection")),
                read => filled += read,
            }
            if is_whole(&self.buffer[..filled]) {
                return Ok(&self.buffer[..filled]);
            }
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = memmem::find(answer, b"\r\n\r\n") else { return false };
    let label = b"content-length: ";
    let Some(at) = memmem::find(&answer[..head], label) else {
        return answer.ends_with(b"\r\n0\r\n\r\n");
    };
    let digits = answer[at + label.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    answer.len() >= head + 4 + length
}
