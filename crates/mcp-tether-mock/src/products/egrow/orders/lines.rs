//! `modify_line_items`, and the swap of `modify_order`.

use serde_json::json;

use super::super::desk::{Desk, money, same_text};
use super::super::desk_error::{DeskError, DeskResult};
use super::super::model::{Order, OrderLine, Refund};
use crate::product::field::ToolInput;

/// A quantity of one line.
struct Portion {
    position: usize,
    quantity: i64,
}

/// The change, checked against the order as it is.
struct LineChange {
    order: Order,
    refunds: bool,
    portions: Vec<Portion>,
}

impl LineChange {
    fn read(desk: &Desk, input: ToolInput<'_>) -> Result<Self, DeskError> {
        let order = desk.order(input.needed("order"))?.clone();
        let refunds = input.text("operation") == Some("refund");
        not_cancelled(desk, &order)?;
        if refunds && order.paid() == 0 {
            let message = format!("`{}` was not paid, so nothing can be refunded", order.number);
            return Err(DeskError::state(message, "use the operation `remove`"));
        }
        if !refunds && !desk.is_unfulfilled(&order) {
            let message = format!("`{}` was sent, so its lines cannot be removed", order.number);
            return Err(DeskError::state(message, "use the operation `refund`"));
        }
        if !refunds && order.paid() > 0 {
            let message = format!("`{}` was paid, so its lines cannot just go", order.number);
            return Err(DeskError::state(message, "use the operation `refund`"));
        }
        let mut portions: Vec<Portion> = Vec::new();
        for given in input.objects("lines") {
            let portion = portion(&order, given, refunds)?;
            if portions.iter().any(|known| known.position == portion.position) {
                let message = format!("line `{}` is named twice", given.needed("line"));
                return Err(DeskError::invalid(message, "name each line once"));
            }
            portions.push(portion);
        }
        let left: i64 = order.lines.iter().map(|line| line.quantity).sum();
        if !refunds && left == portions.iter().map(|portion| portion.quantity).sum::<i64>() {
            let message = "an order cannot lose all of its lines";
            return Err(DeskError::state(message, "cancel it with `update_order`"));
        }
        let change = Self { order, refunds, portions };
        if refunds && change.amount() > change.order.paid() - change.order.refunded() {
            let left = money(change.order.paid() - change.order.refunded());
            let message = format!("only {left} of what was paid are left to refund");
            return Err(DeskError::state(message, "refund fewer"));
        }
        Ok(change)
    }

    /// Returns the price of the portions, less their share of the discount. The share is computed
    /// for all refunds so far, less the shares already used, so that partial refunds add up
    /// exactly.
    fn amount(&self) -> i64 {
        let goods: i64 = self
            .portions
            .iter()
            .map(|p| self.order.lines[p.position].unit_price * p.quantity)
            .sum();
        let before: i64 =
            self.order.lines.iter().map(|line| line.unit_price * line.refunded_quantity).sum();
        let share = |goods: i64| self.order.discount * goods / self.order.subtotal().max(1);
        goods - (share(before + goods) - share(before))
    }

    fn named(&self) -> String {
        let named =
            |p: &Portion| format!("{} × {}", p.quantity, self.order.lines[p.position].title);
        self.portions.iter().map(named).collect::<Vec<_>>().join(" and ")
    }
}

fn not_cancelled(desk: &Desk, order: &Order) -> Result<(), DeskError> {
    if desk.is_cancelled(order) {
        let message = format!("`{}` is cancelled", order.number);
        return Err(DeskError::state(message, "nothing is left to change in it"));
    }
    Ok(())
}

/// Returns a line, by id or SKU, and a quantity of it.
fn portion(order: &Order, given: ToolInput<'_>, refunds: bool) -> Result<Portion, DeskError> {
    let (position, line) = line(order, given.needed("line"))?;
    let left = if refunds { line.quantity - line.refunded_quantity } else { line.quantity };
    let quantity = given.whole("quantity").unwrap_or(left);
    if quantity > left || quantity == 0 {
        let message = format!("of line `{}` only {left} are left", line.sku);
        return Err(DeskError::state(message, "choose a smaller quantity"));
    }
    Ok(Portion { position, quantity })
}

fn line<'a>(order: &'a Order, name: &str) -> Result<(usize, &'a OrderLine), DeskError> {
    let mut all = order.lines.iter().enumerate();
    all.find(|(_, line)| line.id == name || same_text(&line.sku, name)).ok_or_else(|| {
        let skus: Vec<_> = order.lines.iter().map(|line| format!("`{}`", line.sku)).collect();
        let hint = format!("the lines of `{}` are {}", order.number, skus.join(", "));
        DeskError::not_found("line", name, hint)
    })
}

pub(super) fn preview(desk: &Desk, input: ToolInput<'_>) -> Result<String, DeskError> {
    let change = LineChange::read(desk, input)?;
    let (named, number) = (change.named(), &change.order.number);
    Ok(if change.refunds {
        format!("Refund {} for {named} on order {number}", money(change.amount()))
    } else {
        format!("Remove {named} from order {number}")
    })
}

pub(super) fn apply(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let change = LineChange::read(desk, input)?;
    let reason = input.text("reason").unwrap_or_default();
    let named = change.named();
    let amount = change.amount();
    let restocks = input.flag("restock") == Some(true);
    if change.refunds {
        refund(desk, &change, reason, restocks)?;
    } else {
        remove(desk, &change)?;
    }
    if !change.refunds || restocks {
        for portion in &change.portions {
            desk.restock(&change.order.lines[portion.position].variant_id, portion.quantity);
        }
    }
    let done = if change.refunds { "refunded" } else { "removed" };
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    desk.note(&change.order.id, format!("{done} {named}{because}"))?;
    let order = desk.order_in_full(desk.order(&change.order.id)?);
    Ok(json!({ "operation": done, "items": named, "amount": amount, "order": order }))
}

fn refund(
    desk: &mut Desk,
    change: &LineChange,
    reason: &str,
    restocks: bool,
) -> Result<(), DeskError> {
    let refund = Refund {
        id: desk.new_id("ref"),
        amount: change.amount(),
        reason: reason.to_owned(),
        line_ids: change
            .portions
            .iter()
            .map(|p| change.order.lines[p.position].id.clone())
            .collect(),
        at: desk.tick(),
    };
    let order = desk.order_mut(&change.order.id)?;
    for portion in &change.portions {
        let line = &mut order.lines[portion.position];
        line.refunded_quantity += portion.quantity;
        line.restocked_quantity += if restocks { portion.quantity } else { 0 };
    }
    order.refunds.push(refund);
    Ok(())
}

fn remove(desk: &mut Desk, change: &LineChange) -> Result<(), DeskError> {
    let order = desk.order_mut(&change.order.id)?;
    for portion in &change.portions {
        order.lines[portion.position].quantity -= portion.quantity;
    }
    order.lines.retain(|line| line.quantity > 0);
    order.discount = order.discount.min(order.subtotal());
    Ok(())
}

/// Replaces the variant of a line; returns a description of the change.
pub(super) fn swap(
    desk: &mut Desk,
    order: &Order,
    line_name: &str,
    variant_name: &str,
) -> Result<String, DeskError> {
    not_cancelled(desk, order)?;
    let (position, old) = line(order, line_name)?;
    if !desk.is_unfulfilled(order) {
        let message = format!("`{}` was sent, so its variants cannot be swapped", order.number);
        return Err(DeskError::state(message, "see the workflow `exchange`"));
    }
    if old.refunded_quantity > 0 {
        let message = format!("line `{}` was refunded in part", old.sku);
        return Err(DeskError::state(message, "refund the rest and order the other variant"));
    }
    let (product, variant) = desk.variant(variant_name)?;
    if product.id != old.product_id {
        let message = format!("`{variant_name}` is a variant of another product");
        return Err(DeskError::invalid(message, "find the right one with `find_variants`"));
    }
    if variant.stock < old.quantity {
        let message = format!("only {} of `{}` are in stock", variant.stock, variant.sku);
        return Err(DeskError::state(message, "choose another variant"));
    }
    let new = OrderLine {
        variant_id: variant.id.clone(),
        sku: variant.sku.clone(),
        title: format!("{}, {}", product.title, variant.title),
        unit_price: variant.price,
        ..old.clone()
    };
    let what = format!("swapped {} for {}", old.title, new.title);
    desk.restock(&old.variant_id, old.quantity);
    desk.restock(&new.variant_id, -new.quantity);
    let order = desk.order_mut(&order.id)?;
    order.lines[position] = new;
    order.discount = order.discount.min(order.subtotal());
    Ok(what)
}
