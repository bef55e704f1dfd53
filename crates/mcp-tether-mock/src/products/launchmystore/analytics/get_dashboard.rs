//! The tool `get_dashboard`: shows at a glance how today and the last days went, what is to be
//! sent, what runs low and what sells best.

use super::dashboard;
use crate::product::ToolKind;
use crate::product::field::{Shape, may};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "get_dashboard",
    title: "Get the dashboard",
    domain: AdminArea::Analytics,
    kind: ToolKind::Read,
    about: "Shows at a glance how today and the last days went, what is to be sent, what runs \
        low and what sells best",
    example: "{}",
    does: Does::Look(
        &[&[may("lowStock", Shape::Whole(1, 1000), "what counts as low, 10 if left out")]],
        ResultShape::Members(&[
            "date",
            "currency",
            "sales",
            "toFulfill",
            "lowStock",
            "topProducts",
        ]),
        dashboard::report,
    ),
};
