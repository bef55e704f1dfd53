//! The part of a plan that applies to the revision 2026-07-28.

use std::time::Duration;

use serde_json::Value;

/// Deviations from the revision 2026-07-28 for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModernFaults {
    /// Another `resultType`; an inner `None` leaves it out.
    pub(crate) result_type: Option<Option<String>>,
    /// Other caching hints: `ttlMs` and `cacheScope`, each left out when null.
    pub(crate) caching: Option<(Value, Value)>,
    /// The revisions listed in `server/discover` and in error `-32022`.
    pub(crate) versions: Option<Vec<String>>,
    /// Reports that header and body disagree until the tools are listed again.
    pub(crate) stale_headers: bool,
    /// How long a `requestState` is valid.
    pub(crate) state_lifetime: Option<Duration>,
    /// Answers every request with a question: its method and parameters.
    pub(crate) needs_input: Option<(&'static str, Value)>,
    /// How much of a listen filter is granted.
    pub(crate) granted: Option<Granted>,
    /// How a listen stream ends after its acknowledgement.
    pub(crate) listen_end: Option<ListenEnd>,
}

/// How much of a listen filter is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    Nothing,
    /// Only list changes, no single resources.
    Lists,
    /// Everything, but the acknowledgement is never sent.
    Unsaid,
}

/// How a listen stream ends on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListenEnd {
    /// With a result.
    Graceful,
    /// With `notifications/cancelled` and then the end of the stream.
    Cancelled,
    /// The stream ends properly, without a message.
    Silent,
}
