//! The tool `get_product_analytics`: shows the best-selling products of a span of days, or how
//! one product does: pieces, revenue, refunds, stock and how long it will last.

use super::{SPAN, goods};
use crate::product::ToolKind;
use crate::product::field::{Shape, may};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
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
};
