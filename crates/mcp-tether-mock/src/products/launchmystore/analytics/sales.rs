//! Sales: sums of orders by the day they were placed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::model::{LineItem, Order};
use super::super::period::{self, Period};
use super::super::record::text;
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use super::counted::orders_in;
use crate::date::Date;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::money::portion;

pub(super) const GROUP: &[Field] = &[may(
    "groupBy",
    Shape::OneOf(&["day", "week", "month", "category"]),
    "what the rows stand for, days if left out",
)];

/// Sums over orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) orders: i64,
    gross: i64,
    discounts: i64,
    refunds: i64,
    shipping: i64,
    tax: i64,
    total: i64,
}

impl Sums {
    pub(super) fn of<'a>(orders: impl Iterator<Item = &'a Order>) -> Self {
        let mut sums = Self::default();
        for order in orders {
            sums.add(order);
        }
        sums
    }

    fn add(&mut self, order: &Order) {
        self.orders += 1;
        self.gross += order.subtotal();
        self.discounts += order.discount;
        self.refunds += order.refunded();
        self.shipping += order.shipping_fee;
        self.tax += order.tax;
        self.total += order.total();
    }

    /// Returns the total after discounts and refunds.
    pub(super) fn net(&self) -> i64 {
        self.total - self.refunds
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "orders": self.orders,
            "grossSales": self.gross,
            "discounts": self.discounts,
            "shipping": self.shipping,
            "tax": self.tax,
            "total": self.total,
            "refunds": self.refunds,
            "net": self.net(),
            "averageOrder": portion(self.total, 1, self.orders),
        })
    }
}

pub(super) fn report(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let span = period::asked_or_30_days(shop, input)?;
    let before = span.before();
    let rows = match input.text("groupBy") {
        Some("category") => by_category(shop, span),
        group => by_time(shop, span, group.unwrap_or("day")),
    };
    Ok(json!({
        "from": span.first.to_string(),
        "to": span.last.to_string(),
        "currency": shop.setting("store", "currency"),
        "totals": Sums::of(orders_in(shop, span)).to_json(),
        "before": {
            "from": before.first.to_string(),
            "to": before.last.to_string(),
            "totals": Sums::of(orders_in(shop, before)).to_json(),
        },
        "rows": rows,
    }))
}

/// Returns a row for each day, week or month of a period, including those without sales.
fn by_time(shop: &Shop, span: Period, group: &str) -> Value {
    let mut rows: BTreeMap<Date, Sums> =
        span.each().map(|day| (start(day, group), Sums::default())).collect();
    for order in orders_in(shop, span) {
        rows.entry(start(order.created_at.day(), group)).or_default().add(order);
    }
    let row = |(day, sums): (Date, Sums)| {
        let mut row = sums.to_json();
        row[group] = match group {
            "month" => day.to_string()[..7].into(),
            _ => day.to_string().into(),
        };
        row
    };
    rows.into_iter().map(row).collect()
}

/// Returns the first day of the day, week or month that contains `day`. Weeks begin on Monday, such
/// as 1970-01-05.
fn start(day: Date, group: &str) -> Date {
    match group {
        "week" => day.plus_days(-(day.epoch_seconds() / 86_400 - 4).rem_euclid(7)),
        "month" => day.plus_days(1 - i64::from(day.parts().2)),
        _ => day,
    }
}

/// Returns the sales of each category. A product in two categories counts in both.
fn by_category(shop: &Shop, span: Period) -> Value {
    let lines: Vec<&LineItem> = orders_in(shop, span).flat_map(|order| &order.lines).collect();
    let mut rows: Vec<(i64, Value)> = Vec::new();
    for category in shop.records("categories") {
        let of = |line: &&&LineItem| {
            let product = shop.product(&line.product_id);
            product.is_ok_and(|product| {
                product.category_ids.iter().any(|id| id == text(category, "id"))
            })
        };
        let own: Vec<&&LineItem> = lines.iter().filter(of).collect();
        let gross: i64 = own.iter().map(|line| line.total()).sum();
        let units: i64 = own.iter().map(|line| line.quantity).sum();
        let row = json!({
            "category": text(category, "name"), "categoryId": text(category, "id"),
            "units": units, "grossSales": gross,
        });
        rows.push((gross, row));
    }
    rows.sort_by_key(|(gross, _)| -gross);
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let start = |day: &str, group| start(day.parse().unwrap(), group).to_string();
        assert_eq!(start("2026-11-25", "week"), "2026-11-23");
        assert_eq!(start("2026-11-23", "week"), "2026-11-23");
        assert_eq!(start("2026-11-22", "week"), "2026-11-16");
        assert_eq!(start("2026-11-25", "month"), "2026-11-01");
        assert_eq!(start("2026-11-25", "day"), "2026-11-25");
    }
}
