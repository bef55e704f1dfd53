//! A bridge that loses, doubles or swaps lines, to show that the checker notices it.

use std::collections::VecDeque;

use bytes::Bytes;

use super::draw::Draw;

/// The damage to one line in fifty.
#[derive(Clone, Copy, Debug)]
pub enum Mutation {
    /// It does not come.
    Drop,
    /// It comes twice.
    Double,
    /// The next one comes first.
    Swap,
}

/// The lines of the bridge as they reach the checker.
#[derive(Debug)]
pub struct Lines {
    mutation: Option<Mutation>,
    draw: Draw,
    ready: VecDeque<Bytes>,
    held_back: Option<Bytes>,
}

impl Lines {
    /// Passes lines on, damaged or as they are.
    pub fn new(mutation: Option<Mutation>, seed: u64) -> Self {
        Self { mutation, draw: Draw::new(!seed), ready: VecDeque::new(), held_back: None }
    }

    /// Takes a line of the bridge.
    pub fn put(&mut self, line: Bytes) {
        let is_damaged = self.mutation.is_some() && self.draw.one_in(50);
        match self.mutation.filter(|_| is_damaged) {
            Some(Mutation::Drop) => {}
            Some(Mutation::Double) => self.ready.extend([line.clone(), line]),
            Some(Mutation::Swap) if self.held_back.is_none() => self.held_back = Some(line),
            _ => {
                self.ready.push_back(line);
                self.ready.extend(self.held_back.take());
            }
        }
    }

    /// Returns the next line for the checker.
    pub fn take(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// Passes on the line that is still held back at the end.
    pub fn finish(&mut self) {
        self.ready.extend(self.held_back.take());
    }
}
