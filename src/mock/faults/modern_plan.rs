//! The part of a plan that the era of 2026-07-28 acts on.

use std::time::Duration;

use serde_json::Value;

/// Deviations of the modern era for one request.
#[derive(Clone, Debug, Default)]
pub(in crate::mock) struct ModernFaults {
    /// Another `resultType`; an inner `None` leaves it out.
    pub(in crate::mock) result_type: Option<Option<String>>,
    /// Other caching hints: `ttlMs` and `cacheScope`, each left out when null.
    pub(in crate::mock) caching: Option<(Value, Value)>,
    /// What is said to be spoken, in `server/discover` and in `-32022`.
    pub(in crate::mock) versions: Option<Vec<String>>,
    /// Header and body are said to disagree until the tools are listed again.
    pub(in crate::mock) stale_headers: bool,
    /// For how long a `requestState` is good.
    pub(in crate::mock) state_lifetime: Option<Duration>,
    /// The answer asks for input, whatever was asked: method and parameters of the question.
    pub(in crate::mock) needs_input: Option<(&'static str, Value)>,
    /// How much of a listen filter is granted.
    pub(in crate::mock) granted: Option<Granted>,
    /// What becomes of a listen stream after its acknowledgement.
    pub(in crate::mock) listen_end: Option<ListenEnd>,
}

/// How much of a listen filter is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum Granted {
    Nothing,
    /// Only the lists, no resources of their own.
    Lists,
    /// Everything, but the acknowledgement never comes.
    Unsaid,
}

/// How a listen stream ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum ListenEnd {
    /// With a result.
    Graceful,
    /// With `notifications/cancelled` and then the end of the stream.
    Cancelled,
    /// The stream ends properly and without a word.
    Silent,
}
