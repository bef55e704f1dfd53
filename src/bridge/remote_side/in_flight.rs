//! Open requests to the remote, from the host and from the bridge. The remote's requests to the
//! host are in `remote_requests`.

use std::collections::{HashMap, HashSet};

use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::remote_side::remote_requests::RemoteRequests;
use crate::jsonrpc::{Message, RequestId};
use crate::pace::MAX_OWN_ANSWERS;
use crate::protocol::methods;
use crate::remote::ExchangeHandle;

/// The reason for a request to the remote.
#[derive(Debug)]
pub(in crate::bridge) enum Purpose {
    /// The host sent it.
    Host(HostRequest),
    /// The bridge opens a session again with the host's own `initialize`.
    Reopen,
    /// The bridge repeats a list that the host was given from the cache.
    Compare(Message),
    /// The bridge checks whether the remote still knows the session.
    Check,
    /// The bridge restores a session or keeps it alive; the host does not see the answer.
    Own,
}

impl Purpose {
    /// The host's request, if it is one.
    pub(in crate::bridge) fn host_request(&self) -> Option<&HostRequest> {
        match self {
            Self::Host(request) => Some(request),
            Self::Reopen | Self::Compare(_) | Self::Check | Self::Own => None,
        }
    }

    /// Whether it opens a session.
    pub(in crate::bridge) fn is_initialize(&self) -> bool {
        match self {
            Self::Host(request) => request.method() == methods::INITIALIZE,
            Self::Reopen => true,
            Self::Compare(_) | Self::Check | Self::Own => false,
        }
    }
}

/// A request that the remote has to answer.
#[derive(Debug)]
pub(in crate::bridge) struct OpenRequest {
    pub(in crate::bridge) purpose: Purpose,
    pub(in crate::bridge) handle: ExchangeHandle,
    /// The session in which it was sent.
    pub(in crate::bridge) generation: u32,
}

/// All open requests.
#[derive(Debug, Default)]
pub(in crate::bridge) struct InFlight {
    to_remote: HashMap<u64, OpenRequest>,
    /// The number of each request, by whether the id is the adapter's, and the id.
    by_host_id: HashMap<(bool, RequestId), u64>,
    pub(in crate::bridge) of_remote: RemoteRequests,
    /// The host's answers on their way to the remote, each with the request that waits for it.
    answers: HashMap<u64, u64>,
    /// The bridge's own answers on their way to the remote.
    own_answers: HashSet<u64>,
    /// Requests that were closed while the host was still being asked something because of them.
    closed_causes: HashSet<u64>,
}

impl InFlight {
    /// Records a request under the number it was sent with.
    pub(in crate::bridge) fn open(&mut self, number: u64, request: OpenRequest) {
        if let Some(of_host) = request.purpose.host_request() {
            self.by_host_id.insert((of_host.is_from_adapter(), of_host.id().clone()), number);
        }
        self.to_remote.insert(number, request);
    }

    /// Records that the request is now sent in another exchange.
    pub(in crate::bridge) fn move_to_exchange(&mut self, number: u64, handle: &ExchangeHandle) {
        if let Some(request) = self.to_remote.get_mut(&number) {
            request.handle = handle.clone();
        }
    }

    /// The open request with this number.
    pub(in crate::bridge) fn get(&self, number: u64) -> Option<&OpenRequest> {
        self.to_remote.get(&number)
    }

    /// Removes a request that is answered or cancelled.
    pub(in crate::bridge) fn close(&mut self, number: u64) -> Option<OpenRequest> {
        let request = self.to_remote.remove(&number)?;
        if self.of_remote.is_cause(number) {
            self.closed_causes.insert(number);
        }
        if let Some(of_host) = request.purpose.host_request() {
            self.by_host_id.remove(&(of_host.is_from_adapter(), of_host.id().clone()));
        }
        Some(request)
    }

    /// The number under which the request with this id was sent.
    pub(in crate::bridge) fn number_of(&self, requester: Requester, id: &RequestId) -> Option<u64> {
        self.by_host_id.get(&(requester == Requester::Adapter, id.clone())).copied()
    }

    /// The numbers of all requests that were sent in this session, in order.
    pub(in crate::bridge) fn numbers_in(&self, generation: u32) -> Vec<u64> {
        let of_session = |(number, request): (&u64, &OpenRequest)| {
            (request.generation == generation).then_some(*number)
        };
        let mut numbers: Vec<u64> = self.to_remote.iter().filter_map(of_session).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The numbers of all requests that the host waits for, in order.
    pub(in crate::bridge) fn host_numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.by_host_id.values().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// Whether the host waits for no answer. Subscriptions do not count: they end with the host.
    pub(in crate::bridge) fn host_waits_for_nothing(&self) -> bool {
        self.by_host_id.values().all(|number| {
            let request = self.to_remote.get(number).and_then(|open| open.purpose.host_request());
            request.is_some_and(|request| methods::stays_open(request.method()))
        })
    }

    /// Records an exchange with the bridge's own answer to the remote. Returns whether there is
    /// room for one more (S-40).
    pub(in crate::bridge) fn begin_own_answer(&mut self, number: u64) -> bool {
        self.own_answers.len() < MAX_OWN_ANSWERS && self.own_answers.insert(number)
    }

    /// Records that the exchange with this number is over.
    pub(in crate::bridge) fn end_own_answer(&mut self, number: u64) {
        if !self.own_answers.is_empty() {
            self.own_answers.remove(&number);
        }
    }

    /// Records the exchange that carries the host's answer to a question, and the request that
    /// caused the question and waits for it.
    pub(in crate::bridge) fn begin_host_answer(&mut self, number: u64, caused_by: Option<u64>) {
        if let Some(caused_by) = caused_by {
            self.answers.insert(number, caused_by);
        }
    }

    /// Records that the exchange with this number is over. If it carried a host's answer, returns
    /// the request that waited for it.
    pub(in crate::bridge) fn end_host_answer(&mut self, number: u64) -> Option<u64> {
        self.answers.remove(&number)
    }

    /// Removes the remote's requests whose cause has ended. Returns the numbers that the host knows
    /// them by, each with its session.
    pub(in crate::bridge) fn take_orphans(&mut self) -> Vec<(u64, u32)> {
        // Checked first, because taking an empty set would allocate a new one.
        if self.closed_causes.is_empty() {
            return Vec::new();
        }
        let closed = std::mem::take(&mut self.closed_causes);
        self.of_remote.take_caused_by(&closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-40
    #[test]
    fn the_answers_of_the_bridge_that_are_on_their_way_are_bounded() {
        let mut in_flight = InFlight::default();
        let begun = (1..1000).filter(|number| in_flight.begin_own_answer(*number)).count();
        assert_eq!(begun, MAX_OWN_ANSWERS);
        in_flight.end_own_answer(1);
        assert!(in_flight.begin_own_answer(1_000_000), "there is room for one more");
        assert!(!in_flight.begin_own_answer(1_000_001));
    }
}
