//! The remote's requests that the host has to answer. The server chooses their number and the
//! length of their ids, so the number is bounded, the ids count against the budget (S-42), and each
//! costs the same time (S-40).

use std::collections::{HashMap, HashSet};

use crate::budget::{MESSAGE_OVERHEAD, Share};
use crate::jsonrpc::RequestId;
use crate::pace::MAX_OPEN_REMOTE_REQUESTS;
use crate::remote::OpenQuestions;

/// The longest id, in bytes, that a request from the remote may have: it is kept, and repeated in
/// the answer.
pub(in crate::bridge) const MAX_ID_BYTES: usize = 64 * 1024;

/// A request from the remote that the host has to answer.
#[derive(Debug)]
pub(in crate::bridge) struct RemoteRequest {
    /// The id that the remote used.
    pub(in crate::bridge) id: RequestId,
    /// The session in which it came.
    pub(in crate::bridge) generation: u32,
    /// The host's request that caused it, if the stream on which it arrived reveals that.
    pub(in crate::bridge) caused_by: Option<u64>,
    /// Whether a person is being asked (T-26).
    pub(in crate::bridge) asks_a_person: bool,
}

/// The remote's open requests, by the number that the host knows them by.
#[derive(Debug, Default)]
pub(in crate::bridge) struct RemoteRequests {
    open: HashMap<u64, RemoteRequest>,
    by_remote_id: HashMap<(u32, RequestId), u64>,
    by_cause: HashMap<u64, usize>,
    share: Share,
}

/// The bytes that a request keeps: its id, here and in the index.
fn kept_bytes(id: &RequestId) -> usize {
    2 * id.text_length() + MESSAGE_OVERHEAD
}

impl RemoteRequests {
    /// Records a request under the number that the host sees as its id. Returns whether there is
    /// room: requests of earlier sessions make way for it.
    pub(in crate::bridge) fn open(&mut self, number: u64, request: RemoteRequest) -> bool {
        if self.open.len() >= MAX_OPEN_REMOTE_REQUESTS {
            self.forget_sessions_before(request.generation);
        }
        if self.open.len() >= MAX_OPEN_REMOTE_REQUESTS {
            return false;
        }
        if !self.share.try_grow(kept_bytes(&request.id)) {
            return false;
        }
        self.by_remote_id.insert((request.generation, request.id.clone()), number);
        if let Some(cause) = request.caused_by {
            *self.by_cause.entry(cause).or_default() += 1;
        }
        self.open.insert(number, request);
        true
    }

    /// Whether the host has no open request to answer.
    pub(in crate::bridge) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The request that the host knows by this id.
    pub(in crate::bridge) fn get(&self, id: &RequestId) -> Option<&RemoteRequest> {
        self.open.get(&id.as_own_number()?)
    }

    /// Removes a request that is answered or cancelled.
    pub(in crate::bridge) fn close(&mut self, number: u64) -> Option<RemoteRequest> {
        let request = self.open.remove(&number)?;
        self.share.shrink(kept_bytes(&request.id));
        let remote_id = (request.generation, request.id.clone());
        // A server may have used an id twice.
        if self.by_remote_id.get(&remote_id) == Some(&number) {
            self.by_remote_id.remove(&remote_id);
        }
        if let Some(cause) = request.caused_by
            && let Some(count) = self.by_cause.get_mut(&cause)
        {
            *count -= 1;
            if *count == 0 {
                self.by_cause.remove(&cause);
            }
        }
        Some(request)
    }

    /// The number of the request that the remote gave this id in this session.
    pub(in crate::bridge) fn number_of(&self, id: &RequestId, generation: u32) -> Option<u64> {
        self.by_remote_id.get(&(generation, id.clone())).copied()
    }

    /// Whether the host is still being asked something because of its request with this number.
    pub(in crate::bridge) fn is_cause(&self, number: u64) -> bool {
        self.by_cause.contains_key(&number)
    }

    /// The open questions to a person.
    pub(in crate::bridge) fn questions(&self) -> OpenQuestions {
        let mut open = OpenQuestions::default();
        for (number, request) in self.open.iter().filter(|(_, asked)| asked.asks_a_person) {
            match request.caused_by {
                Some(cause) => *open.by_cause.entry(cause).or_default() += 1,
                None => {
                    open.of_unknown_cause.insert(*number);
                }
            }
        }
        open
    }

    /// Removes the requests that these requests of the host caused. Returns the numbers that the
    /// host knows them by, each with its session.
    pub(in crate::bridge) fn take_caused_by(&mut self, causes: &HashSet<u64>) -> Vec<(u64, u32)> {
        let is_caused = |request: &RemoteRequest| {
            request.caused_by.is_some_and(|cause| causes.contains(&cause))
        };
        let mut found: Vec<_> = self
            .open
            .iter()
            .filter(|(_, request)| is_caused(request))
            .map(|(number, request)| (*number, request.generation))
            .collect();
        found.sort_unstable();
        for (number, _) in &found {
            self.close(*number);
        }
        found
    }

    fn forget_sessions_before(&mut self, generation: u32) {
        let is_old = |(number, request): (&u64, &RemoteRequest)| {
            (request.generation < generation).then_some(*number)
        };
        let old: Vec<u64> = self.open.iter().filter_map(is_old).collect();
        for number in old {
            self.close(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u64, generation: u32) -> RemoteRequest {
        let id = RequestId::from(id);
        RemoteRequest { id, generation, caused_by: Some(7), asks_a_person: false }
    }

    /// S-40
    #[test]
    fn a_server_has_a_bounded_number_of_open_requests() {
        let mut requests = RemoteRequests::default();
        let most = MAX_OPEN_REMOTE_REQUESTS as u64;
        assert!((0..most).all(|number| requests.open(number, request(number, 1))));
        assert!(!requests.open(most, request(most, 1)));
        assert_eq!(requests.number_of(&RequestId::from(5), 1), Some(5));
        requests.close(5).unwrap();
        assert_eq!(requests.number_of(&RequestId::from(5), 1), None);
        assert!(requests.open(most, request(most, 1)), "one is closed");
        assert!(requests.open(most + 1, request(1, 2)), "a session that is gone makes way");
        assert_eq!(requests.number_of(&RequestId::from(1), 1), None);
        assert!(requests.is_cause(7));
        assert_eq!(requests.take_caused_by(&HashSet::from([7])), [(most + 1, 2)]);
        assert!(!requests.is_cause(7));
    }

    /// S-42: ids of any length are kept, but not more of them than the budget has.
    #[test]
    fn long_ids_of_a_server_take_from_the_budget() {
        let mut requests = RemoteRequests::default();
        let long = |number: u64| {
            let text = format!("\"{number}{}\"", "x".repeat(4 * 1024 * 1024));
            let id = RequestId::from_json(&text).unwrap();
            RemoteRequest { id, generation: 1, caused_by: None, asks_a_person: false }
        };
        let kept = (0..40).take_while(|number| requests.open(*number, long(*number))).count();
        assert!((4..=16).contains(&kept), "{kept} ids of 4 MiB");
        requests.close(0).unwrap();
        assert!(requests.open(100, long(100)), "what is answered makes way");
        let all: Vec<u64> = requests.open.keys().copied().collect();
        all.into_iter().for_each(|number| drop(requests.close(number)));
        assert_eq!(requests.share.bytes(), 0);
    }

    #[test]
    fn an_id_that_a_server_uses_twice_belongs_to_the_later_request() {
        let mut requests = RemoteRequests::default();
        assert!(requests.open(1, request(3, 1)) && requests.open(2, request(3, 1)));
        assert_eq!(requests.number_of(&RequestId::from(3), 1), Some(2));
        requests.close(1);
        assert_eq!(requests.number_of(&RequestId::from(3), 1), Some(2));
    }
}
