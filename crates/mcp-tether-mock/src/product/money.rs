//! Arithmetic of amounts in minor units: whole numbers only, and halves round up.

/// Formats an amount for people: `499.05`.
pub(crate) fn decimal(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", amount.abs() / 100, amount.abs() % 100)
}

/// Returns `points` hundredths of a percent of a non-negative amount, rounded to the minor unit.
pub(crate) fn basis_points(amount: i64, points: i64) -> i64 {
    portion(amount, points, 10_000)
}

/// Returns `amount * part / whole`, rounded to the minor unit; 0 if `whole` is 0.
pub(crate) fn portion(amount: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    i64::try_from((2 * amount * part + whole).div_euclid(2 * whole)).unwrap_or(i64::MAX)
}

/// Splits `amount` in proportion to `weights`. The shares add up to it, unless every weight is 0.
pub(crate) fn shared(amount: i64, weights: &[i64]) -> Vec<i64> {
    let (mut left, mut weight) = (amount, weights.iter().sum::<i64>());
    let mut shares = Vec::with_capacity(weights.len());
    for own in weights {
        let share = portion(left, *own, weight);
        shares.push(share);
        left -= share;
        weight -= own;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_two_digits() {
        assert_eq!(decimal(49_905), "499.05");
        assert_eq!(decimal(-5), "-0.05");
    }

    #[test]
    fn rounding_is_to_the_nearest_and_large_amounts_do_not_overflow() {
        assert_eq!((basis_points(999, 875), basis_points(1_000, 5)), (87, 1));
        assert_eq!(portion(100_000_000_000, 9_999, 10_000), 99_990_000_000);
    }

    #[test]
    fn shares_add_up() {
        for (amount, weights) in [(100, vec![1, 1, 1]), (7, vec![0, 3, 0, 4]), (5, vec![0, 0])] {
            let shares = shared(amount, &weights);
            let expected = if weights.iter().sum::<i64>() == 0 { 0 } else { amount };
            assert_eq!(shares.iter().sum::<i64>(), expected, "{shares:?}");
        }
        assert_eq!(shared(100, &[1, 1, 1]), [33, 34, 33]);
    }
}
