//! A host's request, as a value that can be neither copied nor forgotten. Replying consumes it, and
//! so do the few other ways in which a request may end. If it is dropped in any other way, it is
//! answered with an error, so that every request gets exactly one answer, whatever breaks (T-17). A
//! notification needs no answer and is a plain message.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::list_pages::ListPages;
use crate::jsonrpc::{Message, MessageKind, RequestId};

/// The party that waits for the answer to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::bridge) enum Requester {
    /// A legacy host, or the bridge itself.
    #[default]
    Host,
    /// A modern host; its message is meant for a modern remote.
    ModernHost,
    /// The adapter of a modern host, which talks to a legacy remote.
    Adapter,
}

/// A request from the host, or from its adapter.
#[derive(Debug)]
pub(in crate::bridge) struct HostRequest {
    message: Message,
    batch: Option<u64>,
    requester: Requester,
    /// Whether it is sent for the second and last time (T-32).
    pub(in crate::bridge) is_repeated: bool,
    since: Instant,
    /// The pages of a list received so far, while further ones are read.
    pub(in crate::bridge) pages: Option<Box<ListPages>>,
    /// Where it is reported if it is dropped; `None` once no answer is owed.
    unanswered: Option<Arc<DroppedRequests>>,
}

/// The recipient of an answer.
#[derive(Debug)]
pub(in crate::bridge) struct Recipient {
    pub(in crate::bridge) id: RequestId,
    pub(in crate::bridge) batch: Option<u64>,
    pub(in crate::bridge) requester: Requester,
}

/// Requests that were dropped without an answer, which only a bug in the bridge can cause.
#[derive(Debug, Default)]
pub(in crate::bridge) struct DroppedRequests {
    dropped: Mutex<Vec<Recipient>>,
}

impl HostRequest {
    /// Wraps a request as it arrives. It is owed an answer from now on.
    pub(in crate::bridge) fn new(
        message: Message,
        batch: Option<u64>,
        unanswered: &Arc<DroppedRequests>,
    ) -> Self {
        debug_assert_eq!(message.kind(), MessageKind::Request);
        let unanswered = Some(Arc::clone(unanswered));
        let (requester, since) = (Requester::Host, Instant::now());
        Self { message, batch, requester, is_repeated: false, since, pages: None, unanswered }
    }

    /// The same request on behalf of someone else.
    #[must_use]
    pub(in crate::bridge) fn by(mut self, requester: Requester) -> Self {
        self.requester = requester;
        self
    }

    /// The same request, to be sent for the second and last time (T-32).
    #[must_use]
    pub(in crate::bridge) fn repeated(mut self) -> Self {
        self.is_repeated = true;
        self.pages = None;
        self
    }

    /// The message as the host wrote it.
    pub(in crate::bridge) fn message(&self) -> &Message {
        &self.message
    }

    /// The method.
    pub(in crate::bridge) fn method(&self) -> &str {
        self.message.method()
    }

    /// The id that the requester gave it.
    pub(in crate::bridge) fn id(&self) -> &RequestId {
        self.message.id().expect("`HostRequest::new` takes requests, which have an id")
    }

    /// Who waits for the answer.
    pub(in crate::bridge) fn requester(&self) -> Requester {
        self.requester
    }

    /// Whether a modern host's adapter waits for the answer.
    pub(in crate::bridge) fn is_from_adapter(&self) -> bool {
        self.requester == Requester::Adapter
    }

    /// Whether it arrived in a batch.
    pub(in crate::bridge) fn is_in_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// Whether this is the request with this id. The adapter's ids are separate from the host's.
    pub(in crate::bridge) fn is_of(&self, requester: Requester, id: &RequestId) -> bool {
        self.id() == id && self.is_from_adapter() == (requester == Requester::Adapter)
    }

    /// The time since it arrived, for the log.
    pub(in crate::bridge) fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Marks the request as answered. Returns the recipient of the answer.
    pub(in crate::bridge) fn answered(mut self) -> Recipient {
        self.unanswered = None;
        self.recipient()
    }

    /// Marks the request as cancelled by the host: it gets no answer. Returns its batch.
    pub(in crate::bridge) fn cancelled(mut self) -> Option<u64> {
        self.unanswered = None;
        self.batch
    }

    /// Releases the message to a modern host's adapter, which owes the answer from now on.
    pub(in crate::bridge) fn handed_over(mut self) -> Message {
        self.unanswered = None;
        self.message.clone()
    }

    fn recipient(&self) -> Recipient {
        Recipient { id: self.id().clone(), batch: self.batch, requester: self.requester }
    }
}

impl Drop for HostRequest {
    fn drop(&mut self) {
        if let Some(unanswered) = self.unanswered.take() {
            unanswered.dropped().push(self.recipient());
        }
    }
}

impl DroppedRequests {
    /// Takes out the requests that were dropped since the last call.
    pub(in crate::bridge) fn take(&self) -> Vec<Recipient> {
        std::mem::take(&mut *self.dropped())
    }

    fn dropped(&self) -> std::sync::MutexGuard<'_, Vec<Recipient>> {
        self.dropped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, unanswered: &Arc<DroppedRequests>) -> HostRequest {
        HostRequest::new(Message::parse(line.to_owned()).unwrap(), Some(3), unanswered)
    }

    const LIST: &str = r#"{"jsonrpc":"2.0","id":"a","method":"tools/list"}"#;

    /// T-17
    #[test]
    fn a_request_that_is_dropped_waits_for_an_error_answer() {
        let unanswered = Arc::default();
        drop(request(LIST, &unanswered).by(Requester::ModernHost));
        let [dropped] = unanswered.take().try_into().unwrap();
        assert_eq!(dropped.id, RequestId::Text("a".into()));
        assert_eq!((dropped.batch, dropped.requester), (Some(3), Requester::ModernHost));
        assert!(unanswered.take().is_empty(), "only once");
    }

    /// T-17
    #[test]
    fn each_end_of_a_request_consumes_it() {
        let unanswered = Arc::default();
        assert_eq!(request(LIST, &unanswered).answered().batch, Some(3));
        assert_eq!(request(LIST, &unanswered).cancelled(), Some(3));
        assert_eq!(request(LIST, &unanswered).handed_over().method(), "tools/list");
        assert!(unanswered.take().is_empty());
    }

    /// T-32
    #[test]
    fn a_request_that_is_repeated_begins_again_and_stays_what_it_is() {
        let unanswered = Arc::default();
        let mut list = request(LIST, &unanswered);
        assert!(!list.is_repeated && list.is_in_batch());
        let page = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"nextCursor":"2"}}"#;
        let page = Message::parse(page.to_owned()).unwrap();
        list.pages = ListPages::begin("tools", &page).map(Box::new);
        assert!(list.pages.is_some());
        let list = list.repeated();
        assert!(list.is_repeated && list.pages.is_none());
        assert_eq!(list.cancelled(), Some(3));
        let alone = HostRequest::new(Message::parse(LIST.to_owned()).unwrap(), None, &unanswered);
        assert!(!alone.is_in_batch());
        alone.cancelled();
    }

    #[test]
    fn the_time_since_a_request_arrived_is_known() {
        let unanswered = Arc::default();
        let mut list = request(LIST, &unanswered);
        list.since -= std::time::Duration::from_millis(1500);
        assert!((1500..60_000).contains(&list.milliseconds()));
        list.cancelled();
    }

    #[test]
    fn ids_of_the_adapter_are_told_from_those_of_the_host() {
        let unanswered = Arc::default();
        let id = RequestId::Text("a".into());
        let list = request(LIST, &unanswered);
        assert!(list.is_of(Requester::Host, &id) && list.is_of(Requester::ModernHost, &id));
        assert!(!list.is_of(Requester::Adapter, &id));
        let list = list.by(Requester::Adapter);
        assert!(list.is_of(Requester::Adapter, &id) && !list.is_of(Requester::Host, &id));
        list.cancelled();
    }
}
