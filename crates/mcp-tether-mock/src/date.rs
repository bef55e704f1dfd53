//! Calendar dates without a time zone, for seeded data.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

impl Date {
    /// Returns today's date in UTC.
    pub fn today() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_secs() / 86_400).unwrap_or(i64::MAX))
    }

    /// Returns the day that contains this moment.
    pub(super) fn from_epoch_seconds(seconds: i64) -> Self {
        Self(seconds.div_euclid(86_400))
    }

    /// Returns the date `days` later, or earlier if negative.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Returns the date `months` later; if that month is shorter, its last day.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        let (year, month, day) = self.parts();
        let months = year * 12 + i64::from(month) - 1 + months;
        let first =
            |months: i64| Self::from_parts(months.div_euclid(12), months.rem_euclid(12) + 1, 1);
        let last = first(months + 1).plus_days(-1);
        first(months).plus_days(i64::from(day) - 1).min(last)
    }

    /// Returns the number of days from `other` to this date.
    pub fn days_since(self, other: Self) -> i64 {
        self.0 - other.0
    }

    /// Returns the seconds from 1970-01-01T00:00:00Z to the start of this day.
    pub fn epoch_seconds(self) -> i64 {
        self.0 * 86_400
    }

    /// Returns year, month and day of the month.
    pub fn parts(self) -> (i64, u32, u32) {
        // Years begin in March here, so that the leap day is the last of its year.
        let day = self.0 + 719_468;
        let era = day.div_euclid(146_097);
        let of_era = day.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
    }

    fn from_parts(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468)
    }
}

impl fmt::Display for Date {
    /// Writes `YYYY-MM-DD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Date {
    type Err = String;

    /// Reads `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a date of the form YYYY-MM-DD");
        let numbers: Vec<i64> = text
            .split('-')
            .map(|part| part.parse().map_err(|_| wrong()))
            .collect::<Result<_, _>>()?;
        let [year @ 0..=9999, month @ 1..=12, day @ 1..=31] = numbers[..] else {
            return Err(wrong());
        };
        let date = Self::from_parts(year, month, day);
        if date.to_string() == text { Ok(date) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_round_trip_and_know_leap_years() {
        for text in ["1970-01-01", "2000-02-29", "2024-12-31", "2026-11-21", "2100-03-01"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        let date: Date = "2024-02-28".parse().unwrap();
        assert_eq!(date.plus_days(1).to_string(), "2024-02-29");
        assert_eq!(date.plus_days(2).to_string(), "2024-03-01");
        assert_eq!("1970-01-02".parse::<Date>().unwrap().epoch_seconds(), 86_400);
    }

    #[test]
    fn invalid_dates_are_refused() {
        for text in [
            "2023-02-29",
            "2026-13-01",
            "2026-1-1",
            "today",
            "2026-04-31",
            "9223372036854775807-01-01",
            "",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
