//! Points in time of seeded data, written as RFC 3339 in UTC. There is no clock: products advance
//! the time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::date::Date;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// Returns the moment `seconds` after the start of `day`.
    pub(crate) fn on(day: Date, seconds: i64) -> Self {
        Self(day.epoch_seconds() + seconds)
    }

    pub(crate) fn day(self) -> Date {
        Date::from_epoch_seconds(self.0)
    }

    #[must_use]
    pub(crate) fn plus_hours(self, hours: i64) -> Self {
        Self(self.0 + hours * 3600)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.day();
        let rest = self.0 - day.epoch_seconds();
        write!(f, "{day}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Moment {
    type Err = String;

    /// Parses the format that [`Moment`] writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a time of the form YYYY-MM-DDThh:mm:ssZ");
        let (day, time) = text.split_once('T').ok_or_else(wrong)?;
        let parts = time.strip_suffix('Z').ok_or_else(wrong)?.split(':');
        let parts: Vec<u8> = parts.map_while(|part| part.parse().ok()).collect();
        let [hours, minutes, seconds] = parts[..] else {
            return Err(wrong());
        };
        let [hours, minutes, seconds] = [hours, minutes, seconds].map(i64::from);
        let moment = Self::on(day.parse()?, hours * 3600 + minutes * 60 + seconds);
        if moment.to_string() == text { Ok(moment) } else { Err(wrong()) }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds of these hours are more than an `i64` holds.
    const LARGE: &str = "2026-11-21T9223372036854775807:00:00Z";

    #[test]
    fn a_moment_is_written_in_utc() {
        let moment = Moment::on("2026-11-21".parse().unwrap(), 3_723);
        assert_eq!(moment.to_string(), "2026-11-21T01:02:03Z");
        assert_eq!("2026-11-21T01:02:03Z".parse(), Ok(moment));
        for wrong in ["", "2026-11-21", "2026-11-21T24:00:00Z", "2026-11-21T1:2:3Z", LARGE] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
        assert_eq!(moment.plus_hours(-2).to_string(), "2026-11-20T23:02:03Z");
    }
}
