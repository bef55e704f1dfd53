//! Reads bodies and the payloads of events as messages, both by the same rules: a byte order mark
//! is skipped (RFC 8259 §8.1), and invalid UTF-8 is replaced, as the HTML standard does in event
//! streams (§9.2.6): one bad byte must not cost the whole message.

use bytes::Bytes;

use super::events::EventDecoder;
use super::media_type::begins_event_stream;
use super::unusual_text::parse_unusual;
use crate::jsonrpc::{Invalid, Message, MessageKind, Received};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Parses a body or the payload of an event.
///
/// # Errors
/// It is not a message, or it is a batch in a revision without batches.
pub(super) fn parse_received(data: &Bytes, has_batches: bool) -> Result<Received, Invalid> {
    let text = match data.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => data.slice_ref(rest),
        None => data.clone(),
    };
    match Received::parse(text) {
        Ok(Received::Batch(_)) if !has_batches => Err(Invalid::unexpected_batch()),
        Err(invalid) => parse_unusual(data, has_batches, invalid),
        parsed => parsed,
    }
}

/// The JSON-RPC error in the body of an HTTP error, if there is one (T-24): as JSON, or as the
/// first message of an event stream.
pub(super) fn parse_json_rpc_error(body: &Bytes) -> Option<Message> {
    let first = first_event(body);
    match parse_received(first.as_ref().unwrap_or(body), true) {
        Ok(Received::One(message)) if message.kind() == MessageKind::ErrorResponse => Some(message),
        _ => None,
    }
}

fn first_event(body: &Bytes) -> Option<Bytes> {
    if !begins_event_stream(body) {
        return None;
    }
    let mut decoder = EventDecoder::new(body.len());
    decoder.feed(body.clone());
    loop {
        let event = decoder.next_event().ok()?.or_else(|| decoder.unfinished())?;
        if event.data.is_some() {
            return event.data;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T-38
    #[test]
    fn a_batch_is_read_only_where_the_revision_has_batches() {
        let body = Bytes::from_static(b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]");
        assert!(matches!(parse_received(&body, true), Ok(Received::Batch(_))));
        let refused = parse_received(&body, false).unwrap_err();
        assert!(refused.reason.contains("not part of the session's revision"), "{refused:?}");
    }

    #[test]
    fn a_mark_is_skipped_and_a_bad_byte_replaced() {
        let text = |received: Received| match received {
            Received::One(message) => String::from_utf8(message.raw().to_vec()).unwrap(),
            Received::Batch(_) => panic!("one message"),
        };
        let body = Bytes::from_static(
            b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"caf\xe9\"}",
        );
        let expected = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"caf\u{fffd}\"}";
        assert_eq!(text(parse_received(&body, false).unwrap()), expected);
        let error = b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":null,\
                      \"error\":{\"code\":-1,\"message\":\"\xff\"}}";
        assert!(parse_json_rpc_error(&Bytes::from_static(error)).is_some());
        assert!(parse_json_rpc_error(&Bytes::from_static(b"<html>")).is_none());
        for ending in ["\n\n", ""] {
            let stream = [&b": x\n\ndata: "[..], &error[3..], ending.as_bytes()].concat();
            assert!(parse_json_rpc_error(&stream.into()).is_some(), "as an event stream");
        }
    }
}
