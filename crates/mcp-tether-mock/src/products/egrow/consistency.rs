//! A property test with random sequences of calls, made like tool calls. Afterwards the data is
//! consistent: no goods appear or vanish, sums of money are exact, references resolve, failed calls
//! changed nothing, and successful calls are in the audit log.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::desk::Desk;
use super::desk_error::DeskResult;
use super::entry::{Entry, Run};
use super::model::Payment;
use super::{entries, graphql, seed};
use crate::product::field::ToolInput;

/// A random call: the action and the records to apply it to.
#[derive(Clone, Debug)]
struct Step {
    what: usize,
    first: usize,
    second: usize,
    quantity: i64,
    flag: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..14_usize, 0..10_000_usize, 0..10_000_usize, 1..4_i64, any::<bool>());
    let step = step.prop_map(|(what, first, second, quantity, flag)| Step {
        what,
        first,
        second,
        quantity,
        flag,
    });
    prop::collection::vec(step, 1..40)
}

/// Turns a step into a call on the current data.
fn call(desk: &Desk, step: &Step) -> (&'static str, Value) {
    let Step { what, first, second, quantity, flag } = *step;
    let order = |at: usize| &desk.orders[at % desk.orders.len()];
    let number = |at: usize| order(at).number.clone();
    let customer = |at: usize| desk.customers[at % desk.customers.len()].id.clone();
    let variants: Vec<_> = desk.variants().collect();
    let (product, variant) = variants[second % variants.len()];
    let line = order(first).lines.get(second % order(first).lines.len().max(1));
    let line = line.map(|line| json!({ "line": line.id, "quantity": quantity }));
    // Often the newest order, because it allows the most actions.
    let open = if flag { number(desk.orders.len() - 1) } else { number(first) };
    match what {
        0 | 1 => (
            "create_order",
            json!({
                "customerId": customer(first),
                "lines": [
                    { "variant": variant.sku, "quantity": quantity },
                    { "variant": variants[first % variants.len()].1.sku, "quantity": 1 },
                ],
                "discount": second % 900, "shippingFee": first % 4000,
            }),
        ),
        2 | 3 => {
            let stages = &desk.pipelines[0].stages;
            ("update_order", json!({ "order": open, "stage": stages[second % stages.len()].name }))
        }
        4 | 5 => {
            let lines = line.into_iter().collect::<Vec<_>>();
            let operation = if what == 4 { "refund" } else { "remove" };
            let call = json!({
                "order": number(first), "operation": operation, "lines": lines, "restock": flag,
            });
            ("modify_line_items", call)
        }
        6 => {
            let line = order(first).lines.first().map(|line| line.sku.clone());
            let call = json!({
                "order": number(first), "action": "swap_variant",
                "line": line.unwrap_or_default(), "variant": variant.sku,
            });
            ("modify_order", call)
        }
        7 => {
            let duplicates = [number(second)];
            let call = json!({ "primary": open, "duplicates": duplicates, "addLines": !flag });
            ("merge_orders", call)
        }
        8 => (
            "merge_customers",
            json!({ "primary": customer(first), "duplicates": [customer(second)] }),
        ),
        9 => {
            let phone = format!("+2126{:08}", first * 10_000 + second);
            ("create_customer", json!({ "name": "Drawn", "phone": phone, "city": "Fes" }))
        }
        10 => {
            let change = json!({ "variant": variant.sku, "stock": first % 50 });
            ("update_product", json!({ "product": product.id, "variants": [change] }))
        }
        11 => {
            let action = if flag { "attach_customer" } else { "detach_customer" };
            let call = json!({
                "order": number(first), "action": action, "customer": customer(second),
            });
            ("modify_order", call)
        }
        12 => (
            "bulk_move_stage",
            json!({
                "fromStage": "Pending", "toStage": "Cancelled",
                "query": number(first), "dryRun": flag,
            }),
        ),
        _ => {
            let query = format!(
                "mutation {{ updateOrder(order: \"{open}\", stage: \"Confirmed\") {{ id }} \
                 bulkBlacklistCustomers(customers: [\"{}\"], blacklisted: {flag}) {{ changed }} }}",
                customer(second),
            );
            ("graphql_mutation", json!({ "query": query }))
        }
    }
}

fn entry(tool: &str) -> &'static Entry {
    graphql::offer(entries());
    entries().find(|entry| entry.name == tool).unwrap()
}

/// Runs a tool like a tool call does.
fn play(desk: &mut Desk, tool: &str, arguments: &Value) -> DeskResult {
    let entry = entry(tool);
    assert_eq!(entry.to_tool().misfits(arguments), [], "{tool} {arguments}");
    let input = ToolInput(arguments);
    match entry.run {
        Run::Write(write) => desk.run(entry, "none", input, write),
        Run::Confirmed { preview, apply } => {
            preview(desk, input)?;
            let done = desk.run(entry, "none", input, apply);
            assert!(done.is_ok(), "{tool} {arguments} was announced and failed: {done:?}");
            done
        }
        Run::About(_) | Run::Read(_) => panic!("{tool} changes nothing"),
    }
}

/// Returns the quantity of each variant: in stock and with customers.
fn goods(desk: &Desk) -> BTreeMap<String, i64> {
    let mut goods: BTreeMap<_, _> =
        desk.variants().map(|(_, variant)| (variant.id.clone(), variant.stock)).collect();
    for order in desk.orders.iter().filter(|order| !desk.is_cancelled(order)) {
        for line in &order.lines {
            *goods.entry(line.variant_id.clone()).or_default() +=
                line.quantity - line.restocked_quantity;
        }
    }
    goods
}

fn check(desk: &Desk) {
    let mut numbers = BTreeSet::new();
    for order in &desk.orders {
        assert!(numbers.insert(&order.number), "{} is there twice", order.number);
        assert!(order.refunded() <= order.paid(), "{}: more went than came", order.number);
        assert!(order.total() >= 0 && !order.lines.is_empty(), "{}", order.number);
        if let Some(customer) = &order.customer_id {
            assert!(desk.customers.iter().any(|known| known.id == *customer), "{customer}");
        }
        desk.stage_of(order);
        let subtotal: i64 = order.lines.iter().map(|l| l.quantity * l.unit_price).sum();
        assert_eq!(order.total(), subtotal + order.shipping_fee - order.discount);
        for line in &order.lines {
            assert!(line.quantity > 0 && line.refunded_quantity <= line.quantity);
            assert!(line.restocked_quantity <= line.refunded_quantity);
            desk.variant(&line.variant_id).unwrap();
        }
    }
    assert!(desk.variants().all(|(_, variant)| variant.stock >= 0), "less than nothing in stock");
    let mut phones = BTreeSet::new();
    assert!(desk.customers.iter().all(|customer| phones.insert(&customer.phone)));
    for into in desk.merged_customers.values() {
        desk.customer(into).unwrap();
    }
}

/// Returns the data without the counters, which advance even in calls that fail.
fn content(desk: &Desk) -> Value {
    let mut content = serde_json::to_value(desk).unwrap();
    for counter in ["next_id", "clock"] {
        content.as_object_mut().unwrap().remove(counter);
    }
    content
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_keeps_the_data_consistent(seed in 1..50_u64, steps in steps()) {
        let mut desk = seed::desk(seed, "2026-11-21".parse().unwrap());
        for step in &steps {
            let (tool, arguments) = call(&desk, step);
            if !entry(tool).to_tool().misfits(&arguments).is_empty() {
                continue; // Drawn on an order that has no line of that kind.
            }
            let (before, held, noted) = (content(&desk), goods(&desk), desk.audit.len());
            let done = play(&mut desk, tool, &arguments);
            check(&desk);
            let dry = arguments["dryRun"] == true;
            prop_assert_eq!(desk.audit.len() - noted, usize::from(done.is_ok() && !dry));
            if done.is_err() || dry {
                prop_assert_eq!(content(&desk), before, "{} {}: {:?}", tool, arguments, done);
            }
            if tool != "update_product" {
                prop_assert_eq!(goods(&desk), held, "{} {}", tool, arguments);
            }
        }
    }

    /// Refunding an order in any number of parts returns exactly the amount paid for its goods.
    #[test]
    fn refunds_in_parts_add_up_to_what_was_paid(
        quantities in prop::collection::vec(1..5_i64, 1..4),
        price in 1..10_000_i64,
        discount in 0..900_i64,
        order in any::<u64>(),
    ) {
        let mut desk = seed::desk(1, "2026-11-21".parse().unwrap());
        let skus = ["CAB-1ME", "CAP-BLA", "MUG-WHI", "CUS-NAT"];
        let lines: Vec<_> = quantities.iter().zip(skus.iter().cycle()).enumerate()
            .map(|(at, (quantity, sku))| {
                let price = price + i64::try_from(at).unwrap() * 7;
                json!({ "variant": sku, "quantity": quantity, "unitPrice": price })
            })
            .collect();
        let goods: i64 = lines.iter()
            .map(|l| l["quantity"].as_i64().unwrap() * l["unitPrice"].as_i64().unwrap()).sum();
        let discount = discount.min(goods);
        let made = json!({
            "customerId": "+212661000101", "lines": lines,
            "discount": discount, "shippingFee": 3500,
        });
        let made = play(&mut desk, "create_order", &made).unwrap();
        let number = made["number"].as_str().unwrap();
        let total = made["total"].as_i64().unwrap();
        let payment = Payment {
            id: "pay_drawn".to_owned(),
            method: "card".to_owned(),
            amount: total,
            paid_at: desk.clock,
        };
        desk.order_mut(number).unwrap().payments.push(payment);
        let mut pieces: Vec<_> = made["lines"].as_array().unwrap().iter()
            .flat_map(|line| {
                let count = usize::try_from(line["quantity"].as_i64().unwrap()).unwrap();
                vec![line["id"].clone(); count]
            })
            .collect();
        let length = u64::try_from(pieces.len()).unwrap();
        let turn = usize::try_from(order % length).unwrap();
        pieces.rotate_left(turn);
        for line in pieces {
            let refund = json!({
                "order": number, "operation": "refund", "lines": [{ "line": line, "quantity": 1 }],
            });
            play(&mut desk, "modify_line_items", &refund).unwrap();
        }
        prop_assert_eq!(desk.order(number).unwrap().refunded(), total - 3500);
    }
}
