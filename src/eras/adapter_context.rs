//! The context that the loop lends to an adapter for one event: the time, fresh numbers, and the
//! list of effects to carry out afterwards. Also defines an exchange with a modern remote.

use std::time::Instant;

use crate::jsonrpc::Frame;

/// The source of numbers for exchanges and for request ids in both directions. No number is used
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

/// The context for handling one event.
#[derive(Debug)]
pub struct AdapterContext<'a, Effect> {
    /// The time of the event.
    pub now: Instant,
    /// The source of fresh numbers.
    pub numbers: &'a mut Numbers,
    /// The effects for the loop, in this order.
    pub effects: &'a mut Vec<Effect>,
}

impl<Effect> AdapterContext<'_, Effect> {
    /// Adds an effect for the loop.
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
    /// The headers of the host's trace context, unless the user sets them.
    pub trace: Option<Box<http::HeaderMap>>,
    /// Whether the body is a request.
    pub is_request: bool,
    /// Whether it may be sent again later if the remote is busy (T-28).
    pub repeatable: bool,
    /// Whether its response is a stream that may stay silent forever (T-63).
    pub stays_open: bool,
}
