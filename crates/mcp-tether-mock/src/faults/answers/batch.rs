//! Answers in arrays.

use crate::faults::row::{FaultRow, FaultScope, effect, worded};

pub(super) const FAULT: FaultRow = worded!(
    "batch",
    "batch=COUNT",
    "batch=2",
    &[],
    Request,
    "answers with arrays; 2 or more wait for as many requests and use the last one's answer",
    |words| {
        let count: usize = words.main_number()?;
        effect(move |plan| plan.batch = count.max(1))
    }
);
