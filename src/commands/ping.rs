//! One harmless request to a server, without a session and without signing in.

use bytes::Bytes;
use http::{Method, header};

use crate::error::{Error, Result};
use crate::http::{HttpError, Outbound, Request, Response, Target};
use crate::jsonrpc::{self, RequestId};
use crate::protocol::{headers, methods};
use crate::remote::{RemoteOptions, failure_for_network_error};

/// Sends a `ping` with the headers of the options. A server refuses it, because there is no
/// session, so it has no effect.
///
/// # Errors
/// The server does not answer.
pub(super) async fn send_ping(remote: &RemoteOptions) -> Result<Response> {
    let outbound = Outbound::new(&remote.http, &remote.url)?;
    ping_through(&outbound, remote)
        .await
        .map_err(|error| Error::from(failure_for_network_error(&error, &remote.url)))
}

/// Like [`send_ping`], over this connection.
///
/// # Errors
/// As for [`send_ping`].
pub(super) async fn ping_through(
    outbound: &Outbound,
    remote: &RemoteOptions,
) -> std::result::Result<Response, HttpError> {
    let target = Target::new(remote.url.clone())?;
    let mut request = Request::new(Method::POST, target, outbound.default_headers().clone());
    request.set_header(header::CONTENT_TYPE, headers::JSON)?;
    request.set_header(header::ACCEPT, "application/json, text/event-stream")?;
    for (name, value) in &remote.headers {
        request.headers_mut().append(name, value.clone());
    }
    let ping = jsonrpc::request(&RequestId::from(1), methods::PING, None);
    outbound.send(request.body(Bytes::from(ping).into())).await
}
