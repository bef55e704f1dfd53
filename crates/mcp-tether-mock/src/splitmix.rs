//! SplitMix64: numbers that look random and are the same for the same seed. Seeded data and session
//! ids come from it; secrets do not.

/// Returns the `number`th value of the sequence that starts at `seed` (the finisher of SplitMix64).
pub(crate) fn splitmix64(seed: u64, number: u64) -> u64 {
    let mut x = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
