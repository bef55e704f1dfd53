//! The tool `get_confirmation_stats`: counts pending, confirmed and cancelled orders among those
//! that match.

use super::{FILTER, confirmations, matching};
use crate::product::field::{DAYS, ToolInput};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::CONFIRMATION_STATS;

pub(super) const TOOL: Entry = Entry {
    name: "get_confirmation_stats",
    title: "Get confirmation statistics",
    domain: Domain::Orders,
    class: Class::Read,
    about: "Counts pending, confirmed and cancelled orders among those that match",
    when_to_use: "you want the confirmation rate of a span of days",
    when_not_to_use: "you want amounts: use `get_order_stats`",
    example: r#"{"from":"yesterday","to":"today"}"#,
    fields: &[FILTER, DAYS],
    gives: OutputShape::One(&CONFIRMATION_STATS),
    run: Run::Read(confirmation_stats),
};

fn confirmation_stats(desk: &Desk, input: ToolInput<'_>) -> DeskResult {
    Ok(confirmations(desk, &matching(desk, input)?))
}
