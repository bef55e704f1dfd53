//! Event streams of a replay: the messages of one request, and the standalone stream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use mcp_tether_wire::jsonrpc::{Message, MessageKind};

use super::playing::{Playing, aimed};
use super::recording::{Turn, is_answer};

/// How long to wait for the host's answer to a question before the recording continues.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// Returns the messages of one request as a stream. If the recorded request was never answered, the
/// stream stays open; if its stream broke, this one breaks too.
pub(super) fn of_turn(playing: Arc<Playing>, turn: Turn, request: Message) -> Body {
    let state = (playing, turn, request, 0);
    Body::from_stream(stream::unfold(state, |(playing, turn, request, at)| async move {
        let Some(message) = turn.messages.get(at) else {
            return end(&turn).await.map(|error| (Err(error), (playing, turn, request, at)));
        };
        if let Some(before) = at.checked_sub(1) {
            wait_for_answer(&playing, &turn.messages[before]).await;
        }
        let event = event(&aimed(message, &turn, &request));
        Some((Ok::<_, io::Error>(event), (playing, turn, request, at + 1)))
    }))
}

/// Ends the stream like the recorded one: properly, with a broken connection, or never.
async fn end(turn: &Turn) -> Option<io::Error> {
    if turn.messages.last().is_some_and(is_answer) {
        return None;
    }
    match turn.failed.as_deref() {
        Some("timeout") | None => std::future::pending().await,
        Some(_) => Some(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Waits until the host has answered, if this message asks it something.
async fn wait_for_answer(playing: &Playing, message: &Message) {
    if message.kind() != MessageKind::Request {
        return;
    }
    let answered = async {
        loop {
            let changed = playing.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if playing.is_answered(message) {
                return;
            }
            changed.await;
        }
    };
    // If the host does not answer, unlike the recorded one, the recording continues anyway.
    let _ = tokio::time::timeout(ANSWER_TIMEOUT, answered).await;
}

/// Returns the server's unasked messages, each at its place in the recording.
pub(super) fn standalone(playing: Arc<Playing>) -> Body {
    // Headers are sent with the first bytes.
    let opening = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b": replay\n\n"))]);
    let pushed = stream::unfold(playing, |playing| async move {
        loop {
            let changed = playing.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(message) = playing.next_push() {
                return Some((Ok(event(message.raw())), playing.clone()));
            }
            changed.await;
        }
    });
    Body::from_stream(futures_util::StreamExt::chain(opening, pushed))
}

fn event(message: &[u8]) -> Bytes {
    [b"data: ".as_slice(), message, b"\n\n"].concat().into()
}
