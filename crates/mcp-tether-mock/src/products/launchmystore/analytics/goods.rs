//! Product reports: sales, returns, and days of stock left.

use serde_json::{Value, json};

use super::super::model::LineItem;
use super::super::model::Product;
use super::super::period::{self, Period};
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use super::counted::orders_in;
use crate::product::field::ToolInput;
use crate::product::money::portion;

/// The sales of one product or variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sold {
    units: i64,
    revenue: i64,
    refunded: i64,
    orders: i64,
}

impl Sold {
    fn of(shop: &Shop, span: Period, wanted: impl Fn(&LineItem) -> bool) -> Self {
        let mut sold = Self::default();
        for order in orders_in(shop, span) {
            let paid = order.paid_for_lines();
            let own: Vec<_> =
                order.lines.iter().zip(paid).filter(|(line, _)| wanted(line)).collect();
            sold.orders += i64::from(!own.is_empty());
            for (line, paid) in own {
                sold.units += line.quantity;
                sold.refunded += line.refunded;
                sold.revenue += paid;
            }
        }
        sold
    }

    fn to_json(self) -> Value {
        json!({
            "units": self.units,
            "revenue": self.revenue,
            "refundedUnits": self.refunded,
            "orders": self.orders,
        })
    }
}

pub(super) fn report(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let span = period::asked_or_30_days(shop, input)?;
    let products = match input.text("product") {
        Some(name) => {
            let product = shop.product(name)?;
            let mut line = line(shop, span, product).1;
            line["variants"] = variants(shop, span, product);
            vec![line]
        }
        None => {
            let limit = usize::try_from(input.whole("limit").unwrap_or(10)).unwrap_or(10);
            best(shop, span, input.text("sortBy").unwrap_or("revenue"), limit)
        }
    };
    Ok(json!({
        "from": span.first.to_string(),
        "to": span.last.to_string(),
        "currency": shop.setting("store", "currency"),
        "products": products,
    }))
}

/// Returns the best-selling products.
pub(super) fn best(shop: &Shop, span: Period, by: &str, limit: usize) -> Vec<Value> {
    let all = shop.products.iter().map(|product| line(shop, span, product));
    let mut all: Vec<(Sold, Value)> = all.filter(|(sold, _)| sold.units > 0).collect();
    all.sort_by_key(|(sold, _)| match by {
        "units" => (-sold.units, -sold.revenue),
        _ => (-sold.revenue, -sold.units),
    });
    all.into_iter().take(limit).map(|(_, line)| line).collect()
}

fn line(shop: &Shop, span: Period, product: &Product) -> (Sold, Value) {
    let sold = Sold::of(shop, span, |line| line.product_id == product.id);
    let mut line = sold.to_json();
    line["id"] = product.id.as_str().into();
    line["title"] = product.title.as_str().into();
    line["stock"] = product.stock().into();
    line["daysOfStock"] = days_left(product.stock(), sold, span);
    (sold, line)
}

/// Returns the days until the stock is sold out at this rate; `null` if nothing was sold.
fn days_left(stock: i64, sold: Sold, span: Period) -> Value {
    match sold.units {
        0 => Value::Null,
        units => portion(stock, span.days(), units).into(),
    }
}

fn variants(shop: &Shop, span: Period, product: &Product) -> Value {
    let variants = product.variants.iter().map(|variant| {
        let sold = Sold::of(shop, span, |line| line.variant_id == variant.id);
        let mut line = sold.to_json();
        line["sku"] = variant.sku.as_str().into();
        line["title"] = variant.title.as_str().into();
        line["stock"] = variant.stock.into();
        line
    });
    variants.collect()
}
