//! Taxes by the customer's address. Only a few places have taxes here.

use serde_json::Value;

use super::totals::TaxedLine;
use super::{accounts, addresses};
use crate::product::records::Records;

/// Country, state, hundredths of a percent, name. A state comes before its country.
const RATES: &[(&str, &str, i64, &str)] = &[
    ("US", "NY", 888, "sales tax"),
    ("US", "CA", 725, "sales tax"),
    ("US", "TX", 625, "sales tax"),
    ("US", "IL", 625, "sales tax"),
    ("US", "MA", 625, "sales tax"),
    ("CA", "ON", 1300, "HST"),
    ("CA", "NS", 1400, "HST"),
    ("CA", "", 500, "GST"),
    ("DE", "", 700, "USt"),
    ("FR", "", 550, "TVA"),
    ("GB", "", 2000, "VAT"),
];

/// The tax on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tax {
    rate: i64,
    name: &'static str,
}

/// Returns the tax that a customer pays; none if the account adds none.
pub(super) fn of_customer(records: &Records, customer: &Value) -> Tax {
    let none = Tax { rate: 0, name: "" };
    if accounts::current(records)["taxes_enabled"] != true {
        return none;
    }
    let Some(address) = addresses::of_taxes(records, customer) else { return none };
    let fits = |(country, state, ..): &&(&str, &str, i64, &str)| {
        address["country"] == *country && (state.is_empty() || address["state"] == *state)
    };
    RATES.iter().find(fits).map_or(none, |(_, _, rate, name)| Tax { rate: *rate, name })
}

impl Tax {
    /// Returns a line with this tax.
    pub(super) fn on(self, line: &Value) -> TaxedLine {
        let tax_name = (self.rate > 0).then(|| self.name.to_owned());
        TaxedLine { tax_rate: self.rate, tax_name, ..TaxedLine::of(line) }
    }

    /// Returns the tax of a stored line.
    pub(super) fn added_to(self, mut line: Value) -> Value {
        if self.rate > 0 {
            line["tax_rate"] = self.rate.into();
            line["tax_name"] = self.name.into();
        }
        line
    }
}
