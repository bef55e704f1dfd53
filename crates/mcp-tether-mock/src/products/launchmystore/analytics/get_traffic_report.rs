//! The tool `get_traffic_report`: counts sessions, visitors and page views of a span of days by
//! source or by day, and how many of them became orders.

use super::{SPAN, visits};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "get_traffic_report",
    title: "Get a traffic report",
    domain: AdminArea::Analytics,
    kind: ToolKind::Read,
    about: "Counts sessions, visitors and page views of a span of days by source or by day, \
        and how many of them became orders",
    example: r#"{"period":"last_30_days","groupBy":"source"}"#,
    does: Does::Look(
        &[SPAN, visits::GROUP],
        ResultShape::Members(&["from", "to", "totals", "rows"]),
        visits::report,
    ),
};
