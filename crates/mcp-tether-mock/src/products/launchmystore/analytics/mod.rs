//! Reports, computed on request from orders, stock and visits.

mod counted;
mod dashboard;
mod goods;
mod sales;
mod visits;

use super::entry::{AdminArea, Does, Entry, ResultShape};
use super::period::{FROM, PERIOD, TO};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may};

const SPAN: &[Field] = &[PERIOD, FROM, TO];

pub(super) const TOOLS: &[Entry] = &[
    Entry {
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
    },
    Entry {
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
    },
    Entry {
        name: "get_product_analytics",
        title: "Get product analytics",
        domain: AdminArea::Analytics,
        kind: ToolKind::Read,
        about: "Shows the best-selling products of a span of days, or how one product does: \
            pieces, revenue, refunds, stock and how long it will last",
        example: r#"{"period":"this_month","limit":5}"#,
        does: Does::Look(
            &[
                SPAN,
                &[
                    may("product", Shape::Text, "only this product: id, slug or title"),
                    may("sortBy", Shape::OneOf(&["revenue", "units"]), "`revenue` if left out"),
                    may("limit", Shape::Whole(1, 100), "how many products, 10 if left out"),
                ],
            ],
            ResultShape::Members(&["from", "to", "currency", "products"]),
            goods::report,
        ),
    },
    Entry {
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
    },
];
