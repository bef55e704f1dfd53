//! The tool `get_analytics`: gives a report over a span of days: orders or confirmations by day,
//! shipping by courier, or agents, each with totals.

use super::{PREVIOUS, reports};
use crate::product::field::{Shape, need};
use crate::products::egrow::analytics::date_range::DAYS;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::REPORT;

pub(super) const TOOL: Entry = Entry {
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
};
