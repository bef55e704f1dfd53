//! The levels of log messages: the eight names of RFC 5424 §6.2.1, by severity.

/// The severity of a log message; a later level is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogLevel(usize);

impl LogLevel {
    /// The names on the wire, least severe first.
    pub const NAMES: [&str; 8] =
        ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    /// The level with this name (E-60).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(Self)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        Self::NAMES[self.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E-60
    #[test]
    fn the_eight_levels_are_ordered_and_nothing_else_is_one() {
        let debug = LogLevel::from_name("debug").unwrap();
        let error = LogLevel::from_name("error").unwrap();
        assert!(debug < error && error < LogLevel::from_name("emergency").unwrap());
        for name in LogLevel::NAMES {
            assert_eq!(LogLevel::from_name(name).map(LogLevel::name), Some(name));
        }
        for name in ["trace", "Error", ""] {
            assert_eq!(LogLevel::from_name(name), None, "{name}");
        }
    }
}
