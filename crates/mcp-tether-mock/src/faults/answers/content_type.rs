//! An answer under another media type.

use crate::faults::row::{FaultRow, FaultScope, effect, worded};

pub(super) const FAULT: FaultRow = worded!(
    "content-type",
    "content-type=TYPE",
    "content-type=Application/JSON; charset=utf-8",
    &[],
    Answered,
    "names this type, whatever the body is",
    |words| {
        let media_type = words.main();
        effect(move |plan| plan.content_type.clone_from(&media_type))
    }
);
