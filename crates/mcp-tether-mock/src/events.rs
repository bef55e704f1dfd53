//! Event logs of streams: writers append messages, one reader at a time sends them, and a broken
//! stream can be resumed from any event.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

/// How many sent events a log keeps for a stream that is resumed.
const MAX_KEPT_EVENTS: usize = 4096;

/// One message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEvent {
    /// Position in its log, from 1.
    pub(super) index: u64,
    /// The JSON-RPC message.
    pub(super) payload: Bytes,
    /// Whether it answers a request, rather than being sent before the answer.
    pub(super) is_answer: bool,
}

/// The messages of one stream, sent and unsent.
#[derive(Debug)]
pub(super) struct EventLog {
    number: u64,
    state: Mutex<LogState>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct LogState {
    events: VecDeque<LogEvent>,
    next_index: u64,
    sent: u64,
    ended: bool,
    /// The number of the current reader; a newer reader replaces it.
    reader: u64,
    reading: bool,
    /// How often the log was cut; readers opened before the last cut are cut off.
    cuts: u64,
}

impl EventLog {
    /// Creates an empty log. `number` is unique within its session.
    pub(super) fn new(number: u64) -> Arc<Self> {
        let state = LogState { next_index: 1, ..LogState::default() };
        Arc::new(Self { number, state: Mutex::new(state), changed: watch::Sender::new(()) })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Appends a message that is not an answer.
    pub(super) fn say(&self, payload: impl Into<Bytes>) {
        self.append(payload.into(), false);
    }

    /// Appends the answer to a request.
    pub(super) fn answer(&self, payload: impl Into<Bytes>) {
        self.append(payload.into(), true);
    }

    /// Marks the end: nothing more will be appended.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.send_replace(());
    }

    /// Cuts the stream for its current reader; the log itself stays open.
    pub(super) fn cut(&self) {
        self.lock().cuts += 1;
        self.changed.send_replace(());
    }

    /// Returns whether it has a reader.
    pub(super) fn is_read(&self) -> bool {
        self.lock().reading
    }

    /// Waits until it has a reader.
    pub(super) async fn until_read(&self) {
        let mut changed = self.changed.subscribe();
        while !self.is_read() && changed.changed().await.is_ok() {}
    }

    /// Returns whether it ended and everything in it was sent.
    pub(super) fn is_done(&self) -> bool {
        let state = self.lock();
        state.ended && state.sent + 1 == state.next_index
    }

    /// Opens a reader after the event with this index.
    pub(super) fn read_after(self: &Arc<Self>, index: u64) -> LogReader {
        let mut state = self.lock();
        state.reader += 1;
        state.reading = true;
        let reader = LogReader {
            ticket: state.reader,
            cuts: state.cuts,
            position: index,
            changed: self.changed.subscribe(),
            log: Arc::clone(self),
        };
        drop(state);
        self.changed.send_replace(());
        reader
    }

    /// Opens a reader for events from now on.
    pub(super) fn read_new(self: &Arc<Self>) -> LogReader {
        let last = self.lock().next_index - 1;
        self.read_after(last)
    }

    /// Observes events from now on, without taking the stream from its reader.
    pub(super) fn peek(self: &Arc<Self>) -> Peek {
        let position = self.lock().next_index - 1;
        Peek { log: Arc::clone(self), position, changed: self.changed.subscribe() }
    }

    fn append(&self, payload: Bytes, is_answer: bool) {
        let mut state = self.lock();
        let index = state.next_index;
        state.next_index += 1;
        state.events.push_back(LogEvent { index, payload, is_answer });
        while state.events.len() > MAX_KEPT_EVENTS && state.events[0].index <= state.sent {
            state.events.pop_front();
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next item for a reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextEvent {
    /// A message.
    Event(LogEvent),
    /// The stream is over, or a newer reader took it.
    Ended,
    /// The stream must be cut without a proper end.
    Cut,
}

/// The reader of one log. Dropping it leaves the log without a reader.
#[derive(Debug)]
pub(super) struct LogReader {
    log: Arc<EventLog>,
    ticket: u64,
    cuts: u64,
    position: u64,
    changed: watch::Receiver<()>,
}

impl LogReader {
    pub(super) fn log(&self) -> &Arc<EventLog> {
        &self.log
    }

    /// Returns the index of the last event that was read.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Undoes the last read, because the event was not sent after all.
    pub(super) fn unread(&mut self, event: &LogEvent) {
        self.position = event.index - 1;
        let mut state = self.log.lock();
        state.sent = state.sent.min(event.index - 1);
    }

    /// Waits for the next event.
    pub(super) async fn next(&mut self) -> NextEvent {
        loop {
            self.changed.mark_unchanged();
            if let Some(next) = self.poll() {
                return next;
            }
            if self.changed.changed().await.is_err() {
                return NextEvent::Ended;
            }
        }
    }

    /// Returns the next event if it is there already.
    pub(super) fn poll(&mut self) -> Option<NextEvent> {
        let mut state = self.log.lock();
        if state.cuts != self.cuts {
            return Some(NextEvent::Cut);
        }
        if state.reader != self.ticket {
            return Some(NextEvent::Ended);
        }
        let first = state.events.front().map_or(state.next_index, |event| event.index);
        let wanted = (self.position + 1).max(first);
        let offset = usize::try_from(wanted - first).unwrap_or(usize::MAX);
        if let Some(event) = state.events.get(offset).cloned() {
            self.position = event.index;
            state.sent = state.sent.max(event.index);
            return Some(NextEvent::Event(event));
        }
        state.ended.then_some(NextEvent::Ended)
    }

    /// Returns whether the first message is the answer, once that is known. Consumes nothing.
    pub(super) async fn first_is_answer(&mut self) -> bool {
        loop {
            self.changed.mark_unchanged();
            {
                let state = self.log.lock();
                match state.events.iter().find(|event| event.index > self.position) {
                    Some(event) if !event.is_answer => return false,
                    _ if state.ended => return true,
                    _ => {}
                }
            }
            if self.changed.changed().await.is_err() {
                return true;
            }
        }
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        let mut state = self.log.lock();
        if state.reader == self.ticket {
            state.reading = false;
        }
    }
}

/// Observes a log without reading from it.
#[derive(Debug)]
pub(super) struct Peek {
    log: Arc<EventLog>,
    position: u64,
    changed: watch::Receiver<()>,
}

impl Peek {
    /// Returns the first answer since then; `None` if the log ended without one.
    pub(super) async fn first_answer(mut self) -> Option<Bytes> {
        loop {
            self.changed.mark_unchanged();
            {
                let state = self.log.lock();
                let mut new = state.events.iter().filter(|event| event.index > self.position);
                if let Some(event) = new.find(|event| event.is_answer) {
                    return Some(event.payload.clone());
                }
                if state.ended {
                    return None;
                }
            }
            self.changed.changed().await.ok()?;
        }
    }
}

/// Ends a log when dropped.
#[derive(Debug)]
pub(crate) struct EndOnDrop(pub(crate) Arc<EventLog>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn texts(reader: &mut LogReader, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        for _ in 0..count {
            match reader.next().await {
                NextEvent::Event(event) => {
                    found.push(String::from_utf8(event.payload.to_vec()).unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
        found
    }

    #[tokio::test]
    async fn a_stream_is_resumed_where_it_broke_off() {
        let log = EventLog::new(1);
        let mut reader = log.read_after(0);
        log.say("a");
        log.say("b");
        assert_eq!(texts(&mut reader, 1).await, ["a"]);
        log.cut();
        assert_eq!(reader.next().await, NextEvent::Cut);
        log.answer("c");
        log.end();
        let mut reader = log.read_after(1);
        assert_eq!(texts(&mut reader, 2).await, ["b", "c"]);
        assert_eq!(reader.next().await, NextEvent::Ended);
        assert!(log.is_done());
    }

    #[tokio::test]
    async fn a_newer_reader_takes_the_stream() {
        let log = EventLog::new(1);
        let mut old = log.read_new();
        let mut new = log.read_new();
        log.say("a");
        assert_eq!(old.next().await, NextEvent::Ended);
        drop(old);
        assert!(log.is_read());
        assert_eq!(texts(&mut new, 1).await, ["a"]);
        drop(new);
        assert!(!log.is_read());
    }

    #[tokio::test]
    async fn sent_events_are_dropped_in_the_end_and_unsent_ones_never() {
        let log = EventLog::new(1);
        for number in 0..2 * MAX_KEPT_EVENTS {
            log.say(number.to_string());
        }
        let mut reader = log.read_after(0);
        assert_eq!(texts(&mut reader, 2 * MAX_KEPT_EVENTS).await.len(), 2 * MAX_KEPT_EVENTS);
        log.say("last");
        assert_eq!(log.lock().events.len(), MAX_KEPT_EVENTS);
        assert_eq!(texts(&mut reader, 1).await, ["last"]);
    }
}
