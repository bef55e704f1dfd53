//! The tools that change orders, and what several of them use.

mod bulk_move_stage;
mod create_order;
mod merge_orders;
mod modify_line_items;
mod modify_order;
mod update_order;

use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskError;
use crate::products::egrow::entry::Entry;
use crate::products::egrow::model::{Confirmation, FulfillmentState, Order, OrderLine, Stage};

const ADDRESS: &[Field] = &[
    may("name", Shape::Text, "who receives"),
    may("phone", Shape::Text, "who the courier calls"),
    may("line1", Shape::Text, "street and number"),
    may("city", Shape::Text, "city"),
    may("postalCode", Shape::Text, "postal code"),
    may("country", Shape::Text, "country as two letters"),
];

pub(crate) const CHANGING: &[Entry] = &[
    create_order::TOOL,
    update_order::TOOL,
    modify_order::TOOL,
    bulk_move_stage::TOOL,
    modify_line_items::TOOL,
    merge_orders::TOOL,
];

/// Moves one order to a stage of its pipeline, and updates the location of its goods.
fn enter(desk: &mut Desk, order: &Order, name: &str) -> Result<(), DeskError> {
    let stage = desk.stage(name, Some(&order.pipeline_id))?.1.clone();
    may_enter(desk, order, &stage)?;
    let cancels = stage.confirmation == Confirmation::Cancelled;
    let was_cancelled = desk.is_cancelled(order);
    for line in &order.lines {
        if cancels && !was_cancelled {
            desk.restock(&line.variant_id, line.taken());
        } else if was_cancelled && !cancels {
            desk.restock(&line.variant_id, -line.taken());
        }
    }
    desk.order_mut(&order.id)?.stage_id = stage.id;
    desk.note(&order.id, format!("stage is now {}", stage.name))
}

fn may_enter(desk: &Desk, order: &Order, stage: &Stage) -> Result<(), DeskError> {
    let now = desk.stage_of(order);
    let sent = now.fulfillment != FulfillmentState::Unfulfilled;
    if sent && stage.fulfillment == FulfillmentState::Unfulfilled {
        let message =
            format!("`{}` is {} and cannot become {}", order.number, now.name, stage.name);
        return Err(DeskError::state(message, "what was sent can only be delivered or returned"));
    }
    if stage.confirmation == Confirmation::Cancelled && order.paid() > order.refunded() {
        let message = format!("`{}` was paid and cannot be cancelled as it is", order.number);
        return Err(DeskError::state(message, "refund its lines first with `modify_line_items`"));
    }
    let reopens = desk.is_cancelled(order) && stage.confirmation != Confirmation::Cancelled;
    let short = |line: &&OrderLine| {
        desk.variant(&line.variant_id).is_ok_and(|(_, variant)| variant.stock < line.taken())
    };
    if let Some(line) = order.lines.iter().find(|line| reopens && short(line)) {
        let message = format!("`{}` is out of stock by now", line.sku);
        return Err(DeskError::state(message, "create a new order with what there is"));
    }
    if let Some(into) = &order.merged_into {
        let message = format!("`{}` was merged into `{into}`", order.number);
        return Err(DeskError::state(message, "change that order"));
    }
    Ok(())
}

/// Returns an argument that this action requires.
fn given<'a>(input: ToolInput<'a>, name: &str) -> Result<&'a str, DeskError> {
    input.text(name).ok_or_else(|| {
        let action = input.needed("action");
        DeskError::invalid(format!("`{action}` needs `{name}`"), format!("say which `{name}`"))
    })
}
