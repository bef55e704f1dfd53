//! Computes the ids of requests at the remote. A request that is sent again after a refusal gets
//! another id, from which the bridge's number can be computed.

/// The offset added to the id for each refusal. The bridge's numbers are smaller, and ids stay
/// below 2^53, so that every JSON parser keeps them exact.
const REPEAT_OFFSET: u64 = 1 << 48;

/// The id of the request with this number after this many refusals.
pub fn remote_id(number: u64, refusals: u32) -> u64 {
    number + u64::from(refusals) * REPEAT_OFFSET
}

/// The number of the request with this id.
pub fn number_of(id: u64) -> u64 {
    id % REPEAT_OFFSET
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-56, T-06
    #[test]
    fn every_sending_has_an_id_of_its_own_that_leads_back_to_the_number() {
        let ids = [remote_id(7, 0), remote_id(7, 1), remote_id(7, 2), remote_id(8, 1)];
        let mut distinct = ids.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(ids.map(number_of), [7, 7, 7, 8]);
        assert!(ids.iter().all(|id| *id < 1 << 53));
    }
}
