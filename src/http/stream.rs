//! The byte stream below HTTP: TCP, TLS, or TLS within TLS to a proxy.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::body::FlushSignal;

/// How often a write yields, so that the runtime can notice arrived data.
const MAX_YIELDS: u8 = 8;

/// A connected byte stream.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Stream>>),
}

impl Stream {
    /// The socket below TLS.
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0.socket(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
}

/// A stream that reports when everything was written to it, which is when HTTP flushes it with
/// empty buffers.
#[derive(Debug)]
pub(super) struct Observed {
    stream: Stream,
    flush_signal: Arc<FlushSignal>,
    /// Whether a write that fails ends the connection at once.
    ends_on_write: bool,
    /// Whether a write has failed; later writes are discarded.
    is_write_broken: bool,
    /// Whether something was read since the last write, so that a new request begins.
    has_read: bool,
    /// How often the pending write has yielded to reading.
    yields: u8,
}

impl Observed {
    /// Wraps a stream, and reports through the signal when everything was flushed.
    pub(super) fn new(stream: Stream, flush_signal: Arc<FlushSignal>) -> Self {
        Self {
            stream,
            flush_signal,
            ends_on_write: true,
            is_write_broken: false,
            has_read: false,
            yields: 0,
        }
    }

    /// Keeps reading after a failed write: a server may respond before it has read the request, for
    /// example with 413, and then close the connection (RFC 9112 §9.5).
    #[must_use]
    pub(super) fn reading_on(self) -> Self {
        Self { ends_on_write: false, ..self }
    }

    /// Waits until data that arrived before a request has been read: the server may have closed the
    /// connection without the runtime having noticed. Nothing of the request is then sent.
    fn poll_read_first(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_one_at_a_time = !self.ends_on_write;
        if !self.has_read || is_one_at_a_time && self.flush_signal.has_written() {
            return Poll::Ready(Ok(()));
        }
        match arrived(self.stream.socket()) {
            Arrived::End if is_one_at_a_time => {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            Arrived::Bytes | Arrived::End if self.yields < MAX_YIELDS => {
                self.yields += 1;
                return pin!(tokio::task::yield_now()).poll(cx).map(Ok);
            }
            _ => {}
        }
        (self.has_read, self.yields) = (false, 0);
        Poll::Ready(Ok(()))
    }

    fn after_write(
        &mut self,
        length: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Err(error)) if !self.ends_on_write => {
                tracing::debug!(%error, "the server reads no further; its answer may have arrived");
                self.is_write_broken = true;
                Poll::Ready(Ok(length))
            }
            Poll::Ready(Ok(written)) => {
                self.flush_signal.note_write();
                Poll::Ready(Ok(written))
            }
            written => written,
        }
    }
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.has_read |= read.is_ready();
        read
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_write_broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        ready!(self.poll_read_first(cx))?;
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        if self.is_write_broken {
            return Poll::Ready(Ok(length));
        }
        ready!(self.poll_read_first(cx))?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.after_write(length, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_write_broken {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.flush_signal.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What is waiting to be read from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "nobody is asked there"))]
enum Arrived {
    Nothing,
    Bytes,
    /// The peer has closed the connection.
    End,
}

/// Asks the system itself, which knows more than the runtime between two polls.
#[cfg(unix)]
fn arrived(socket: &TcpStream) -> Arrived {
    use rustix::net::RecvFlags;
    let mut first = [0; 1];
    match rustix::net::recv(socket, &mut first[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((_, 0)) => Arrived::End,
        Ok(_) => Arrived::Bytes,
        Err(error) if io::Error::from(error).kind() == io::ErrorKind::ConnectionReset => {
            Arrived::End
        }
        Err(_) => Arrived::Nothing,
    }
}

#[cfg(not(unix))]
fn arrived(_: &TcpStream) -> Arrived {
    Arrived::Nothing
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// T-86: nothing yields to the runtime between the end of the connection and the next request
    #[tokio::test]
    async fn a_request_is_not_written_to_a_connection_that_has_ended() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for (is_closed, is_fresh) in [(true, false), (false, false), (true, true)] {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut server, _) = listener.accept().unwrap();
            let signal = Arc::new(FlushSignal::default());
            let mut observed = Observed::new(Stream::Tcp(stream), Arc::clone(&signal)).reading_on();
            if !is_fresh {
                observed.write_all(b"first").await.unwrap();
                std::io::Write::write_all(&mut server, b"answer").unwrap();
                observed.read_exact(&mut [0; 6]).await.unwrap();
            }
            signal.begin_request();
            let server = (!is_closed).then_some(server);
            let written = observed.write_all(b"second").await;
            assert_eq!(written.is_err(), is_closed && !is_fresh, "{is_closed} {is_fresh}");
            assert_eq!(signal.has_written(), written.is_ok());
            drop(server);
        }
    }
}
