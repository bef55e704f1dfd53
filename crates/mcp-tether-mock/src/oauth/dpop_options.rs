//! How a server treats tokens that are bound to a key (RFC 9449).

/// How a server treats tokens that are bound to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DpopOptions {
    /// Whether it takes no others.
    pub required: bool,
    /// Which nonces it wants in proofs.
    pub nonces: DpopNonces,
}

impl DpopOptions {
    /// Offered to those who bring a proof, without nonces.
    pub const OFFERED: Self = Self { required: false, nonces: DpopNonces::None };
    /// Required from everyone, without nonces.
    pub const REQUIRED: Self = Self { required: true, nonces: DpopNonces::None };

    /// The same with these nonces.
    #[must_use]
    pub const fn with_nonces(self, nonces: DpopNonces) -> Self {
        Self { nonces, ..self }
    }
}

/// Which nonces a server wants in proofs (RFC 9449 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpopNonces {
    /// None.
    None,
    /// The one that it gave; it stays.
    Fixed,
    /// The one that it gave last; each is accepted once.
    Once,
    /// None is ever right.
    Endless,
}
