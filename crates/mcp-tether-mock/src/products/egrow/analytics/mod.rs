//! The tools that look at many orders at once: reports, dashboard widgets, advertisements.
//! Everything is computed from the orders on request.

mod dashboard;
mod date_range;
mod reports;
mod utm;

use super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::shapes::{REPORT, WIDGET};
use crate::product::field::{Field, Shape, may, need};
use date_range::DAYS;

const PREVIOUS: Field = may("comparePrevious", Shape::Flag, "adds the totals of the span before");

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "get_analytics",
        title: "Get an analytics report",
        domain: Domain::Analytics,
        class: Class::Read,
        about: "Gives a report over a span of days: orders or confirmations by day, shipping by \
            courier, or agents, each with totals",
        when_to_use: "you want a development, a comparison of couriers or agents, or one span \
            against the one before",
        when_not_to_use: "you want the figures of orders that match words: use `get_order_stats`",
        example: r#"{"report":"confirmations","period":"this_week","comparePrevious":true}"#,
        fields: &[
            &[need(
                "report",
                Shape::OneOf(&["orders", "confirmations", "shipping", "agents"]),
                "which report; in `shipping` the worst delivery rate comes first",
            )],
            DAYS,
            &[PREVIOUS],
        ],
        gives: OutputShape::One(&REPORT),
        run: Run::Read(reports::get),
    },
    Entry {
        name: "get_dashboard",
        title: "Get a dashboard widget",
        domain: Domain::Analytics,
        class: Class::Read,
        about: "Gives what one widget of the dashboard shows for a span of days",
        when_to_use: "you want the best cities, products or customers, revenue by day, or how the \
            shop stands",
        when_not_to_use: "you want rows for couriers or agents by days: use `get_analytics`",
        example: r#"{"widget":"top_products","period":"last_30_days","limit":5}"#,
        fields: &[
            &[need("widget", Shape::OneOf(dashboard::WIDGETS), "which widget")],
            DAYS,
            &[may("limit", Shape::Whole(1, 50), "how many rows at most, 10 if left out")],
        ],
        gives: OutputShape::One(&WIDGET),
        run: Run::Read(dashboard::get),
    },
    Entry {
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
    },
];
