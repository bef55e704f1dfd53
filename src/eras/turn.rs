//! What the loop lends to an adapter for one turn: the time, fresh numbers, and a place for what is
//! to be done. Also what an exchange with a modern remote is made of.

use std::time::Instant;

use crate::jsonrpc::Frame;

/// Numbers of exchanges and ids of requests in both directions: never used twice (E-05).
#[derive(Debug)]
pub struct Numbers {
    next: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { next: 1 }
    }
}

impl Numbers {
    /// A number that was never used.
    pub fn fresh(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

/// One turn of an adapter.
#[derive(Debug)]
pub struct Turn<'a, Effect> {
    /// The time.
    pub now: Instant,
    /// Where fresh numbers come from.
    pub numbers: &'a mut Numbers,
    /// What is to be done, in this order.
    pub effects: &'a mut Vec<Effect>,
}

impl<Effect> Turn<'_, Effect> {
    /// Something is to be done.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

/// A message for a modern remote: one POST (T-50 to T-58).
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number; also the JSON-RPC id of a request.
    pub number: u64,
    /// The message.
    pub frame: Frame,
    /// The headers that mirror it, in lower case.
    pub headers: Vec<(String, String)>,
    /// Whether an answer is owed.
    pub is_request: bool,
    /// Whether the remote may be asked to take it again later (T-28).
    pub repeatable: bool,
    /// Whether it stays open and may be silent for ever (T-63).
    pub listens: bool,
}
