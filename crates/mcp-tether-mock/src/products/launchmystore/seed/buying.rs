//! The seeded orders. Some are written by hand, because people ask for them by number.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::customers::CUSTOMERS;
use super::super::model::{
    Fulfillment, LineItem, Order, OrderStatus, Quantity, Refund, TimelineEvent,
};
use super::super::orders::{price, update};
use super::super::record::text;
use super::super::shop::Shop;
use super::making::DAYS;
use super::{goods, people};
use crate::date::Date;
use crate::product::Moment;
use crate::product::draw::Draw;
use crate::product::field::ToolInput;

const ORDER_COUNT: i64 = 120;
/// How many of them came in this morning.
const ORDERS_TODAY: i64 = 5;
const FIRST_ORDER_NUMBER: i64 = 1001;

/// An order to place.
pub(super) struct Planned {
    at: Moment,
    customer: usize,
    lines: Vec<(String, i64)>,
    coupon: Option<&'static str>,
    outcome: Outcome,
}

/// The outcome of an order so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Unpaid,
    Paid,
    Shipped,
    Delivered,
    Returned,
    Cancelled,
}

/// Orders written by hand: number, customer, lines, outcome.
type ScriptedPurchase = (i64, usize, &'static [(&'static str, i64)], Outcome);

const SCRIPTED_ORDERS: [ScriptedPurchase; 3] = [
    (1003, 0, &[("MUG-WHI", 2), ("TSH-M", 1)], Outcome::Delivered),
    (1118, 4, &[("KET-STE", 1), ("COF-250", 2)], Outcome::Paid),
    (1119, 8, &[("TSH-L", 1), ("TOT-NAT", 1)], Outcome::Unpaid),
];

/// Returns all orders, oldest first.
pub(super) fn plan(draw: &mut Draw, today: Date) -> Vec<Planned> {
    (0..ORDER_COUNT).map(|position| planned(draw, today, position)).collect()
}

fn planned(draw: &mut Draw, today: Date, position: i64) -> Planned {
    let at = when(today, position);
    let scripted =
        SCRIPTED_ORDERS.iter().find(|(number, ..)| *number == FIRST_ORDER_NUMBER + position);
    if let Some((_, customer, lines, outcome)) = scripted {
        let lines = lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)).collect();
        return Planned { at, customer: *customer, lines, coupon: None, outcome: *outcome };
    }
    let outcome = outcome(draw, today.days_since(at.day()));
    // The first five customers buy often.
    let among = if draw.percent(35) { 5 } else { people::BUYERS };
    let customer = draw.below(among);
    let coupon = match draw.below(100) {
        0..12 => Some("WELCOME10"),
        12..18 => Some("KITCHEN5"),
        18..24 => Some("SHIPFREE"),
        _ => None,
    };
    Planned { at, customer, lines: lines(draw, outcome), coupon, outcome }
}

/// Returns the time of an order; they get denser towards today.
fn when(today: Date, position: i64) -> Moment {
    let before = ORDER_COUNT - ORDERS_TODAY;
    if position >= before {
        return Moment::on(today, 6 * 3600 + (position - before) * 2_400);
    }
    let left = before - position;
    Moment::on(today, -3_600 - (DAYS * 86_400 - 90_000) * left / before * left / before)
}

/// Returns an outcome: the older the order, the further it is.
fn outcome(draw: &mut Draw, age: i64) -> Outcome {
    let drawn = draw.below(100);
    let chances: &[(usize, Outcome)] = match age {
        0 => &[(75, Outcome::Paid), (100, Outcome::Unpaid)],
        1 => &[(55, Outcome::Paid), (70, Outcome::Unpaid), (100, Outcome::Shipped)],
        2..=4 => &[
            (20, Outcome::Paid),
            (25, Outcome::Unpaid),
            (95, Outcome::Shipped),
            (100, Outcome::Cancelled),
        ],
        _ => &[(6, Outcome::Cancelled), (14, Outcome::Returned), (100, Outcome::Delivered)],
    };
    chances.iter().find(|(upto, _)| drawn < *upto).map_or(Outcome::Paid, |(_, outcome)| *outcome)
}

fn lines(draw: &mut Draw, outcome: Outcome) -> Vec<(String, i64)> {
    let mut skus = goods::for_sale();
    if outcome == Outcome::Cancelled {
        // A cancelled order restocks its goods at once, so there must have been enough of them.
        skus.retain(|(_, left)| *left >= 10);
    }
    let mut lines: Vec<(String, i64)> = Vec::new();
    for _ in 0..=draw.below(3) {
        // The first products sell best.
        let at = draw.below(skus.len()).min(draw.below(skus.len()));
        let sku = &skus[at].0;
        if lines.iter().all(|(other, _)| other != sku) {
            lines.push((sku.clone(), if draw.percent(25) { 2 } else { 1 }));
        }
    }
    lines
}

/// Returns the quantity of each SKU that left the stock for good.
pub(super) fn sold(planned: &[Planned]) -> BTreeMap<String, i64> {
    let mut sold = BTreeMap::new();
    for order in planned.iter().filter(|order| order.outcome != Outcome::Cancelled) {
        for (sku, quantity) in &order.lines {
            *sold.entry(sku.clone()).or_default() += quantity;
        }
    }
    sold
}

/// Places an order on its day, and plays the events since then.
pub(super) fn buy(shop: &mut Shop, draw: &mut Draw, planned: Planned) {
    let Planned { at, customer, lines, coupon, outcome } = planned;
    shop.today = at.day();
    shop.clock = Moment(at.0 - 1);
    let customer = CUSTOMERS.find(shop, &people::email(customer));
    let customer = customer.expect("the table names its customers").clone();
    let id = text(&customer, "id").to_owned();
    let line = |(sku, quantity): &(String, i64)| {
        shop.line(sku, *quantity).expect("the table names its goods")
    };
    let lines: Vec<LineItem> = lines.iter().map(line).collect();
    let address = customer["address"].clone();
    let country = address["country"].as_str().unwrap_or_default();
    let priced = |coupon| price(shop, &lines, &id, country, None, coupon, at);
    // A coupon whose rules forbid it is dropped.
    let pricing = coupon.and_then(|code| priced(Some(code)).ok());
    let pricing = pricing.unwrap_or_else(|| priced(None).expect("something is sent everywhere"));
    let paid = !matches!(outcome, Outcome::Unpaid | Outcome::Cancelled);
    let order = shop.place(Order {
        id: String::new(),
        number: String::new(),
        customer_id: id,
        status: if paid { OrderStatus::Processing } else { OrderStatus::Pending },
        lines,
        coupon_code: pricing.coupon,
        discount: pricing.discount,
        shipping_method: pricing.method,
        shipping_fee: pricing.fee,
        tax: pricing.tax,
        paid_at: paid.then_some(at),
        shipping_address: address,
        note: String::new(),
        source: "online".to_owned(),
        fulfillments: Vec::new(),
        refunds: Vec::new(),
        timeline: vec![TimelineEvent { at, what: "order placed in the shop".to_owned() }],
        created_at: at,
        updated_at: at,
    });
    since(shop, draw, &order, outcome);
}

fn since(shop: &mut Shop, draw: &mut Draw, id: &str, outcome: Outcome) {
    match outcome {
        Outcome::Unpaid | Outcome::Paid => {}
        Outcome::Cancelled => {
            let order = shop.order(id).expect("it was just placed");
            let input = json!({ "id": order.number, "status": "cancelled" });
            update(shop, ToolInput(&input)).expect("it was neither paid nor sent");
        }
        Outcome::Shipped | Outcome::Delivered | Outcome::Returned => {
            send(shop, draw, id);
            if outcome != Outcome::Shipped {
                deliver(shop, id, outcome == Outcome::Returned);
            }
        }
    }
}

fn send(shop: &mut Shop, draw: &mut Draw, id: &str) {
    let parcel = shop.new_id("ful");
    let carrier = ["UPS", "USPS", "DHL"][draw.below(3)];
    let order = shop.order_mut(id).expect("it was just placed");
    let sent = order.created_at.plus_hours(20);
    let lines = order
        .lines
        .iter()
        .map(|line| Quantity { line_id: line.id.clone(), quantity: line.quantity });
    let fulfillment = Fulfillment {
        id: parcel,
        lines: lines.collect(),
        carrier: carrier.to_owned(),
        tracking_number: Some(format!("{}{:09}", &carrier[..2], order.created_at.0 % 999_999_937)),
        created_at: sent,
    };
    order.send(fulfillment);
    order.updated_at = sent;
    order.timeline.push(TimelineEvent { at: sent, what: format!("goods handed to {carrier}") });
}

/// Delivers an order, and refunds part of it if `comes_back`.
fn deliver(shop: &mut Shop, id: &str, comes_back: bool) {
    let refund = shop.new_id("ref");
    let order = shop.order_mut(id).expect("it was just placed");
    let arrived = order.created_at.plus_hours(92);
    order.status = OrderStatus::Delivered;
    order.updated_at = arrived;
    order.timeline.push(TimelineEvent { at: arrived, what: "status is now delivered".to_owned() });
    if comes_back {
        let amount = order.worth(0, 1);
        let line_id = order.lines[0].id.clone();
        order.lines[0].refunded = 1;
        order.refunds.push(Refund {
            id: refund,
            amount,
            lines: vec![Quantity { line_id, quantity: 1 }],
            shipping: 0,
            reason: "did not fit".to_owned(),
            restocked: false,
            created_at: arrived.plus_hours(10),
        });
        let what = "one piece was refunded".to_owned();
        order.timeline.push(TimelineEvent { at: arrived.plus_hours(10), what });
    }
}
