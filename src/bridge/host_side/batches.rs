//! JSON-RPC batches from hosts that speak 2025-03-26: the requests are sent one by one, and their
//! responses are written in one line (T-11).

use std::collections::HashMap;

use bytes::Bytes;

use crate::budget::{Budget, MESSAGE_OVERHEAD, Share};
use crate::jsonrpc::Frame;

/// Batches that still lack responses.
#[derive(Debug, Default)]
pub(in crate::bridge) struct Batches {
    open: HashMap<u64, Batch>,
}

#[derive(Debug, Default)]
struct Batch {
    owed: usize,
    answers: Vec<Bytes>,
    share: Share,
}

impl Batches {
    /// Begins a batch that is owed this many responses.
    pub(in crate::bridge) fn begin(&mut self, number: u64, owed: usize) {
        if owed > 0 {
            self.open.insert(number, Batch { owed, answers: Vec::new(), share: Share::default() });
        }
    }

    /// Whether a response of this size can wait for the rest of its batch; if so, its memory is
    /// taken from the budget (S-42).
    pub(in crate::bridge) fn has_room(&mut self, number: u64, size: usize) -> bool {
        let most = Budget::of_process().per_message();
        self.open.get_mut(&number).is_none_or(|batch| {
            batch.share.bytes() + size <= most && batch.share.try_grow(size + MESSAGE_OVERHEAD)
        })
    }

    /// Adds a response, or `None` for a request that the host cancelled. Returns the line once the
    /// batch is complete.
    pub(in crate::bridge) fn add(&mut self, number: u64, answer: Option<Frame>) -> Option<Frame> {
        let batch = self.open.get_mut(&number)?;
        batch.owed -= 1;
        batch.answers.extend(answer.map(Frame::into_bytes));
        if batch.owed > 0 {
            return None;
        }
        let batch = self.open.remove(&number)?;
        if batch.answers.is_empty() {
            return None;
        }
        let mut line =
            Vec::with_capacity(batch.answers.iter().map(|a| a.len() + 1).sum::<usize>() + 1);
        for (position, answer) in batch.answers.iter().enumerate() {
            line.push(if position == 0 { b'[' } else { b',' });
            line.extend_from_slice(answer);
        }
        line.push(b']');
        Some(Frame::from(Bytes::from(line)))
    }
}

#[cfg(test)]
impl Batches {
    /// Marks a batch as full, without allocating large responses.
    pub(in crate::bridge) fn fill(&mut self, number: u64) {
        let budget: &'static Budget = Box::leak(Box::new(Budget::new(0)));
        let mut share = budget.share();
        share.grow_anyway(Budget::of_process().per_message());
        self.open.get_mut(&number).expect("it is open").share = share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Option<Frame> {
        Some(Frame::from(Bytes::from_static(text.as_bytes())))
    }

    /// T-11
    #[test]
    fn a_batch_is_answered_in_one_line_when_all_answers_are_there() {
        let mut batches = Batches::default();
        batches.begin(1, 3);
        assert!(batches.add(1, frame("{\"a\":1}")).is_none());
        assert!(batches.add(1, None).is_none());
        let line = batches.add(1, frame("{\"b\":2}")).map(Frame::into_bytes);
        assert_eq!(line.as_deref(), Some(&b"[{\"a\":1},{\"b\":2}]"[..]));
    }

    /// S-42
    #[test]
    fn answers_of_a_batch_do_not_pile_up_beyond_one_message() {
        let mut batches = Batches::default();
        batches.begin(1, 3);
        let most = Budget::of_process().per_message();
        assert!(batches.has_room(1, most / 2) && !batches.has_room(1, most / 2));
        assert!(batches.has_room(1, 100), "a small one fits, such as the refusal");
    }

    /// T-11
    #[test]
    fn a_batch_of_notifications_gets_no_answer() {
        let mut batches = Batches::default();
        batches.begin(1, 0);
        assert!(batches.add(1, None).is_none());
    }
}
