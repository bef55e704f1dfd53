//! Periods: named ones such as `this_month`, or from one day to another.

use super::shop::Shop;
use super::shop_error::ShopError;
use crate::date::Date;
use crate::product::Moment;
use crate::product::field::{Field, Shape, ToolInput, may};

const NAMES: &[&str] =
    &["today", "yesterday", "last_7_days", "last_30_days", "this_month", "last_month"];

pub(super) const PERIOD: Field =
    may("period", Shape::OneOf(NAMES), "which days count, in the place of `from` and `to`");
pub(super) const FROM: Field = may("from", Shape::Day, "first day that counts");
pub(super) const TO: Field = may("to", Shape::Day, "last day that counts, today if left out");

/// The days from the first to the last, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) first: Date,
    pub(super) last: Date,
}

impl Period {
    pub(super) fn has(self, moment: Moment) -> bool {
        self.has_day(moment.day())
    }

    pub(super) fn has_day(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Returns the number of its days.
    pub(super) fn days(self) -> i64 {
        self.last.days_since(self.first) + 1
    }

    /// Returns its days.
    pub(super) fn each(self) -> impl Iterator<Item = Date> {
        (0..self.days()).map(move |day| self.first.plus_days(day))
    }

    /// Returns the period of the same length right before it.
    pub(super) fn before(self) -> Self {
        Self { first: self.first.plus_days(-self.days()), last: self.first.plus_days(-1) }
    }
}

/// Returns the requested period, if any.
pub(super) fn asked(shop: &Shop, input: ToolInput<'_>) -> Result<Option<Period>, ShopError> {
    match (input.text("period"), input.text("from"), input.text("to")) {
        (None, None, None) => Ok(None),
        (Some(name), None, None) => Ok(Some(named(shop.today, name))),
        (Some(_), ..) => {
            Err(ShopError::invalid("period", "give either `period` or `from` and `to`"))
        }
        (None, from, to) => {
            let last = to.map_or(Ok(shop.today), |day| on(shop, "to", day))?;
            let first = from.map_or(Ok(last.plus_days(-29)), |day| on(shop, "from", day))?;
            if first > last {
                return Err(ShopError::invalid("from", "`from` is after `to`"));
            }
            if last.days_since(first) > 731 {
                return Err(ShopError::invalid("from", "two years are the longest span"));
            }
            Ok(Some(Period { first, last }))
        }
    }
}

/// Returns the requested period; the last 30 days if none is given.
pub(super) fn asked_or_30_days(shop: &Shop, input: ToolInput<'_>) -> Result<Period, ShopError> {
    Ok(asked(shop, input)?.unwrap_or_else(|| named(shop.today, "last_30_days")))
}

/// Returns a named period that ends today or before.
pub(super) fn named(today: Date, name: &str) -> Period {
    let (year, month, day) = today.parts();
    let start_of_month = today.plus_days(1 - i64::from(day));
    let back = |days: i64| Period { first: today.plus_days(1 - days), last: today };
    match name {
        "today" => back(1),
        "yesterday" => Period { first: today.plus_days(-1), last: today.plus_days(-1) },
        "last_7_days" => back(7),
        "this_month" => Period { first: start_of_month, last: today },
        "last_month" => {
            let (year, month) = if month == 1 { (year - 1, 12) } else { (year, month - 1) };
            let first = format!("{year:04}-{month:02}-01").parse().unwrap_or(start_of_month);
            Period { first, last: start_of_month.plus_days(-1) }
        }
        _ => back(30),
    }
}

fn on(shop: &Shop, name: &str, day: &str) -> Result<Date, ShopError> {
    match day {
        "today" => Ok(shop.today),
        "yesterday" => Ok(shop.today.plus_days(-1)),
        other => other.parse().map_err(|reason: String| ShopError::invalid(name, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(today: &str, name: &str) -> (String, String) {
        let span = named(today.parse().unwrap(), name);
        (span.first.to_string(), span.last.to_string())
    }

    #[test]
    fn named_spans_are_right_on_any_day() {
        let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(span("2026-03-01", "this_month"), pair("2026-03-01", "2026-03-01"));
        assert_eq!(span("2026-03-31", "last_month"), pair("2026-02-01", "2026-02-28"));
        assert_eq!(span("2026-01-15", "last_month"), pair("2025-12-01", "2025-12-31"));
        assert_eq!(span("2026-03-01", "last_7_days"), pair("2026-02-23", "2026-03-01"));
        assert_eq!(span("2026-01-01", "yesterday"), pair("2025-12-31", "2025-12-31"));
    }

    #[test]
    fn the_span_before_is_as_long() {
        let span = named("2026-03-10".parse().unwrap(), "last_7_days");
        let before = span.before();
        assert_eq!((before.days(), before.last.to_string()), (7, "2026-03-03".to_owned()));
        assert_eq!(span.each().count(), 7);
    }
}
