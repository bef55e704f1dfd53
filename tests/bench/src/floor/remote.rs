//! The remote: one POST per line over kept connections, its answer to the output.

use std::cell::{OnceCell, RefCell};
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::complain;
use crate::events::Events;
use crate::output::Output;
use crate::secure::Secure;

/// The revision of the bench's hosts; reading the negotiated one would require parsing.
const VERSION: HeaderValue = HeaderValue::from_static("2025-06-18");

type Connection = SendRequest<Full<Bytes>>;

/// The address, the headers and the idle connections.
pub(crate) struct Remote {
    address: SocketAddr,
    secure: Option<Secure>,
    path: Uri,
    first_headers: HeaderMap,
    /// The headers with the session id, from the first answer on.
    headers: OnceCell<HeaderMap>,
    idle: RefCell<Vec<Connection>>,
}

impl Remote {
    pub(crate) fn new(url: &str) -> io::Result<Self> {
        let invalid =
            || io::Error::new(io::ErrorKind::InvalidInput, "want http://ADDRESS:PORT/PATH");
        let (rest, secure) = match url.strip_prefix("https://") {
            Some(rest) => (rest, Some(Secure::new()?)),
            None => (url.strip_prefix("http://").ok_or_else(invalid)?, None),
        };
        let (authority, path) = rest.split_at(rest.find('/').ok_or_else(invalid)?);
        let mut first_headers = HeaderMap::new();
        first_headers.insert(HOST, HeaderValue::from_str(authority).map_err(|_| invalid())?);
        first_headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let both = HeaderValue::from_static("application/json, text/event-stream");
        first_headers.insert(ACCEPT, both);
        Ok(Self {
            address: authority.replace("localhost", "127.0.0.1").parse().map_err(|_| invalid())?,
            secure,
            path: path.parse().map_err(|_| invalid())?,
            first_headers,
            headers: OnceCell::new(),
            idle: RefCell::default(),
        })
    }

    /// Posts one line and writes the answer.
    pub(crate) async fn call(&self, line: Bytes, output: &Output) {
        if let Err(error) = self.exchange(line, output).await {
            complain(&error.to_string());
        }
    }

    async fn exchange(&self, line: Bytes, output: &Output) -> io::Result<()> {
        let mut connection = self.connection().await?;
        let mut request = Request::new(Full::new(line));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.get().unwrap_or(&self.first_headers).clone();
        let response = connection.send_request(request).await.map_err(io::Error::other)?;
        self.remember_session(response.headers());
        relay(response, output).await?;
        self.idle.borrow_mut().push(connection);
        Ok(())
    }

    async fn connection(&self) -> io::Result<Connection> {
        loop {
            let idle = self.idle.borrow_mut().pop();
            let Some(mut connection) = idle else { return self.connect().await };
            if connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        match &self.secure {
            Some(secure) => handshake(secure.wrap(stream).await?).await,
            None => handshake(stream).await,
        }
    }

    fn remember_session(&self, headers: &HeaderMap) {
        if self.headers.get().is_some() {
            return;
        }
        let mut next = self.first_headers.clone();
        next.insert("mcp-protocol-version", VERSION);
        if let Some(session) = headers.get("mcp-session-id") {
            next.insert("mcp-session-id", session.clone());
        }
        let _ = self.headers.set(next);
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> io::Result<Connection> {
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

async fn relay(response: Response<Incoming>, output: &Output) -> io::Result<()> {
    let is = |kind: &[u8]| {
        let header = response.headers().get(CONTENT_TYPE);
        header.is_some_and(|value| value.as_bytes().starts_with(kind))
    };
    if is(b"text/event-stream") {
        relay_events(response.into_body(), output).await
    } else if is(b"application/json") {
        relay_json(response.into_body(), output).await
    } else if response.status() == StatusCode::ACCEPTED {
        response.into_body().collect().await.map_err(io::Error::other).map(drop)
    } else {
        Err(io::Error::other(format!("the remote answered {}", response.status())))
    }
}

async fn relay_json(mut body: Incoming, output: &Output) -> io::Result<()> {
    let Some(first) = next_chunk(&mut body).await? else { return Ok(()) };
    let _pen = output.pen().await;
    output.push_body(&first);
    while !body.is_end_stream() {
        let Some(chunk) = next_chunk(&mut body).await? else { break };
        output.push_body(&chunk);
        output.room().await;
    }
    output.push(b"\n");
    Ok(())
}

async fn relay_events(mut body: Incoming, output: &Output) -> io::Result<()> {
    let mut events = Events::default();
    let mut pen = None;
    while let Some(chunk) = next_chunk(&mut body).await? {
        if pen.is_none() {
            pen = Some(output.pen().await);
        }
        events.feed(chunk, output);
        output.room().await;
        if !events.inside() {
            pen = None;
        }
    }
    Ok(())
}

async fn next_chunk(body: &mut Incoming) -> io::Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.map_err(io::Error::other)?.into_data() {
            return Ok(Some(chunk));
        }
    }
    Ok(None)
}
