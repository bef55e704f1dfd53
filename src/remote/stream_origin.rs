//! Where the messages of the remote come from, and how far their stream is read.

/// Where a message came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamOrigin {
    pub(super) exchange: Option<u64>,
    pub(super) generation: u32,
    pub(super) reading: StreamReadMode,
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamReadMode {
    /// With a limit on silence, and for a moment beyond the answer.
    Resumable,
    /// With a limit on silence, and no further than the answer (T-61).
    ToTheAnswer,
    /// Without a limit on silence (T-63).
    Endless,
}
