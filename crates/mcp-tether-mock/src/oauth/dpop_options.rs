//! How a server treats tokens that are bound to a key (RFC 9449).

/// How a server treats tokens that are bound to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DpopOptions {
    /// Whether every other token is refused.
    pub required: bool,
    /// The nonces that proofs must contain.
    pub nonces: DpopNonces,
}

impl DpopOptions {
    /// Bound tokens for clients that send a proof, without nonces.
    pub const OFFERED: Self = Self { required: false, nonces: DpopNonces::None };
    /// Bound tokens for everyone, without nonces.
    pub const REQUIRED: Self = Self { required: true, nonces: DpopNonces::None };

    /// Returns the same options with these nonces.
    #[must_use]
    pub const fn with_nonces(self, nonces: DpopNonces) -> Self {
        Self { nonces, ..self }
    }
}

/// The nonces that a server requires in proofs (RFC 9449 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpopNonces {
    /// None.
    None,
    /// The one that it handed out; it never changes.
    Fixed,
    /// The one that it handed out last; each is accepted once.
    Once,
    /// A new one each time, without ever accepting it.
    Endless,
}
