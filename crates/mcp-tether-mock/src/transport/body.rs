//! The body of an SSE stream: reads a log, formats its events, and cuts the stream where a fault
//! requires it.

use std::any::Any;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};

use super::encode;
use crate::events::{LogEvent, LogReader, NextEvent};
use crate::faults::{Plan, Point, Style};

/// Events that are ready are sent together, up to about this many bytes.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// The body of one SSE stream: the events of a log, encoded.
pub(super) struct EventStream {
    reader: LogReader,
    style: Style,
    point: Option<Point>,
    /// Event ids carry the number of the log, so that a GET can name it.
    ids: bool,
    /// Sent before any event of the log.
    opening: VecDeque<Bytes>,
    opening_delay: Option<Duration>,
    gzip: Option<GzEncoder<Vec<u8>>>,
    pieces: VecDeque<Bytes>,
    said: usize,
    state: BodyState,
    on_end: Option<Box<dyn Any + Send>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyState {
    Running,
    Silent,
    Ended,
    Cut,
}

impl EventStream {
    /// Creates a stream of the events of `reader`. With `ids`, it can be resumed; with `priming`,
    /// the first thing sent is the id to resume the whole stream from.
    pub(super) fn new(reader: LogReader, plan: &Plan, ids: bool, priming: bool) -> Self {
        let style = plan.style.clone();
        let ids = ids && !style.no_ids;
        let priming = priming || style.poll.is_some();
        let first_id =
            (ids && priming).then(|| format!("{}-{}", reader.log().number(), reader.position()));
        let opening = encode::opening(&style, first_id.as_deref());
        Self {
            gzip: style.gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            opening: VecDeque::from([Bytes::from(opening)]),
            opening_delay: None,
            point: plan.disconnect,
            ids,
            reader,
            style,
            pieces: VecDeque::new(),
            said: 0,
            state: match plan.disconnect {
                Some(Point::AfterHeaders) => BodyState::Cut,
                _ => BodyState::Running,
            },
            on_end: None,
        }
    }

    /// Keeps `guard` until the stream is over, however it ends.
    pub(super) fn keeping(mut self, guard: impl Any + Send) -> Self {
        self.on_end = Some(Box::new(guard));
        self
    }

    /// Sends one more event before those of the log, after a delay.
    pub(super) fn opening_event(&mut self, kind: &str, data: &str, delay: Option<Duration>) {
        self.opening.push_back(encode::event(&self.style, None, kind, data.as_bytes()));
        self.opening_delay = delay;
    }

    pub(super) fn is_gzip(&self) -> bool {
        self.gzip.is_some()
    }

    pub(super) fn into_body(self) -> Body {
        let pieces = stream::unfold(self, |mut events| async move {
            let piece = events.next_piece().await?;
            Some((piece, events))
        });
        Body::from_stream(pieces)
    }

    async fn next_piece(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                if self.style.chunk.is_some() {
                    // Lets the connection flush, so that the pieces arrive separately.
                    tokio::task::yield_now().await;
                }
                return Some(Ok(piece));
            }
            match self.state {
                BodyState::Running => self.fill().await,
                BodyState::Silent => std::future::pending().await,
                BodyState::Ended => return None,
                BodyState::Cut => return Some(Err(broken_off().await)),
            }
        }
    }

    async fn fill(&mut self) {
        if let Some(opening) = self.opening.pop_front() {
            if self.opening.is_empty()
                && let Some(delay) = self.opening_delay
            {
                tokio::time::sleep(delay).await;
            }
            self.send(opening);
            if self.opening.is_empty() && self.style.poll.is_some() {
                self.finish(BodyState::Ended);
            }
            return;
        }
        match self.next().await {
            None => self.send(encode::comment(&self.style)),
            Some(NextEvent::Event(event)) => self.event(event).await,
            Some(NextEvent::Ended) if self.style.stay_open => self.state = BodyState::Silent,
            Some(NextEvent::Ended) => self.finish(BodyState::Ended),
            Some(NextEvent::Cut) => self.state = BodyState::Cut,
        }
    }

    /// Returns the next event of the log; `None` when a heartbeat is due.
    async fn next(&mut self) -> Option<NextEvent> {
        match self.style.heartbeat {
            Some(pause) => tokio::time::timeout(pause, self.reader.next()).await.ok(),
            None => Some(self.reader.next().await),
        }
    }

    async fn event(&mut self, event: LogEvent) {
        if let Some(delay) = self.style.event_delay {
            tokio::time::sleep(delay).await;
        }
        match self.point {
            Some(Point::BeforeResponse) if event.is_answer => {
                return self.break_off(BodyState::Cut, &event);
            }
            Some(Point::EndBeforeResponse) if event.is_answer => {
                return self.break_off(BodyState::Ended, &event);
            }
            _ => {}
        }
        let mut bytes = self.encoded(&event);
        if self.point == Some(Point::MidEvent) {
            bytes.truncate(bytes.len() / 2);
            self.send(bytes);
            return self.break_off(BodyState::Cut, &event);
        }
        self.said += 1;
        if self.point == Some(Point::AfterFirstEvent) {
            self.send(bytes);
            self.state = BodyState::Cut;
            return;
        }
        if self.style.chunk.is_none() && self.point.is_none() && self.style.event_delay.is_none() {
            bytes = self.with_what_is_there(bytes);
        }
        self.send(bytes);
    }

    /// Sends many small events in few large writes.
    fn with_what_is_there(&mut self, first: Bytes) -> Bytes {
        let mut all = Vec::new();
        while all.len() + first.len() < MAX_CHUNK_BYTES {
            match self.reader.poll() {
                Some(NextEvent::Event(event)) => {
                    if all.is_empty() {
                        all.extend_from_slice(&first);
                    }
                    all.extend_from_slice(&self.encoded(&event));
                }
                // The next call finds it again.
                _ => break,
            }
        }
        if all.is_empty() { first } else { all.into() }
    }

    /// Ends the stream in a way that leaves this event unsent: it can still be resumed.
    fn break_off(&mut self, state: BodyState, unsent: &LogEvent) {
        self.reader.unread(unsent);
        self.finish(state);
    }

    fn encoded(&self, event: &LogEvent) -> Bytes {
        let id = self.ids.then(|| format!("{}-{}", self.reader.log().number(), event.index));
        encode::event(&self.style, id.as_deref(), "message", &event.payload)
    }

    fn send(&mut self, bytes: Bytes) {
        let bytes = match &mut self.gzip {
            Some(gzip) => written(gzip.write_all(&bytes).and_then(|()| gzip.flush()), gzip),
            None => bytes,
        };
        match self.style.chunk {
            Some(size) => {
                let length = bytes.len();
                let starts = (0..length).step_by(size);
                self.pieces.extend(starts.map(|at| bytes.slice(at..length.min(at + size))));
            }
            None if bytes.is_empty() => {}
            None => self.pieces.push_back(bytes),
        }
    }

    fn finish(&mut self, state: BodyState) {
        if state == BodyState::Ended
            && let Some(mut gzip) = self.gzip.take()
        {
            let trailer = written(gzip.try_finish(), &mut gzip);
            self.send(trailer);
        }
        self.state = state;
    }
}

/// Returns the encoder's output since the last call. Writing to memory does not fail.
fn written(result: io::Result<()>, gzip: &mut GzEncoder<Vec<u8>>) -> Bytes {
    match result {
        Ok(()) => std::mem::take(gzip.get_mut()).into(),
        Err(_) => Bytes::new(),
    }
}

/// Returns a body of known length, sent in pieces of `chunk` bytes if that is given.
pub(super) fn whole(bytes: Bytes, chunk: Option<usize>) -> Body {
    let Some(size) = chunk else {
        return Body::from(bytes);
    };
    let pieces = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::task::yield_now().await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, Infallible>(piece), rest))
    });
    Body::from_stream(pieces)
}

/// Returns a body that is cut after half of its bytes.
pub(super) fn half(bytes: &Bytes) -> Body {
    let half = stream::iter([Ok(bytes.slice(..bytes.len() / 2))]);
    Body::from_stream(half.chain(stream::once(async { Err(broken_off().await) })))
}

/// Returns the error that cuts a body, after the bytes before it were flushed.
async fn broken_off() -> io::Error {
    tokio::task::yield_now().await;
    io::ErrorKind::ConnectionAborted.into()
}

/// Returns a body that never sends anything.
pub(super) fn silent() -> Body {
    Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
}
