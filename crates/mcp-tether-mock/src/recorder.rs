//! The record of requests: every HTTP request with its time, the status of its answer and how the
//! exchange ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use bytes::Bytes;
use tokio::sync::watch;

use mcp_tether_wire::jsonrpc::{MessageKind, RequestId};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeEnd {
    /// It has not ended yet.
    Open,
    /// The whole answer was handed to the connection.
    Completed,
    /// The other side closed the connection or stopped reading before the answer was complete.
    Disconnected,
    /// The mock cut the connection itself, because of a fault or because it stopped.
    Cut,
}

/// One JSON-RPC message of a request body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedMessage {
    /// Whether it is a request, a notification or an answer.
    pub kind: MessageKind,
    /// Its method, empty for answers.
    pub method: String,
    /// Its id, if it has one.
    pub id: Option<RequestId>,
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Position in the order of arrival, from 0.
    pub number: usize,
    /// When it arrived.
    pub at: SystemTime,
    /// `POST`, `GET`, `DELETE`…
    pub http_method: String,
    /// Path and query.
    pub path: String,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
    /// The JSON-RPC messages of the body: one, several in a batch, none if it is not JSON-RPC.
    pub messages: Vec<RecordedMessage>,
    /// The status of the answer, once its head was handed to the connection.
    pub status: Option<u16>,
    /// How the exchange ended.
    pub ending: ExchangeEnd,
}

impl RecordedRequest {
    /// Returns the JSON-RPC method of the first message; empty if there is none.
    pub fn rpc_method(&self) -> &str {
        self.messages.first().map_or("", |message| &message.method)
    }

    /// Returns the JSON-RPC id of the first message.
    pub fn rpc_id(&self) -> Option<&RequestId> {
        self.messages.first().and_then(|message| message.id.as_ref())
    }

    /// Returns the value of a header field; `None` if absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the body as a JSON value; null if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The record of all requests. Clones share it; usable from any thread.
#[derive(Clone, Debug)]
pub struct RequestRecorder(Arc<RecorderState>);

#[derive(Debug)]
struct RecorderState {
    record: Mutex<RequestSlot>,
    changed: watch::Sender<()>,
    limit: usize,
}

#[derive(Debug, Default)]
struct RequestSlot {
    requests: Vec<RecordedRequest>,
    /// Returns how many older requests were dropped.
    forgotten: usize,
}

impl RequestRecorder {
    pub(super) fn new(limit: usize) -> Self {
        let changed = watch::Sender::new(());
        Self(Arc::new(RecorderState { record: Mutex::default(), changed, limit: limit.max(1) }))
    }

    /// Returns every request so far, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.lock().requests.clone()
    }

    /// Returns the requests whose body holds a message with this JSON-RPC method.
    pub fn of_method(&self, method: &str) -> Vec<RecordedRequest> {
        self.filtered(|request| request.messages.iter().any(|message| message.method == method))
    }

    /// Returns the requests with this HTTP method.
    pub fn of_http_method(&self, method: &str) -> Vec<RecordedRequest> {
        self.filtered(|request| request.http_method == method)
    }

    /// Returns how many requests match.
    pub fn count(&self, matches: impl Fn(&RecordedRequest) -> bool) -> usize {
        self.lock().requests.iter().filter(|request| matches(request)).count()
    }

    /// Clears the record. The numbering continues.
    pub fn clear(&self) {
        let mut record = self.lock();
        record.forgotten += record.requests.len();
        record.requests.clear();
    }

    /// Waits until `condition` holds for the requests recorded so far; returns false if `limit`
    /// passed first. Checks again whenever a request arrives, gets its status or ends.
    pub async fn wait_until(
        &self,
        condition: impl Fn(&[RecordedRequest]) -> bool,
        limit: Duration,
    ) -> bool {
        let mut changed = self.0.changed.subscribe();
        let holds = async {
            while !condition(&self.lock().requests) {
                if changed.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(limit, holds).await.unwrap_or(false)
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Records that the mock cut every open exchange.
    pub(super) fn cut_open(&self) {
        for request in &mut self.lock().requests {
            if request.ending == ExchangeEnd::Open {
                request.ending = ExchangeEnd::Cut;
            }
        }
        self.0.changed.send_replace(());
    }

    pub(super) fn begin(&self, mut request: RecordedRequest) -> Ticket {
        let mut record = self.lock();
        let number = record.forgotten + record.requests.len();
        request.number = number;
        record.requests.push(request);
        if record.requests.len() > self.0.limit.saturating_mul(2) {
            let excess = record.requests.len() - self.0.limit;
            record.requests.drain(..excess);
            record.forgotten += excess;
        }
        drop(record);
        self.0.changed.send_replace(());
        Ticket { recorder: self.clone(), number }
    }

    fn filtered(&self, matches: impl Fn(&RecordedRequest) -> bool) -> Vec<RecordedRequest> {
        self.lock().requests.iter().filter(|request| matches(request)).cloned().collect()
    }

    fn update(&self, number: usize, change: impl FnOnce(&mut RecordedRequest)) {
        let mut record = self.lock();
        let position = number.checked_sub(record.forgotten);
        if let Some(request) = position.and_then(|position| record.requests.get_mut(position)) {
            change(request);
        }
        drop(record);
        self.0.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, RequestSlot> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records the fate of one request. Dropping it before an ending was recorded means that the other
/// side went away.
#[derive(Debug)]
pub(super) struct Ticket {
    recorder: RequestRecorder,
    number: usize,
}

impl Ticket {
    pub(super) fn status(&self, status: u16) {
        self.recorder.update(self.number, |request| request.status = Some(status));
    }

    /// Records how the exchange ended. Only the first ending counts.
    pub(super) fn end(&self, ending: ExchangeEnd) {
        self.recorder.update(self.number, |request| {
            if request.ending == ExchangeEnd::Open {
                request.ending = ending;
            }
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end(ExchangeEnd::Disconnected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str) -> RecordedRequest {
        let message =
            RecordedMessage { kind: MessageKind::Request, method: method.to_owned(), id: None };
        RecordedRequest {
            number: 0,
            at: SystemTime::now(),
            http_method: "POST".to_owned(),
            path: "/mcp".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            messages: vec![message],
            status: None,
            ending: ExchangeEnd::Open,
        }
    }

    #[test]
    fn the_first_ending_counts_and_a_dropped_ticket_means_disconnected() {
        let recorder = RequestRecorder::new(10);
        recorder.begin(request("a")).end(ExchangeEnd::Completed);
        drop(recorder.begin(request("b")));
        let endings: Vec<_> = recorder.requests().iter().map(|r| r.ending).collect();
        assert_eq!(endings, [ExchangeEnd::Completed, ExchangeEnd::Disconnected]);
    }

    #[test]
    fn old_requests_are_forgotten_and_numbers_go_on() {
        let recorder = RequestRecorder::new(2);
        let tickets: Vec<_> = (0..5).map(|_| recorder.begin(request("x"))).collect();
        tickets[4].status(200);
        tickets[0].status(500);
        let kept = recorder.requests();
        assert_eq!(kept.iter().map(|r| r.number).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(kept.iter().map(|r| r.status).collect::<Vec<_>>(), [None, Some(200)]);
    }

    #[tokio::test]
    async fn waiting_ends_when_the_condition_holds_and_gives_up_at_the_limit() {
        let recorder = RequestRecorder::new(10);
        let other = recorder.clone();
        let thread = std::thread::spawn(move || other.begin(request("late")));
        let long = Duration::from_secs(10);
        assert!(
            recorder.wait_until(|all| all.iter().any(|r| r.rpc_method() == "late"), long).await
        );
        drop(thread.join());
        assert!(!recorder.wait_until(|all| all.len() > 5, Duration::from_millis(5)).await);
    }
}
