//! The part of a plan that the era of 2026-07-28 acts on.

use std::time::Duration;

use serde_json::Value;

/// Deviations of the modern era for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModernFaults {
    /// Another `resultType`; an inner `None` leaves it out.
    pub(crate) result_type: Option<Option<String>>,
    /// Other caching hints: `ttlMs` and `cacheScope`, each left out when null.
    pub(crate) caching: Option<(Value, Value)>,
    /// What is said to be spoken, in `server/discover` and in `-32022`.
    pub(crate) versions: Option<Vec<String>>,
    /// Header and body are said to disagree until the tools are listed again.
    pub(crate) stale_headers: bool,
    /// For how long a `requestState` is good.
    pub(crate) state_lifetime: Option<Duration>,
    /// The answer asks for input, whatever was asked: method and parameters of the question.
    pub(crate) needs_input: Option<(&'static str, Value)>,
    /// How much of a listen filter is granted.
    pub(crate) granted: Option<Granted>,
    /// What becomes of a listen stream after its acknowledgement.
    pub(crate) listen_end: Option<ListenEnd>,
}

/// How much of a listen filter is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    Nothing,
    /// Only the lists, no resources of their own.
    Lists,
    /// Everything, but the acknowledgement never comes.
    Unsaid,
}

/// How a listen stream ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenEnd {
    /// With a result.
    Graceful,
    /// With `notifications/cancelled` and then the end of the stream.
    Cancelled,
    /// The stream ends properly and without a word.
    Silent,
}
