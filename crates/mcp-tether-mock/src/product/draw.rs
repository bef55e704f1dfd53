//! Pseudorandom numbers for seeded data.

use crate::splitmix::splitmix64;

/// A sequence of numbers, the same for the same seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub(crate) seed: u64,
    drawn: u64,
}

impl Draw {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Returns a number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.drawn += 1;
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(splitmix64(self.seed, self.drawn) % limit).unwrap_or(0)
    }

    /// Returns true with a probability of `chance` percent.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}
