//! Random choices that are the same for the same seed.

/// A source of random choices.
#[derive(Debug)]
pub struct Draw(u64);

impl Draw {
    /// Begins at this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Returns a number below `bound` (SplitMix64).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }

    /// True in one of `of` cases.
    pub fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let position = usize::try_from(self.below(choices.len() as u64)).unwrap();
        &choices[position]
    }

    /// Returns a short text with whatever JSON has to escape.
    pub fn text(&mut self) -> String {
        const PIECES: [&str; 8] = ["a", "\"", "\\", "\n", "\u{1}", "é", "\u{2028}", "𝄞"];
        (0..self.below(12)).map(|_| *self.one_of(&PIECES)).collect()
    }
}
