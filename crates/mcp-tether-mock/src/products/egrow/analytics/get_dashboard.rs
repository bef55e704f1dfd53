//! The tool `get_dashboard`: gives what one widget of the dashboard shows for a span of days.

use super::dashboard;
use crate::product::field::{Shape, may, need};
use crate::products::egrow::analytics::date_range::DAYS;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::WIDGET;

pub(super) const TOOL: Entry = Entry {
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
};
