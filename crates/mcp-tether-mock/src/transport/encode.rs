//! Messages as Server-Sent Events, in every layout that the SSE standard allows.

use std::borrow::Cow;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::faults::Style;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns JSON formatted as `style` requires.
pub(super) fn format_json<'a>(payload: &'a [u8], style: &Style) -> Cow<'a, [u8]> {
    if !style.pretty {
        return Cow::Borrowed(payload);
    }
    match serde_json::from_slice::<serde_json::Value>(payload) {
        Ok(value) => Cow::Owned(serde_json::to_vec_pretty(&value).expect("a value can be written")),
        Err(_) => Cow::Borrowed(payload),
    }
}

/// Returns a JSON body as it is sent: behind a byte order mark, or compressed in two members.
pub(super) fn body(text: Bytes, style: &Style) -> Bytes {
    let text = if style.bom { [BYTE_ORDER_MARK, &text].concat().into() } else { text };
    if !style.gzip {
        return text;
    }
    let (first, second) = text.split_at(text.len() / 2);
    [compressed(first), compressed(second)].concat().into()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).and_then(|()| gzip.finish()).expect("memory takes every byte")
}

/// Returns the first bytes of a stream.
pub(super) fn opening(style: &Style, first_id: Option<&str>) -> Vec<u8> {
    let end = style.line_ending.text();
    let mut out = Vec::new();
    if style.bom {
        out.extend_from_slice(BYTE_ORDER_MARK);
    }
    if style.comments {
        out.extend_from_slice(format!(": welcome{end}{end}").as_bytes());
    }
    let retry = style.poll.or(style.retry).map(|ms| format!("retry: {ms}{end}"));
    match first_id {
        // SEP-1699: an id and no data, so that the stream can be resumed from its very start.
        Some(id) if !style.dataless => {
            out.extend_from_slice(format!("id: {id}{end}").as_bytes());
            out.extend_from_slice(retry.unwrap_or_default().as_bytes());
            out.extend_from_slice(format!("data:{end}{end}").as_bytes());
        }
        Some(id) => {
            out.extend_from_slice(format!("id: {id}{end}{end}").as_bytes());
            out.extend_from_slice(retry.map(|retry| retry + end).unwrap_or_default().as_bytes());
        }
        None => out.extend_from_slice(retry.map(|r| r + end).unwrap_or_default().as_bytes()),
    }
    out
}

/// Returns a comment that keeps a connection alive.
pub(super) fn comment(style: &Style) -> Bytes {
    let end = style.line_ending.text();
    if style.dated_heartbeat {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        return format!(": heartbeat {}{end}{end}", since.as_millis()).into();
    }
    format!(": keep-alive{end}{end}").into()
}

/// Returns one event.
pub(super) fn event(style: &Style, id: Option<&str>, kind: &str, payload: &[u8]) -> Bytes {
    let end = style.line_ending.text();
    let data = format_json(payload, style);
    let mut out = Vec::with_capacity(data.len() + 64);
    if style.noise {
        let noise =
            format!("event: weather{end}data: rain{end}{end}event: message{end}data:{end}{end}");
        out.extend_from_slice(noise.as_bytes());
    }
    if style.comments {
        out.extend_from_slice(format!(": keep-alive{end}").as_bytes());
    }
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}{end}").as_bytes());
        if style.dataless {
            out.extend_from_slice(end.as_bytes());
        }
    }
    out.extend_from_slice(format!("event: {kind}{end}").as_bytes());
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.extend_from_slice(end.as_bytes());
    }
    out.extend_from_slice(end.as_bytes());
    if style.duplicate {
        out.extend_from_within(..);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::LineEnding;

    fn text(style: &Style, id: Option<&str>) -> String {
        let event = event(style, id, "message", br#"{"a":1}"#);
        String::from_utf8(event.to_vec()).unwrap()
    }

    #[test]
    fn an_event_has_the_layout_of_its_style() {
        let style = Style::default();
        assert_eq!(text(&style, None), "event: message\ndata: {\"a\":1}\n\n");
        let style = Style { line_ending: LineEnding::Cr, dataless: true, ..Style::default() };
        assert_eq!(text(&style, Some("1-2")), "id: 1-2\r\revent: message\rdata: {\"a\":1}\r\r");
        let style = Style { pretty: true, ..Style::default() };
        assert_eq!(text(&style, None), "event: message\ndata: {\ndata:   \"a\": 1\ndata: }\n\n");
    }

    #[test]
    fn a_stream_opens_with_an_id_and_no_data() {
        let style = Style { poll: Some(500), ..Style::default() };
        let opening = String::from_utf8(opening(&style, Some("1-0"))).unwrap();
        assert_eq!(opening, "id: 1-0\nretry: 500\ndata:\n\n");
    }
}
