//! Where the remote's messages come from, and how far their stream is read.

/// The origin of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamOrigin {
    pub(super) exchange: Option<u64>,
    pub(super) generation: u32,
    pub(super) reading: StreamReadMode,
    /// Whether its stream may be silent without limit (T-63).
    pub(super) may_be_silent: bool,
    /// Whether its revision has batches (T-38).
    pub(super) has_batches: bool,
    /// Whether it answers a message within the session of a legacy remote.
    pub(super) in_session: bool,
}

impl StreamOrigin {
    /// The origin of messages on a stream that answers no exchange. HTTP+SSE opens its stream
    /// before a revision is negotiated, so batches are accepted there in every revision.
    pub(super) fn unasked(generation: u32, has_batches: bool) -> Self {
        let reading = StreamReadMode::Resumable;
        Self {
            exchange: None,
            generation,
            reading,
            may_be_silent: true,
            has_batches,
            in_session: false,
        }
    }
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamReadMode {
    /// For a short time beyond the answer.
    Resumable,
    /// No further than the answer (T-61).
    ToTheAnswer,
}
