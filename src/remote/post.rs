//! A message on its way to the remote, and the errors on the way.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::concurrency_limit::ConcurrencyClass;
use super::stream_origin::{StreamOrigin, StreamReadMode};
use super::{ExchangeHandle, Limits, Outcome, ProbeRefusal, Session};
use crate::error::Failure;
use crate::jsonrpc::{Frame, Message};

/// A message on its way to the remote.
#[derive(Clone, Debug)]
pub struct Post {
    /// The number of this exchange; for a request also its JSON-RPC id.
    pub number: u64,
    /// The message as it is sent.
    pub frame: Frame,
    /// Whether the remote owes an answer.
    pub is_request: bool,
    /// Whether it needs no permit, like answers, cancellations and endless streams.
    pub urgent: bool,
    /// Whether sending it twice is harmless (T-28).
    pub repeatable: bool,
    /// The session at the time of sending.
    pub session: Arc<Session>,
    /// Whether it stays open by design, however long it is silent (T-63).
    pub stays_open: bool,
    /// The bridge's handle for the exchange.
    pub handle: ExchangeHandle,
    /// Further properties of an exchange with a modern remote.
    pub modern: Option<Box<ModernPost>>,
    /// The headers of the host's trace context.
    pub trace: Option<Box<HeaderMap>>,
}

/// The properties of an exchange with a modern remote besides its message (T-50 to T-63). Such an
/// exchange is never resumed, and is read no further than its answer.
#[derive(Clone, Debug, Default)]
pub struct ModernPost {
    /// The headers that mirror the message.
    pub headers: HeaderMap,
}

/// Why there is no response to read.
pub(super) enum ExchangeError {
    /// The remote no longer knows the session; the message was not executed (T-32).
    SessionLost(Box<HttpRefusal>),
    /// The remote refused with an HTTP error.
    Refused(Box<HttpRefusal>),
    /// Anything else.
    Failed(Failure),
}

/// An HTTP error status and its body.
pub(super) struct HttpRefusal {
    pub(super) status: StatusCode,
    pub(super) failure: Failure,
    /// The JSON-RPC error in its body, if there is one (T-24).
    pub(super) answer: Option<Message>,
}

impl From<ExchangeError> for Outcome {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::SessionLost(refusal) => Self::SessionLost(refusal.for_bridge()),
            ExchangeError::Refused(refusal) => Self::Refused(refusal.for_bridge()),
            ExchangeError::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl HttpRefusal {
    fn for_bridge(self) -> Box<ProbeRefusal> {
        let Self { status, failure, answer } = self;
        Box::new(ProbeRefusal { status: Some(status.as_u16()), failure, answer })
    }
}

impl Post {
    /// The concurrency limit that it counts against (T-29).
    pub(super) fn concurrency_class(&self) -> ConcurrencyClass {
        if self.urgent {
            ConcurrencyClass::Urgent
        } else if self.is_request {
            ConcurrencyClass::Request
        } else {
            ConcurrencyClass::Notification
        }
    }

    /// Whether it is sent within a legacy session, whose answers may arrive on another stream.
    pub(super) fn is_in_session(&self) -> bool {
        self.modern.is_none() && (self.session.version.is_some() || self.session.id.is_some())
    }

    /// The origin of the messages that answer it.
    pub(super) fn origin(&self) -> StreamOrigin {
        let reading = match self.modern.as_deref() {
            None => StreamReadMode::Resumable,
            Some(_) => StreamReadMode::ToTheAnswer,
        };
        StreamOrigin {
            exchange: Some(self.number),
            generation: self.session.generation,
            reading,
            may_be_silent: self.stays_open,
            has_batches: self.modern.is_none() && self.session.has_batches(),
            in_session: self.is_in_session(),
        }
    }

    /// Whether the whole exchange has a time limit.
    pub(super) fn is_limited(&self) -> bool {
        !self.stays_open
    }

    /// The longest time to the head of the response, which some servers send only with the first
    /// event.
    pub(super) fn headers_limit(&self, limits: &Limits) -> Option<Duration> {
        limits.headers.filter(|_| !self.stays_open)
    }

    /// The longest silence within its answer.
    pub(super) fn silence_limit(&self, limits: &Limits) -> Option<Duration> {
        limits.body.filter(|_| !self.stays_open)
    }

    /// The request with a new id, to be sent again (A-56, E-05).
    pub(super) fn with_fresh_id(&self) -> Option<Frame> {
        if !self.is_request {
            return None;
        }
        let message = Message::parse(self.frame.clone().into_bytes()).ok()?;
        Some(message.with_id(&self.handle.count_refusal(self.number).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn session(version: Option<&'static str>, id: Option<&'static str>) -> Arc<Session> {
        let value = |text: Option<&'static str>| text.map(HeaderValue::from_static);
        Arc::new(Session::new(7, value(id), value(version)))
    }

    fn post(session: Arc<Session>) -> Post {
        let text = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"a":[1]}}"#;
        Post {
            number: 3,
            frame: Frame::from(text.to_owned()),
            is_request: true,
            urgent: false,
            repeatable: false,
            session,
            stays_open: false,
            handle: ExchangeHandle::default(),
            modern: None,
            trace: None,
        }
    }

    /// T-29
    #[test]
    fn answers_and_cancellations_never_wait_for_a_permit() {
        let class = |is_request, urgent| {
            Post { is_request, urgent, ..post(Session::unopened(0)) }.concurrency_class()
        };
        assert_eq!(class(true, false), ConcurrencyClass::Request);
        assert_eq!(class(false, false), ConcurrencyClass::Notification);
        assert_eq!(class(true, true), ConcurrencyClass::Urgent);
        assert_eq!(class(false, true), ConcurrencyClass::Urgent);
    }

    /// T-37, T-38
    #[test]
    fn an_exchange_belongs_to_a_session_once_there_is_one_and_never_in_the_modern_era() {
        for (version, id, in_session, has_batches) in [
            (None, None, false, true),
            (Some("2025-03-26"), None, true, true),
            (Some("2025-06-18"), None, true, false),
            (Some("2025-06-18"), Some("s"), true, false),
            (None, Some("s"), true, true),
        ] {
            let legacy = post(session(version, id));
            let origin = legacy.origin();
            assert_eq!((origin.exchange, origin.generation), (Some(3), 7));
            let found = (origin.in_session, origin.has_batches);
            assert_eq!(found, (in_session, has_batches), "{version:?} {id:?}");
            assert!(matches!(origin.reading, StreamReadMode::Resumable));
            let modern = Post { modern: Some(Box::default()), ..legacy };
            let origin = modern.origin();
            assert!(!origin.in_session && !origin.has_batches, "{version:?} {id:?}");
            assert!(matches!(origin.reading, StreamReadMode::ToTheAnswer));
        }
    }

    /// T-26, T-63
    #[test]
    fn what_stays_open_by_design_has_no_limits() {
        let limits = Limits {
            headers: Some(Duration::from_secs(1)),
            body: Some(Duration::from_secs(2)),
            ..Limits::default()
        };
        let usual = post(Session::unopened(0));
        assert!(usual.is_limited() && !usual.origin().may_be_silent);
        assert_eq!(usual.headers_limit(&limits), limits.headers);
        assert_eq!(usual.silence_limit(&limits), limits.body);
        let open = Post { stays_open: true, ..usual };
        assert!(!open.is_limited() && open.origin().may_be_silent);
        assert_eq!((open.headers_limit(&limits), open.silence_limit(&limits)), (None, None));
    }

    /// A-56, E-05
    #[test]
    fn a_request_that_is_sent_again_has_another_id_and_nothing_else_changes() {
        let once = post(Session::unopened(0));
        let texts: Vec<String> = (0..2)
            .map(|_| {
                String::from_utf8(once.with_fresh_id().unwrap().into_bytes().to_vec()).unwrap()
            })
            .collect();
        assert_ne!(texts[0], texts[1], "no id is used twice");
        for text in &texts {
            let message = Message::parse(text.clone()).unwrap();
            assert_ne!(message.id().unwrap().to_json(), "3");
            assert_eq!(message.params(), Some(r#"{"a":[1]}"#));
        }
        let notification = Post { is_request: false, ..once };
        assert!(notification.with_fresh_id().is_none(), "it has no id");
    }
}
