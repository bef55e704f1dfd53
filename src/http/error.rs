//! The error for a request without a response, or a truncated response.

use std::{fmt, io};

use rustls::{AlertDescription, InvalidMessage};

use crate::redact::plain;

/// The standard library's message for a name without an address.
const LOOKUP_FAILED: &str = "failed to lookup address information";

/// Any error, as the cause of an [`HttpError`].
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request without a response, or a truncated body. Its innermost source names the cause.
#[derive(Debug)]
pub struct HttpError {
    kind: ErrorKind,
    source: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    /// The request cannot be written as HTTP.
    Invalid,
    /// No connection was made, so nothing was sent.
    Connect,
    /// The connection broke before the head of a response.
    Send,
    /// The connection was already closed before any byte of the request was written.
    Unsent,
    /// The response's body is truncated or cannot be decoded.
    Body,
}

impl HttpError {
    /// The innermost cause in words, without the system's error number.
    pub fn reason(&self) -> String {
        let mut cause: &dyn std::error::Error = self;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let text = plain(&cause.to_string());
        match text.find(" (os error") {
            Some(at) => text[..at].to_lowercase(),
            None => text.replace(LOOKUP_FAILED, "name lookup failed"),
        }
    }

    /// The request cannot be written as HTTP.
    pub(super) fn invalid(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Invalid, source: source.into() }
    }

    /// There was no connection.
    pub(super) fn connect(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Connect, source: source.into() }
    }

    /// The connection broke before the head of a response.
    pub(super) fn send(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Send, source: source.into() }
    }

    /// The connection had ended before any byte of the request was written.
    pub(super) fn unsent(self) -> Self {
        Self { kind: ErrorKind::Unsent, ..self }
    }

    /// The body of the response broke off or cannot be decoded.
    pub(super) fn body(source: impl Into<BoxError>) -> Self {
        Self { kind: ErrorKind::Body, source: source.into() }
    }

    /// Whether the request itself can never be sent.
    pub fn is_invalid_request(&self) -> bool {
        self.kind == ErrorKind::Invalid
    }

    /// Whether no connection was made: the request was not sent.
    pub fn is_connect(&self) -> bool {
        self.kind == ErrorKind::Connect
    }

    /// The proxy that could not be connected to, if that is why there was no connection.
    pub fn unreached_proxy(&self) -> Option<&str> {
        self.source.downcast_ref::<UnreachedProxy>().map(|unreached| unreached.proxy.as_str())
    }

    /// Whether the connection failed for a transient reason, such as a server that restarts or a
    /// network that is coming up.
    pub fn is_transient(&self) -> bool {
        const TRANSIENT: [io::ErrorKind; 8] = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::HostUnreachable,
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::NetworkDown,
            io::ErrorKind::TimedOut,
            io::ErrorKind::UnexpectedEof,
        ];
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                // The only look-up error that does not mean a missing name (EAI_AGAIN).
                let is_look_up = error.to_string().contains("emporary failure in name resolution");
                return self.is_connect() && (TRANSIENT.contains(&error.kind()) || is_look_up);
            }
            cause = error.source();
        }
        false
    }

    /// How TLS failed, if another attempt would fail in the same way.
    pub fn tls_failure(&self) -> Option<TlsFailure> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            // The source of an I/O error is the source of what it holds.
            let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let held = held.and_then(|held| TlsFailure::of(held));
            if let Some(failure) = held.or_else(|| TlsFailure::of(error)) {
                return Some(failure);
            }
            cause = error.source();
        }
        None
    }

    /// Whether the head of the response is too large.
    pub fn is_large_head(&self) -> bool {
        let cause = self.source.downcast_ref::<hyper::Error>();
        cause.is_some_and(hyper::Error::is_parse_too_large)
    }

    /// Whether the server said that it did not process the request, so that any request may be sent
    /// again: `REFUSED_STREAM`, or a `GOAWAY` that does not cover it (RFC 9113 §6.8, §8.7).
    pub fn was_not_processed(&self) -> bool {
        // Streams covered by the `GOAWAY` continue, so an error here means that this one was not
        // covered.
        let is_gone =
            self.http2_error().is_some_and(|error| error.is_remote() && error.is_go_away());
        let is_refused = is_gone || self.is_refused_stream() || self.wants_http1();
        self.kind == ErrorKind::Send && is_refused
    }

    /// Whether the request was never sent, because its connection was already closed: it can be
    /// sent on another one.
    pub fn was_not_sent(&self) -> bool {
        self.kind == ErrorKind::Unsent
    }

    /// Whether the server accepts this request over HTTP/1.1 only (RFC 9113 §7).
    pub(super) fn wants_http1(&self) -> bool {
        self.http2_error().is_some_and(|error| {
            error.is_remote() && error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED)
        })
    }

    /// Whether the server refused this stream only, and not the connection.
    pub(super) fn is_refused_stream(&self) -> bool {
        self.http2_error().is_some_and(|error| {
            let reason = error.reason();
            error.is_remote() && error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
        })
    }

    fn http2_error(&self) -> Option<&h2::Error> {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*self.source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<h2::Error>() {
                return Some(error);
            }
            cause = error.source();
        }
        None
    }
}

/// A failure of TLS that another attempt would meet again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFailure {
    /// The other end does not speak TLS.
    NotTls,
    /// No connection is made here: nothing can be trusted, or the name is none.
    Unusable,
    /// One end does not accept the certificate of the other, or they have no way in common.
    Refused,
}

impl TlsFailure {
    fn of(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        if error.is::<UnusableTls>() {
            return Some(Self::Unusable);
        }
        match error.downcast_ref()? {
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Self::NotTls),
            rustls::Error::InvalidMessage(_)
            | rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::PeerIncompatible(_)
            | rustls::Error::PeerMisbehaved(_) => Some(Self::Refused),
            rustls::Error::AlertReceived(alert) => is_final(*alert).then_some(Self::Refused),
            _ => None,
        }
    }
}

/// Whether this alert is about what both ends are, and not about this connection (RFC 8446 §6.2).
fn is_final(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateUnobtainable
            | Alert::CertificateRequired
            | Alert::BadCertificateStatusResponse
            | Alert::BadCertificateHashValue
    )
}

/// The error if TLS cannot be used here, for this reason.
#[derive(Debug)]
pub(super) struct UnusableTls(pub String);

impl fmt::Display for UnusableTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnusableTls {}

/// The error for a proxy that could not be reached.
#[derive(Debug)]
pub(super) struct UnreachedProxy {
    /// Its URL, without credentials.
    proxy: String,
    source: BoxError,
}

impl UnreachedProxy {
    pub(super) fn new(proxy: &impl fmt::Display, source: BoxError) -> Self {
        Self { proxy: proxy.to_string(), source }
    }
}

impl fmt::Display for UnreachedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to the proxy `{}`", self.proxy)
    }
}

impl std::error::Error for UnreachedProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Invalid => "the request cannot be sent",
            ErrorKind::Connect => "no connection",
            ErrorKind::Send | ErrorKind::Unsent => "the connection broke before a response",
            ErrorKind::Body => "the body is incomplete",
        })
    }
}

impl std::error::Error for HttpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error that wraps another one.
    #[derive(Debug)]
    struct Around(io::Error);

    impl fmt::Display for Around {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("around")
        }
    }

    impl std::error::Error for Around {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_reason_is_the_innermost_cause_in_plain_words() {
        for (error, reason) in [
            (HttpError::invalid("the URL names no host"), "the URL names no host"),
            (HttpError::connect(io::Error::other("Refused (os error 111)")), "refused"),
            (HttpError::connect(Around(io::Error::other("Timed out (os error 110)"))), "timed out"),
            (
                HttpError::connect(io::Error::other(format!("{LOOKUP_FAILED}: Name unknown"))),
                "name lookup failed: Name unknown",
            ),
            (HttpError::body(Around(io::Error::other("it broke"))), "it broke"),
        ] {
            assert_eq!(error.reason(), reason, "{error:?}");
        }
        for text in ["a\u{1b}[31mb", "a\u{1b}[31mb (os error 1)"] {
            let reason = HttpError::send(io::Error::other(text)).reason();
            assert!(!reason.contains('\u{1b}'), "{reason}");
        }
    }

    #[test]
    fn only_a_connection_that_failed_may_be_transient() {
        for (kind, is_transient) in [
            (io::ErrorKind::ConnectionRefused, true),
            (io::ErrorKind::ConnectionReset, true),
            (io::ErrorKind::ConnectionAborted, true),
            (io::ErrorKind::HostUnreachable, true),
            (io::ErrorKind::NetworkUnreachable, true),
            (io::ErrorKind::NetworkDown, true),
            (io::ErrorKind::TimedOut, true),
            (io::ErrorKind::UnexpectedEof, true),
            (io::ErrorKind::PermissionDenied, false),
            (io::ErrorKind::InvalidData, false),
            (io::ErrorKind::NotFound, false),
            (io::ErrorKind::Other, false),
        ] {
            let error = || io::Error::new(kind, "it");
            assert_eq!(HttpError::connect(error()).is_transient(), is_transient, "{kind:?}");
            assert_eq!(HttpError::connect(Around(error())).is_transient(), is_transient);
            assert!(!HttpError::send(error()).is_transient(), "it may have been sent: {kind:?}");
            assert!(!HttpError::body(error()).is_transient(), "{kind:?}");
        }
        // EAI_AGAIN is said to be temporary, EAI_NONAME is not.
        let look_up = |why: &str| HttpError::connect(io::Error::other(why)).is_transient();
        assert!(look_up("Temporary failure in name resolution"));
        assert!(!look_up("Name or service not known"));
        assert!(!HttpError::connect("the certificate is not trusted").is_transient());
    }

    #[test]
    fn each_kind_says_what_became_of_the_request() {
        let asks = |error: &HttpError| {
            [error.is_invalid_request(), error.is_connect(), error.was_not_sent()]
        };
        let send = || HttpError::send("it broke");
        for (error, answers, words) in [
            (HttpError::invalid("x"), [true, false, false], "the request cannot be sent"),
            (HttpError::connect("x"), [false, true, false], "no connection"),
            (send(), [false, false, false], "the connection broke before a response"),
            (send().unsent(), [false, false, true], "the connection broke before a response"),
            (HttpError::body("x"), [false, false, false], "the body is incomplete"),
        ] {
            assert_eq!((asks(&error), error.to_string().as_str()), (answers, words));
            assert!(!error.is_large_head() && error.unreached_proxy().is_none());
        }
    }

    /// RFC 9113 §8.7: what this side gives up has not been refused by the server.
    #[test]
    fn only_the_servers_own_refusal_says_that_nothing_was_processed() {
        for reason in [
            h2::Reason::REFUSED_STREAM,
            h2::Reason::HTTP_1_1_REQUIRED,
            h2::Reason::NO_ERROR,
            h2::Reason::CANCEL,
        ] {
            let error = HttpError::send(h2::Error::from(reason));
            assert!(!error.was_not_processed(), "{reason:?}");
            assert!(!error.wants_http1() && !error.is_refused_stream(), "{reason:?}");
            assert!(error.http2_error().is_some());
        }
        assert!(HttpError::send("x").http2_error().is_none());
    }

    #[test]
    fn a_proxy_that_is_not_reached_is_named() {
        let source: BoxError = io::Error::from(io::ErrorKind::ConnectionRefused).into();
        let error = HttpError::connect(UnreachedProxy::new(&"http://proxy:8080", source));
        assert_eq!(error.unreached_proxy(), Some("http://proxy:8080"));
        assert!(error.is_connect() && error.is_transient(), "a proxy may come back");
        assert_eq!(error.reason(), "connection refused");
    }

    /// T-87: another attempt does not change a certificate.
    #[test]
    fn failures_of_tls_that_come_again_are_told_from_those_that_may_pass() {
        let of = |error: rustls::Error| {
            let source = io::Error::new(io::ErrorKind::InvalidData, error);
            HttpError::connect(UnreachedProxy::new(&"p", source.into())).tls_failure()
        };
        let alert = rustls::Error::AlertReceived;
        let not_tls = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert_eq!(of(not_tls), Some(TlsFailure::NotTls));
        for error in [
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer),
            rustls::Error::NoCertificatesPresented,
            alert(AlertDescription::HandshakeFailure),
            alert(AlertDescription::CertificateRequired),
        ] {
            assert_eq!(of(error.clone()), Some(TlsFailure::Refused), "{error}");
        }
        for error in [alert(AlertDescription::InternalError), alert(AlertDescription::CloseNotify)]
        {
            assert_eq!(of(error.clone()), None, "{error}");
        }
        let unusable = io::Error::other(UnusableTls("no certificate can be read".to_owned()));
        assert_eq!(HttpError::connect(unusable).tls_failure(), Some(TlsFailure::Unusable));
        let words = io::Error::other("the proxy speaks of a certificate");
        assert_eq!(HttpError::connect(words).tls_failure(), None);
    }
}
