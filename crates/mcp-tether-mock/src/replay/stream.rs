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

/// How long the answer to a question of the server is awaited before the recording goes on.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// The messages of one request. A recorded request that was never answered stays open; one whose
/// stream broke breaks.
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

/// What comes after the last message: nothing, a broken connection, or silence.
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
    // A host that does not answer is not what was recorded: the recording goes on.
    let _ = tokio::time::timeout(ANSWER_TIMEOUT, answered).await;
}

/// What the server sends unasked, each at its place in the recording.
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
