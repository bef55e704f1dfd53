//! Ranges of days, by name or by first and last day. Weeks begin on Monday.

use super::super::desk::Desk;
use super::super::desk_error::DeskError;
use super::super::model::Order;
use crate::date::Date;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::moment::Moment;

/// The longest range of one request.
const MAX_DAYS: i64 = 366;

const PERIODS: &[&str] = &[
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "last_7_days",
    "last_30_days",
];

pub(super) const DAYS: &[Field] = &[
    may("period", Shape::OneOf(PERIODS), "days by name, `last_7_days` if no days are given"),
    may("from", Shape::Day, "first day that counts, instead of `period`"),
    may("to", Shape::Day, "last day that counts, today if left out"),
];

/// From the first day to the last, both of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DateRange {
    pub(super) from: Date,
    pub(super) to: Date,
}

impl DateRange {
    /// Returns the requested range, and the one to compare it with.
    pub(super) fn of(desk: &Desk, input: ToolInput<'_>) -> Result<(Self, Self), DeskError> {
        if !input.has("from") && !input.has("to") {
            return Ok(named(desk.today, input.text("period").unwrap_or("last_7_days")));
        }
        if input.has("period") {
            let message = "`period` and `from` or `to` exclude each other";
            return Err(DeskError::invalid(message, "leave one of them out"));
        }
        let to = input.text("to").map_or(Ok(desk.today), |day| desk.day(day))?;
        let from = input.text("from").map_or(Ok(to), |day| desk.day(day))?;
        let length = to.days_since(from) + 1;
        if length < 1 {
            return Err(DeskError::invalid("`from` is after `to`", "swap them"));
        }
        if length > MAX_DAYS {
            let message = format!("{length} days are too many");
            return Err(DeskError::invalid(message, format!("ask for {MAX_DAYS} at most")));
        }
        Ok((Self { from, to }, Self { from: from.plus_days(-length), to: from.plus_days(-1) }))
    }

    pub(super) fn holds(self, at: Moment) -> bool {
        (self.from..=self.to).contains(&at.day())
    }

    pub(super) fn orders(self, desk: &Desk) -> Vec<&Order> {
        desk.orders.iter().filter(|order| self.holds(order.created_at)).collect()
    }

    pub(super) fn days(self) -> impl Iterator<Item = Date> {
        (0..=self.to.days_since(self.from)).map(move |days| self.from.plus_days(days))
    }
}

/// Returns a range by its name, and the one before it.
fn named(today: Date, name: &str) -> (DateRange, DateRange) {
    let days = |first: i64, last: i64| DateRange {
        from: today.plus_days(-first),
        to: today.plus_days(-last),
    };
    // 1970-01-01 was a Thursday, three days after Monday.
    let weekday = (today.epoch_seconds() / 86_400 + 3).rem_euclid(7);
    let month = |date: Date| {
        let (_, _, day) = date.parts();
        date.plus_days(1 - i64::from(day))
    };
    let this_month = month(today);
    let last_month = month(this_month.plus_days(-1));
    let before =
        |start: Date| DateRange { from: month(start.plus_days(-1)), to: start.plus_days(-1) };
    match name {
        "today" => (days(0, 0), days(1, 1)),
        "yesterday" => (days(1, 1), days(2, 2)),
        "this_week" => (days(weekday, 0), days(weekday + 7, weekday + 1)),
        "last_week" => (days(weekday + 7, weekday + 1), days(weekday + 14, weekday + 8)),
        "this_month" => (DateRange { from: this_month, to: today }, before(this_month)),
        "last_month" => (before(this_month), before(last_month)),
        "last_30_days" => (days(29, 0), days(59, 30)),
        _ => (days(6, 0), days(13, 7)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_have_their_own_length() {
        // A Saturday.
        let today: Date = "2026-11-21".parse().unwrap();
        let told = |name| {
            let (span, before) = named(today, name);
            [span.from, span.to, before.from, before.to].map(|day| day.to_string()[5..].to_owned())
        };
        assert_eq!(told("today"), ["11-21", "11-21", "11-20", "11-20"]);
        assert_eq!(told("this_week"), ["11-16", "11-21", "11-09", "11-15"]);
        assert_eq!(told("last_week"), ["11-09", "11-15", "11-02", "11-08"]);
        assert_eq!(told("this_month"), ["11-01", "11-21", "10-01", "10-31"]);
        assert_eq!(told("last_month"), ["10-01", "10-31", "09-01", "09-30"]);
        assert_eq!(told("last_7_days"), ["11-15", "11-21", "11-08", "11-14"]);
        let monday = named("2026-11-16".parse().unwrap(), "this_week").0;
        assert_eq!(monday.from, monday.to);
    }
}
