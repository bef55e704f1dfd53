//! HTTP+SSE of revision 2024-11-05: a stream that opens with an `endpoint` event, and POSTs to the
//! URI it names (T-70 to T-75).

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::attempts::Attempts;
use super::events::{Event, EventDecoder};
use super::failures::{failure_for_media_type, failure_for_network_error, failure_for_status};
use super::media_type::read_media_type;
use super::stream_origin::StreamOrigin;
use super::streams::StreamMemory;
use super::wire::Wire;
use super::{RemoteEvent, Session};
use crate::budget::Share;
use crate::error::{Failure, FailureKind};
use crate::http::{Response, Target};
use crate::protocol::headers;
use crate::redact::{SafeUrl, shown_words};

/// The longest wait for a stream's `endpoint` event (T-70).
const ENDPOINT_TIMEOUT: Duration = Duration::from_secs(15);
/// How many messages before the endpoint are kept until the session exists.
const MAX_EARLY_MESSAGES: usize = 64;

/// An open stream that has named its endpoint.
#[derive(Debug)]
pub(super) struct OpenStream {
    /// Where messages are posted.
    pub(super) endpoint: Target,
    /// The events before the endpoint.
    early: Vec<Event>,
    response: Response,
    decoder: EventDecoder,
}

/// Why there is no such stream.
pub(super) enum NoStream {
    /// The remote does not offer one; it answered with this status or content.
    NotOffered(Failure),
    /// There was no answer, or one that breaks the protocol.
    Failed(Failure),
}

impl Wire {
    /// Opens the stream and waits for its endpoint.
    pub(super) async fn open_stream(&self) -> Result<OpenStream, NoStream> {
        let mut attempts = Attempts::of_opening(self.limits.opening);
        let mut response = loop {
            let pause = match self.get_stream(&Session::default(), None).await {
                Err(failure) => return Err(NoStream::Failed(failure)),
                Ok(Err(error)) => attempts.pause_before_reopening(&error).ok_or_else(|| {
                    NoStream::Failed(failure_for_network_error(&error, self.endpoint.url()))
                })?,
                Ok(Ok(response)) => {
                    let (status, headers) = (response.status(), response.headers());
                    match attempts.pause_after_refusal(status, headers, true) {
                        Ok(Some(pause)) => pause,
                        Ok(None) => break response,
                        Err(failure) => return Err(NoStream::Failed(failure)),
                    }
                }
            };
            tokio::time::sleep(pause).await;
        };
        let status = response.status();
        if !status.is_success() {
            let body = self.read_error_body(response).await;
            let url = self.endpoint.url();
            let failure = failure_for_status(status, url, &self.without_own_secrets(&body, url));
            let is_failing = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
            let no_stream = if is_failing { NoStream::Failed } else { NoStream::NotOffered };
            return Err(no_stream(failure));
        }
        let media_type = read_media_type(&mut response).await;
        if media_type != headers::EVENT_STREAM {
            let failure = failure_for_media_type(&media_type, self.endpoint.url(), b"");
            return Err(NoStream::NotOffered(failure));
        }
        match tokio::time::timeout(ENDPOINT_TIMEOUT, self.await_endpoint(response)).await {
            Ok(opened) => opened.map_err(NoStream::Failed),
            Err(_) => Err(NoStream::Failed(late_failure())),
        }
    }

    /// Whether the server offers the HTTP+SSE stream. Sends one GET and never starts a sign-in.
    pub(super) async fn has_old_stream(&self) -> bool {
        let Ok(Ok(mut response)) = self.get_optional_stream(&Session::default(), None).await else {
            return false;
        };
        let is_stream = response.status().is_success()
            && read_media_type(&mut response).await == headers::EVENT_STREAM;
        let opened = tokio::time::timeout(ENDPOINT_TIMEOUT, self.await_endpoint(response));
        is_stream && matches!(opened.await, Ok(Ok(_)))
    }

    async fn await_endpoint(&self, mut response: Response) -> Result<OpenStream, Failure> {
        let mut decoder = EventDecoder::new(self.limits.size);
        let mut early = Vec::new();
        loop {
            let event =
                decoder.next_event().map_err(|_| server_fault("sent an oversized event"))?;
            if let Some(event) = event {
                if !event.names_endpoint() {
                    // Like other clients, waits for an event named `endpoint`.
                    keep_early(&mut early, event);
                    continue;
                }
                let named = event.data.unwrap_or_default();
                let base = response.target().url();
                let endpoint = resolve_endpoint(base, &String::from_utf8_lossy(&named))?;
                let endpoint = Target::new(endpoint)
                    .map_err(|_| server_fault("named an endpoint that cannot be requested"))?;
                return Ok(OpenStream { endpoint, early, response, decoder });
            }
            match response.chunk().await {
                Ok(Some(chunk)) => decoder.feed(chunk),
                Ok(None) => return Err(server_fault("ended its event stream without an endpoint")),
                Err(error) => return Err(failure_for_network_error(&error, self.endpoint.url())),
            }
        }
    }

    /// Passes the stream's messages on to the bridge. The end of the stream is the end of the
    /// session (T-74).
    pub(super) async fn forward_stream(self: Arc<Self>, stream: OpenStream, generation: u32) {
        let OpenStream { early, mut response, mut decoder, .. } = stream;
        let origin = StreamOrigin::unasked(generation, true);
        let mut memory = StreamMemory::default();
        for event in early {
            self.deliver_event(event, origin, &mut memory, Share::default()).await;
        }
        let end = self.follow_from(&mut decoder, &mut response, origin, &mut memory).await;
        tracing::debug!(?end, "the event stream ended");
        let _ = self.events.send(RemoteEvent::SessionLost { generation }).await;
    }
}

/// Keeps a message that arrives before the endpoint, up to a limit (S-12).
fn keep_early(early: &mut Vec<Event>, event: Event) {
    if event.is_message() && early.len() < MAX_EARLY_MESSAGES {
        early.push(event);
    }
}

/// Resolves the endpoint's URL (T-71). One of another origin is refused: it would receive the
/// credentials (T-72).
fn resolve_endpoint(base: &Url, uri: &str) -> Result<Url, Failure> {
    // Some servers write it as a JSON string.
    let quoted = serde_json::from_str::<String>(uri.trim());
    let endpoint = base.join(quoted.as_deref().unwrap_or(uri.trim())).map_err(|_| {
        server_fault(&format!("named `{}` as its endpoint, which is not a URL", shown_words(uri)))
    })?;
    if endpoint.origin() == base.origin() && matches!(endpoint.scheme(), "http" | "https") {
        return Ok(endpoint);
    }
    let shown = SafeUrl::new(&endpoint);
    Err(server_fault(&format!("named an endpoint of another origin, `{shown}`, which is refused")))
}

fn server_fault(what: &str) -> Failure {
    Failure::new(FailureKind::Protocol, format!("the server {what}"))
        .hint("report this to the server's operator")
}

fn late_failure() -> Failure {
    let text =
        format!("the event stream named no endpoint within {} s", ENDPOINT_TIMEOUT.as_secs());
    Failure::new(FailureKind::Timeout, text)
        .hint("check the URL: the address of an event stream often ends in `/sse`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(uri: &str) -> Result<String, Failure> {
        let base = Url::parse("https://host.example/api/v1/sse?tenant=1").unwrap();
        resolve_endpoint(&base, uri).map(|url| url.to_string())
    }

    /// S-12, T-70
    #[test]
    fn messages_that_come_before_the_endpoint_are_bounded() {
        let event = |name: Option<&str>| Event {
            name: name.map(Into::into),
            data: Some("{}".into()),
            ..Event::default()
        };
        let mut early = Vec::new();
        keep_early(&mut early, event(Some("other")));
        assert!(early.is_empty(), "it is not a message");
        for _ in 0..=MAX_EARLY_MESSAGES {
            keep_early(&mut early, event(None));
        }
        assert_eq!(early.len(), MAX_EARLY_MESSAGES);
    }

    /// T-71
    #[test]
    fn the_endpoint_is_resolved_against_the_stream() {
        let cases = [
            ("https://host.example/m?s=1", "https://host.example/m?s=1"),
            ("/m?s=1", "https://host.example/m?s=1"),
            ("m", "https://host.example/api/v1/m"),
            ("?s=1", "https://host.example/api/v1/sse?s=1"),
            (" \"/m?s=1\" ", "https://host.example/m?s=1"),
        ];
        for (uri, expected) in cases {
            assert_eq!(resolved(uri).as_deref(), Ok(expected), "{uri}");
        }
    }

    /// T-72
    #[test]
    fn an_endpoint_of_another_origin_is_refused() {
        for uri in [
            "https://evil.example/m",
            "//evil.example/m",
            "https://host.example:8443/m",
            "http://host.example/m",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert!(resolved(uri).is_err(), "{uri}");
        }
    }
}
