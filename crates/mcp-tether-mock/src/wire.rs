//! The listening socket and its connections, each with a switch that cuts it abruptly.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts loopback connections. When dropped, it cuts those that are still open.
pub(super) struct Wires {
    listener: TcpListener,
    open: Vec<Weak<Mutex<SwitchState>>>,
}

impl Wires {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, open: Vec::new() }
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        for switch in self.open.iter().filter_map(Weak::upgrade) {
            Switch(switch).cut();
        }
    }
}

impl Listener for Wires {
    type Io = ClientSocket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (ClientSocket, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Small events must not be delayed by Nagle's algorithm.
        let _ = stream.set_nodelay(true);
        let switch = Switch::default();
        if self.open.len() == self.open.capacity() {
            self.open.retain(|open| open.strong_count() > 0);
        }
        self.open.push(Arc::downgrade(&switch.0));
        (ClientSocket { stream, switch }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A switch that cuts one connection. Clones cut the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Switch(Arc<Mutex<SwitchState>>);

#[derive(Debug, Default)]
struct SwitchState {
    cut: bool,
    reader: Option<Waker>,
}

impl Switch {
    /// Closes the connection; nothing more is sent, not even buffered data.
    pub(super) fn cut(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.cut = true;
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    fn check(&self) -> io::Result<()> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.cut { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn remember(&self, waker: &Waker) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.reader = Some(waker.clone());
    }
}

impl Connected<IncomingStream<'_, Wires>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().switch.clone()
    }
}

/// One accepted connection.
pub(super) struct ClientSocket {
    stream: TcpStream,
    switch: Switch,
}

impl AsyncRead for ClientSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.switch.remember(context.waker());
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for ClientSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.switch.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
