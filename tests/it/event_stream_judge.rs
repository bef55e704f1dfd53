//! Our parser of event streams beside an independent one, `eventsource-stream`: any stream, cut
//! anywhere, gives the same events (T-23). Where the two differ, the HTML standard decides (§9.2.6,
//! "Interpreting an event stream"); each such place is a test below.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures_util::{FutureExt, StreamExt, stream};
use mcp_tether::remote::{Event, EventDecoder};
use proptest::prelude::*;

/// One event as a reader of the stream sees it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    name: String,
    data: String,
    last_id: String,
    retry: Option<Duration>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// T-23
    #[test]
    fn any_stream_cut_anywhere_is_read_like_the_judge_reads_it(
        input in streams(),
        cuts in prop::collection::vec(1_usize..12, 1..8),
    ) {
        prop_assume!(!has_a_known_difference(&input));
        let chunks = cut(input.as_bytes(), &cuts);
        prop_assert_eq!(ours(&chunks), judged(&chunks));
    }
}

/// Fields, comments, line endings and text without any sense, in any order.
fn streams() -> impl Strategy<Value = String> {
    let ending = prop_oneof![Just("\n"), Just("\r"), Just("\r\n"), Just("")];
    let line = prop_oneof![
        6 => r#"(data|event|id|retry|comment)?:? ?[ -~]{0,6}"#,
        2 => "retry: ?[0-9]{0,22}",
        2 => "data: ?\\PC{0,8}",
        1 => "id: ?[a-c\u{0}]{0,3}",
        1 => "[\u{0}\u{feff}:é\t ]{0,4}",
        1 => any::<String>(),
        2 => Just(String::new()),
    ];
    let lines = prop::collection::vec((line, ending), 0..24);
    lines.prop_map(|lines| {
        let lines = lines.into_iter().map(|(line, ending)| line + ending);
        // The judge waits for what follows a carriage return, so that something must follow it.
        lines.collect::<String>() + "\n:\n"
    })
}

fn has_a_known_difference(input: &str) -> bool {
    input.starts_with('\u{feff}') || input.contains("retry:+") || input.contains("retry: +")
}

fn cut<'t>(mut bytes: &'t [u8], sizes: &[usize]) -> Vec<&'t [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

fn blocks(chunks: &[&[u8]]) -> Vec<Event> {
    let mut decoder = EventDecoder::new(1 << 20);
    let mut blocks = Vec::new();
    for chunk in chunks {
        decoder.feed(Bytes::copy_from_slice(chunk));
        while let Some(block) = decoder.next_event().unwrap() {
            blocks.push(block);
        }
    }
    blocks
}

/// Our blocks as events: an id stays until the next one, and a block without data is none.
fn ours(chunks: &[&[u8]]) -> Vec<Seen> {
    let mut last_id = String::new();
    let mut seen = Vec::new();
    for block in blocks(chunks) {
        if let Some(id) = block.id {
            last_id = id.into();
        }
        if let Some(data) = block.data {
            seen.push(Seen {
                name: block.name.filter(|name| !name.is_empty()).unwrap_or("message".into()).into(),
                data: String::from_utf8(data.into()).unwrap(),
                last_id: last_id.clone(),
                retry: block.retry,
            });
        }
    }
    seen
}

fn judged(chunks: &[&[u8]]) -> Vec<Seen> {
    let chunks = chunks.iter().map(|chunk| Ok::<_, Infallible>(chunk.to_vec()));
    let events = stream::iter(chunks.collect::<Vec<_>>()).eventsource().collect::<Vec<_>>();
    let events = events.now_or_never().expect("everything is here");
    let events = events.into_iter().map(Result::unwrap);
    // Empty data is no message: see below.
    let events = events.filter(|event| !event.data.bytes().all(|b| b.is_ascii_whitespace()));
    events
        .map(|event| Seen {
            name: event.event,
            data: event.data,
            last_id: event.id,
            retry: event.retry,
        })
        .collect()
}

/// "Streams must be decoded using the UTF-8 decode algorithm", which "strips one leading UTF-8 Byte
/// Order Mark (BOM), if any". The judge panics.
#[test]
fn a_byte_order_mark_is_stripped() {
    let stream = "\u{feff}data: x\n\n";
    assert_eq!(ours(&[stream.as_bytes()])[0].data, "x");
    assert!(std::panic::catch_unwind(|| judged(&[stream.as_bytes()])).is_err());
}

/// "Streams must be decoded using the UTF-8 decode algorithm": a wrong byte is replaced, and the
/// stream goes on. The judge gives up.
#[test]
fn a_byte_that_is_not_utf_8_costs_only_its_own_event() {
    let stream: &[u8] = b"data: \xff\n\ndata: x\n\n";
    let blocks = blocks(&[stream]);
    assert_eq!(blocks[1].data.as_deref(), Some(&b"x"[..]));
    assert!(std::panic::catch_unwind(|| judged(&[stream])).is_err());
}

/// "Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character
/// pair, a single U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR)
/// character": a carriage return ends the line by itself. The judge waits for what follows it.
#[test]
fn an_event_is_there_when_its_last_carriage_return_is() {
    let stream: &[u8] = b"data: x\r\r";
    assert_eq!(ours(&[stream])[0].data, "x");
    assert_eq!(judged(&[stream]), []);
}

/// "If the field value consists of only ASCII digits, then interpret the field value as an integer
/// in base ten, and set the event stream's reconnection time to that integer": a sign is no digit,
/// and the time counts without an event too. The judge takes the sign and loses the time.
#[test]
fn a_retry_is_of_digits_and_needs_no_data() {
    let signed: &[u8] = b"retry: +5\ndata: x\n\n";
    assert_eq!(ours(&[signed])[0].retry, None);
    assert_eq!(judged(&[signed])[0].retry, Some(Duration::from_millis(5)));
    let alone: &[u8] = b"retry: 5\n\n";
    assert_eq!(blocks(&[alone])[0].retry, Some(Duration::from_millis(5)));
    assert_eq!(judged(&[alone]), []);
}

/// "Set the last event ID string of the event source to the value of the last event ID buffer",
/// before the data are looked at. The judge keeps it to itself until an event comes.
#[test]
fn an_id_counts_without_data() {
    let alone: &[u8] = b"id: 7\n\n";
    assert_eq!(blocks(&[alone])[0].id.as_deref(), Some("7"));
    assert_eq!(judged(&[alone]), []);
}

/// "If the data buffer is an empty string, set the data buffer and the event type buffer to the
/// empty string and return": after `data:` it holds a line feed, so that the standard makes an
/// event of it. Here we differ on purpose: no JSON-RPC message is empty (T-23).
#[test]
fn empty_data_is_no_message_of_ours() {
    let empty: &[u8] = b"data:\n\ndata: \n\n";
    assert_eq!(blocks(&[empty]), []);
    let chunk = [Ok::<_, Infallible>(empty)];
    let events = stream::iter(chunk).eventsource().collect::<Vec<_>>().now_or_never();
    assert_eq!(events.unwrap().len(), 2);
}
