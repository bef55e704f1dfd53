//! Determines what a response's body is: by its media type or, if that is neither of MCP's two, by
//! the first bytes. A missing or wrong media type does not make an answer unreadable (T-21).

use std::borrow::Cow;
use std::time::Duration;

use http::header;

use crate::http::{Response, begins_guarded_json};
use crate::protocol::headers;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Prefixes of lines in an event stream (HTML standard §9.2.6).
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];
/// The longest wait for the first bytes of a body without a useful media type.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(2);

/// The media type in lower case, without parameters. Of a list only the first counts: gateways join
/// a repeated header.
pub(super) fn media_type(response: &Response) -> Cow<'static, str> {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let name = value.unwrap_or_default().split([';', ',']).next().unwrap_or_default().trim();
    let known = [headers::JSON, headers::EVENT_STREAM].into_iter().find(|known| *known == name);
    known.map_or_else(|| Cow::Owned(name.to_ascii_lowercase()), Cow::Borrowed)
}

/// Like [`media_type`], but a body of another type that begins like JSON or an event stream counts
/// as such.
pub(super) async fn read_media_type(response: &mut Response) -> Cow<'static, str> {
    let label = media_type(response);
    if matches!(&*label, headers::JSON | headers::EVENT_STREAM) || label.contains("html") {
        return label;
    }
    let first = tokio::time::timeout(FIRST_BYTES_TIMEOUT, response.peek()).await;
    let Ok(Ok(Some(first))) = first else { return label };
    if begins_event_stream(first) {
        return Cow::Borrowed(headers::EVENT_STREAM);
    }
    match without_mark(first).trim_ascii_start() {
        // 0x1e begins a sequence of RFC 7464.
        [b'{' | b'[' | 0x1e, ..] => Cow::Borrowed(headers::JSON),
        _ if begins_guarded_json(first) => Cow::Borrowed(headers::JSON),
        _ => label,
    }
}

/// Whether a body is an event stream, by its first bytes.
pub(super) fn begins_event_stream(body: &[u8]) -> bool {
    let body = without_mark(body);
    FIELDS.iter().any(|field| body.starts_with(field))
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-97
    #[test]
    fn an_event_stream_is_known_by_its_first_field() {
        for body in ["data: {}", "event:message\n", ": beat", "id: 7", "\u{feff}retry: 1"] {
            assert!(begins_event_stream(body.as_bytes()), "{body}");
        }
        for body in ["", "{\"data\":1}", "database: down", "[1]", "<html>"] {
            assert!(!begins_event_stream(body.as_bytes()), "{body}");
        }
    }
}
