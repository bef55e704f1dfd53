//! The tool `get_sales_report`: adds up sales, discounts, refunds, shipping and tax of a span of
//! days, compares them with the days before, and splits them by day, week, month or category.

use super::{SPAN, sales};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "get_sales_report",
    title: "Get a sales report",
    domain: AdminArea::Analytics,
    kind: ToolKind::Read,
    about: "Adds up sales, discounts, refunds, shipping and tax of a span of days, compares \
        them with the days before, and splits them by day, week, month or category",
    example: r#"{"period":"last_7_days","groupBy":"day"}"#,
    does: Does::Look(
        &[SPAN, sales::GROUP],
        ResultShape::Members(&["from", "to", "currency", "totals", "before", "rows"]),
        sales::report,
    ),
};
