//! One line of the table: a figure's samples, its target, and whether it is met.

/// Two bridges that do the same differ by less than this from run to run.
const RESOLUTION: f64 = 1.02;

/// The target of the project for a figure.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    None,
    /// At most this many times the floor.
    FloorTimes(f64),
    /// No slower than the floor, to within [`RESOLUTION`].
    Floor,
    /// At least this part of the floor.
    FloorShare(f64),
    /// At most this much, whatever the floor does.
    AtMost(f64),
}

/// How a figure came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// Asked to be no slower than the floor, and a quarter of the rounds or more say it is not.
    Even,
    /// No target, or no sample.
    None,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**missed**",
            Self::Even => "even",
            Self::None => "",
        }
    }
}

/// A figure for every contender, one value a round.
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) decimals: usize,
    pub(crate) target: Target,
    /// A count that is the same on a busy machine, so that a missed target may fail the run.
    pub(crate) exact: bool,
    pub(crate) samples: Vec<Vec<f64>>,
}

impl Row {
    pub(crate) fn new(key: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            title: title.into(),
            decimals: 1,
            target: Target::None,
            exact: false,
            samples: Vec::new(),
        }
    }

    pub(crate) fn decimals(self, decimals: usize) -> Self {
        Self { decimals, ..self }
    }

    pub(crate) fn target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    pub(crate) fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    /// Takes one number out of each sample.
    pub(crate) fn of<T>(self, samples: &[Vec<T>], number: impl Fn(&T) -> f64) -> Self {
        let column = |samples: &Vec<T>| samples.iter().map(&number).collect();
        Self { samples: samples.iter().map(column).collect(), ..self }
    }

    pub(crate) fn value(&self, contender: usize) -> Option<f64> {
        quantile(self.samples.get(contender)?.clone(), 0.5)
    }

    /// Returns the median of the rounds' own ratios of `contender` to `floor`.
    pub(crate) fn ratio(&self, contender: usize, floor: usize) -> Option<f64> {
        quantile(self.ratios(contender, floor), 0.5)
    }

    fn ratios(&self, contender: usize, floor: usize) -> Vec<f64> {
        let (Some(ours), Some(floor)) = (self.samples.get(contender), self.samples.get(floor))
        else {
            return Vec::new();
        };
        let pairs = ours.iter().zip(floor).filter(|(_, floor)| **floor > 0.0);
        pairs.map(|(ours, floor)| ours / floor).collect()
    }

    pub(crate) fn verdict(&self, ours: usize, floor: Option<usize>) -> Verdict {
        let judge = |met: bool| if met { Verdict::Met } else { Verdict::Missed };
        let ratio = floor.and_then(|floor| self.ratio(ours, floor));
        let verdict = match self.target {
            Target::None => None,
            Target::AtMost(limit) => self.value(ours).map(|value| judge(value <= limit)),
            Target::FloorTimes(limit) => ratio.map(|ratio| judge(ratio <= limit)),
            Target::Floor => ratio.map(|ratio| judge(ratio <= RESOLUTION)),
            Target::FloorShare(limit) => ratio.map(|ratio| judge(ratio >= limit)),
        };
        let no_slower = matches!(self.target, Target::Floor);
        let low = floor.and_then(|floor| quantile(self.ratios(ours, floor), 0.25));
        match verdict {
            Some(Verdict::Missed) if no_slower && low.is_some_and(|low| low <= RESOLUTION) => {
                Verdict::Even
            }
            other => other.unwrap_or(Verdict::None),
        }
    }
}

/// Returns the value below which this part of the samples lies.
pub(crate) fn quantile(mut samples: Vec<f64>, part: f64) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().checked_sub(1)?;
    samples.get((last as f64 * part).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: Target, floor: &[f64], ours: &[f64]) -> Row {
        Row { samples: vec![floor.to_vec(), ours.to_vec()], ..Row::new("k", "t").target(target) }
    }

    #[test]
    fn the_ratio_is_taken_round_by_round() {
        // The machine was ten times slower in the last two rounds, for both.
        let row = row(Target::FloorTimes(1.4), &[10.0, 100.0, 100.0], &[12.0, 120.0, 120.0]);
        assert_eq!(row.ratio(1, 0), Some(1.2));
        assert_eq!(row.verdict(1, Some(0)), Verdict::Met);
    }

    #[test]
    fn a_target_is_missed_on_the_wrong_side_of_its_limit() {
        let share = row(Target::FloorShare(0.5), &[100.0], &[49.0]);
        assert_eq!(share.verdict(1, Some(0)), Verdict::Missed);
        let limit = row(Target::AtMost(4.0), &[1.0], &[4.1]);
        assert_eq!(limit.verdict(1, Some(0)), Verdict::Missed);
        let none = row(Target::AtMost(4.0), &[1.0], &[]);
        assert_eq!(none.verdict(1, Some(0)), Verdict::None);
    }

    #[test]
    fn no_slower_than_the_floor_is_even_when_the_rounds_disagree() {
        let floor = [1.0, 1.0, 1.0, 1.0];
        let even = row(Target::Floor, &floor, &[0.9, 0.99, 1.04, 1.1]);
        assert_eq!(even.verdict(1, Some(0)), Verdict::Even);
        let slower = row(Target::Floor, &floor, &[1.03, 1.04, 1.04, 1.1]);
        assert_eq!(slower.verdict(1, Some(0)), Verdict::Missed);
    }
}
