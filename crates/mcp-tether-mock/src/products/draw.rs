//! Numbers that seeded data is drawn by: they look random and are the same for the same seed.

use crate::state::mixed;

/// A sequence of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    pub(super) seed: u64,
    drawn: u64,
}

impl Draw {
    pub(super) fn of(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.drawn += 1;
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(mixed(self.seed, self.drawn) % limit).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}
