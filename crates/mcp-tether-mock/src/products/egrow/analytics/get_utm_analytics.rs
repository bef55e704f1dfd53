//! The tool `get_utm_analytics`: tells what advertisements brought: orders and amounts by
//! source, medium, campaign or status.

use super::{PREVIOUS, utm};
use crate::product::field::{Shape, may};
use crate::products::egrow::analytics::date_range::DAYS;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::REPORT;

pub(super) const TOOL: Entry = Entry {
    name: "get_utm_analytics",
    title: "Get UTM analytics",
    domain: Domain::Analytics,
    class: Class::Read,
    about: "Tells what advertisements brought: orders and amounts by source, medium, campaign \
        or status",
    when_to_use: "you want to know which advertisement is worth its money",
    when_not_to_use: "you do not care where orders came from: use `get_analytics`",
    example: r#"{"breakdown":"source","period":"last_30_days"}"#,
    fields: &[
        &[
            may(
                "breakdown",
                Shape::OneOf(&["total", "source", "medium", "campaign", "status"]),
                "what rows are made by, `total` (no rows) if left out",
            ),
            may("source", Shape::Text, "only orders of this source; `direct` has none"),
        ],
        DAYS,
        &[PREVIOUS],
    ],
    gives: OutputShape::One(&REPORT),
    run: Run::Read(utm::get),
};
