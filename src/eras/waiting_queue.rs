//! A queue for a host's messages that wait for a session, in order and bounded in number and size
//! (S-12, S-42). Does not know what they wait for.

use std::collections::VecDeque;

use crate::budget::{Budget, MESSAGE_OVERHEAD, Share};
use crate::jsonrpc::Message;

/// How many messages may wait.
const MOST_MESSAGES: usize = 20_000;
/// All waiting messages together may take the size limit for one message divided by this.
const PART_OF_MESSAGE: usize = 2;

/// An entry of a [`WaitingQueue`].
pub trait HasMessage {
    /// The waiting message. Its bytes count towards the limit.
    fn message(&self) -> &Message;
}

/// A bounded queue of messages.
#[derive(Debug)]
pub struct WaitingQueue<Entry> {
    entries: VecDeque<Entry>,
    share: Share,
}

impl<Entry> Default for WaitingQueue<Entry> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), share: Share::default() }
    }
}

impl<Entry: HasMessage> WaitingQueue<Entry> {
    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// The queue is full: gives the entry back.
    pub fn push(&mut self, entry: Entry) -> Result<(), Entry> {
        let (size, most) = (size_of(&entry), Budget::of_process().per_message() / PART_OF_MESSAGE);
        let is_full =
            self.entries.len() >= MOST_MESSAGES || self.share.bytes().saturating_add(size) > most;
        if is_full || !self.share.try_grow(size) {
            return Err(entry);
        }
        self.entries.push_back(entry);
        Ok(())
    }

    /// Puts an entry that was already accepted once in front of all others, without a limit.
    pub fn push_front(&mut self, entry: Entry) {
        self.share.grow_anyway(size_of(&entry));
        self.entries.push_front(entry);
    }

    /// Returns whether an entry matches.
    pub fn contains(&self, fits: impl Fn(&Entry) -> bool) -> bool {
        self.entries.iter().any(fits)
    }

    /// Removes and returns the first matching entry.
    pub fn remove(&mut self, fits: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let position = self.entries.iter().position(fits)?;
        let entry = self.entries.remove(position)?;
        self.share.shrink(size_of(&entry));
        Some(entry)
    }

    /// Takes out all entries, in their order.
    pub fn take_all(&mut self) -> VecDeque<Entry> {
        self.share = Share::default();
        std::mem::take(&mut self.entries)
    }

    /// Replaces all entries, without a limit.
    pub fn replace(&mut self, entries: VecDeque<Entry>) {
        self.share = Share::default();
        self.share.grow_anyway(entries.iter().map(size_of).sum());
        self.entries = entries;
    }
}

fn size_of<Entry: HasMessage>(entry: &Entry) -> usize {
    entry.message().raw().len() + MESSAGE_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    impl HasMessage for Message {
        fn message(&self) -> &Message {
            self
        }
    }

    fn message(id: usize) -> Message {
        Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#)).unwrap()
    }

    fn ids(entries: impl IntoIterator<Item = Message>) -> Vec<String> {
        entries.into_iter().filter_map(|entry| Some(entry.id()?.to_json())).collect()
    }

    #[test]
    fn entries_leave_in_their_order_and_a_repeated_one_goes_first() {
        let mut queue = WaitingQueue::default();
        for id in 1..=3 {
            queue.push(message(id)).unwrap();
        }
        queue.push_front(message(0));
        let second = queue.remove(|entry| entry.id() == message(2).id()).unwrap();
        assert_eq!(ids([second]), ["2"]);
        assert!(!queue.contains(|entry| entry.id() == message(2).id()));
        assert_eq!(ids(queue.take_all()), ["0", "1", "3"]);
        assert!(queue.is_empty());
        assert_eq!(queue.share.bytes(), 0);
    }

    /// S-12
    #[test]
    fn a_full_queue_gives_the_message_back() {
        let mut queue = WaitingQueue::default();
        for id in 0..MOST_MESSAGES {
            queue.push(message(id)).unwrap();
        }
        assert_eq!(ids([queue.push(message(7)).unwrap_err()]), ["7"]);
        let mut large = WaitingQueue::default();
        large.share.grow_anyway(Budget::of_process().per_message() / PART_OF_MESSAGE);
        assert!(large.push(message(1)).is_err(), "too many bytes");
    }
}
