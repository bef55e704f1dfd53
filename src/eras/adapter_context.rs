//! What the loop lends to an adapter for one event: the time, fresh numbers, and the list of
//! effects that the loop carries out afterwards. Also what an exchange with a modern remote
//! consists of.

use std::time::Instant;

use crate::jsonrpc::Frame;

/// Source of numbers for exchanges and for ids of requests in both directions. No number is used
/// twice (E-05).
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
    /// Returns a number that was never used.
    pub fn fresh(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

/// What an adapter needs to handle one event.
#[derive(Debug)]
pub struct AdapterContext<'a, Effect> {
    /// The time of the event.
    pub now: Instant,
    /// Source of fresh numbers.
    pub numbers: &'a mut Numbers,
    /// What the loop has to do, in this order.
    pub effects: &'a mut Vec<Effect>,
}

impl<Effect> AdapterContext<'_, Effect> {
    /// Asks the loop to do something.
    pub fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }
}

/// One POST to a modern remote (T-50 to T-58).
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number, which is also the JSON-RPC id of a request.
    pub number: u64,
    /// The body.
    pub frame: Frame,
    /// The headers that mirror the body, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The headers of the host's trace context, where the user sets none.
    pub trace: Option<Box<http::HeaderMap>>,
    /// Whether the body is a request.
    pub is_request: bool,
    /// Whether it may be sent again later if the remote is busy (T-28).
    pub repeatable: bool,
    /// Whether its response is a stream that may stay silent forever (T-63).
    pub stays_open: bool,
}
