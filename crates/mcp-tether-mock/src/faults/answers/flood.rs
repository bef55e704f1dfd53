//! Thousands of other items beside the answer.

use crate::faults::plan::{Flood, FloodOf};
use crate::faults::row::{FaultRow, FaultScope, effect, worded};

pub(super) const FAULT: FaultRow = worded!(
    "flood",
    "flood=members|notes|noise|lines|ids|names|comments|retries|questions|prompts|pings|\
     cancellations|changes|log-messages|progress|answers|cookies|headers|depth[:count=COUNT]",
    "flood=noise:count=100",
    &["count"],
    Answered,
    "sends so many of them with the answer, 1000 unless said otherwise",
    |words| {
        let count = words.take_number("count")?.unwrap_or(1000);
        let flood = Flood { of: words.main_choice(&FLOODS)?, count };
        effect(move |plan| plan.flood = Some(flood))
    }
);

const FLOODS: [(&str, FloodOf); 19] = [
    ("members", FloodOf::Members),
    ("notes", FloodOf::Notes),
    ("noise", FloodOf::Noise),
    ("lines", FloodOf::Lines),
    ("ids", FloodOf::Ids),
    ("names", FloodOf::Names),
    ("comments", FloodOf::Comments),
    ("retries", FloodOf::Retries),
    ("questions", FloodOf::Questions),
    ("prompts", FloodOf::Prompts),
    ("pings", FloodOf::Pings),
    ("cancellations", FloodOf::Cancellations),
    ("changes", FloodOf::Changes),
    ("log-messages", FloodOf::LogMessages),
    ("progress", FloodOf::Progress),
    ("answers", FloodOf::Answers),
    ("cookies", FloodOf::Cookies),
    ("headers", FloodOf::Headers),
    ("depth", FloodOf::Depth),
];
