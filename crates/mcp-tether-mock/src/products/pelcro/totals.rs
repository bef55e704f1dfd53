//! Totals of lines: discount and taxes exact to the minor unit. A discount is rounded once and
//! split among the lines, so that the parts add up; each line is taxed after its discount.

use serde_json::{Value, json};

use crate::product::money::{basis_points, portion, shared};
use crate::product::records::{RecordError, number};

/// The largest amount of an invoice, in minor units.
const MAX_AMOUNT: i64 = 100_000_000_000;

/// One line before discount and tax.
#[derive(Clone, Debug)]
pub(super) struct TaxedLine {
    pub(super) description: String,
    pub(super) quantity: i64,
    pub(super) unit_price: i64,
    /// In hundredths of a percent.
    pub(super) tax_rate: i64,
    pub(super) tax_name: Option<String>,
}

impl TaxedLine {
    pub(super) fn of(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        Self {
            description: text("description").unwrap_or_default(),
            quantity: number(line, "quantity"),
            unit_price: number(line, "unit_price"),
            tax_rate: number(line, "tax_rate"),
            tax_name: text("tax_name"),
        }
    }

    pub(super) fn amount(&self) -> i64 {
        self.quantity.saturating_mul(self.unit_price)
    }
}

/// The discount of a coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Discount {
    None,
    Percent(i64),
    Amount(i64),
}

impl Discount {
    fn of(self, subtotal: i64) -> i64 {
        match self {
            Self::None => 0,
            Self::Percent(percent) => portion(subtotal, percent, 100),
            Self::Amount(amount) => amount.min(subtotal),
        }
    }
}

/// Sums of an invoice.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InvoiceTotals {
    /// Lines as they are shown.
    pub(super) lines: Vec<Value>,
    pub(super) subtotal: i64,
    pub(super) discount: i64,
    pub(super) tax: i64,
}

impl InvoiceTotals {
    pub(super) fn of(lines: &[TaxedLine], discount: Discount) -> Result<Self, RecordError> {
        let amounts: Vec<i64> = lines.iter().map(TaxedLine::amount).collect();
        let subtotal = amounts.iter().fold(0_i64, |sum, amount| sum.saturating_add(*amount));
        if subtotal > MAX_AMOUNT {
            let message = "The line_items come to more than an invoice can hold.";
            return Err(RecordError::invalid("line_items", message));
        }
        let discount = discount.of(subtotal);
        let parts = shared(discount, &amounts);
        let mut tax = 0;
        let shown = lines.iter().zip(amounts.iter().zip(&parts)).map(|(line, (amount, off))| {
            let own_tax = basis_points(amount - off, line.tax_rate);
            tax += own_tax;
            json!({
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "amount": amount,
                "discount": off,
                "tax_rate": line.tax_rate,
                "tax_name": line.tax_name,
                "tax": own_tax,
            })
        });
        let lines = shown.collect();
        Ok(Self { lines, subtotal, discount, tax })
    }

    pub(super) fn total(&self) -> i64 {
        self.subtotal - self.discount + self.tax
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(quantity: i64, unit_price: i64, tax_rate: i64) -> TaxedLine {
        let (description, tax_name) = ("x".to_owned(), None);
        TaxedLine { description, quantity, unit_price, tax_rate, tax_name }
    }

    #[test]
    fn a_discount_comes_off_before_taxes() {
        let lines = [line(2, 999, 888), line(1, 500, 0)];
        let totals = InvoiceTotals::of(&lines, Discount::Percent(20)).unwrap();
        assert_eq!((totals.subtotal, totals.discount), (2_498, 500));
        assert_eq!(totals.lines[0]["discount"], 400);
        assert_eq!(totals.tax, 142, "8.88 % of 15.98");
        assert_eq!(totals.total(), 2_140);
        assert_eq!(InvoiceTotals::of(&lines, Discount::Amount(9_999)).unwrap().total(), 0);
        assert!(InvoiceTotals::of(&[line(i64::MAX, 2, 0)], Discount::None).is_err());
    }

    proptest! {
        #[test]
        fn parts_add_up(
            lines in prop::collection::vec((1..50_i64, 0..100_000_i64, 0..3_000_i64), 1..8),
            percent in 0..=100_i64,
        ) {
            let lines: Vec<_> = lines.into_iter().map(|(q, p, t)| line(q, p, t)).collect();
            let totals = InvoiceTotals::of(&lines, Discount::Percent(percent)).unwrap();
            let sum = |member: &str| -> i64 {
                totals.lines.iter().map(|line| number(line, member)).sum()
            };
            prop_assert_eq!(sum("amount"), totals.subtotal);
            prop_assert_eq!(sum("discount"), totals.discount);
            prop_assert_eq!(sum("tax"), totals.tax);
            prop_assert!(totals.total() >= 0);
        }
    }
}
