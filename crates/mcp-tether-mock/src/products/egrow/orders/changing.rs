//! The table of tools that change orders, and the functions of the small ones.

use serde_json::json;

use super::super::customers::fill;
use super::super::desk::{AGENTS, Desk};
use super::super::desk_error::{DeskError, DeskResult};
use super::super::entry::{Class, Domain, Entry, OutputShape, Run};
use super::super::model::{Address, Confirmation, FulfillmentState, Order, OrderLine, Stage};
use super::super::shapes::{CHANGED_LINES, MERGED_ORDERS, MOVED, ORDER};
use super::{WHICH, create, lines, matching, merge};
use crate::product::field::{DAYS, Field, Shape, ToolInput, may, need};

const ADDRESS: &[Field] = &[
    may("name", Shape::Text, "who receives"),
    may("phone", Shape::Text, "who the courier calls"),
    may("line1", Shape::Text, "street and number"),
    may("city", Shape::Text, "city"),
    may("postalCode", Shape::Text, "postal code"),
    may("country", Shape::Text, "country as two letters"),
];

const NEW_LINE: &[Field] = &[
    need("variant", Shape::Text, "id or SKU"),
    need("quantity", Shape::Whole(1, 1000), "how many"),
    may("unitPrice", Shape::Money, "another price than that of the catalogue"),
];

const NEW_CUSTOMER: &[Field] = &[
    need("name", Shape::Text, "full name"),
    need("phone", Shape::Text, "phone number"),
    may("email", Shape::Text, "email address"),
    may("city", Shape::Text, "city"),
    may("line1", Shape::Text, "street and number"),
];

const CREATE: &[Field] = &[
    may("customerId", Shape::Text, "id or phone number of a customer that is known"),
    may("customer", Shape::Object(NEW_CUSTOMER), "a customer that is not known yet"),
    need("lines", Shape::Objects(NEW_LINE), "what is ordered"),
    may("shippingAddress", Shape::Object(ADDRESS), "where to, if not to the customer's address"),
    may("billingAddress", Shape::Object(ADDRESS), "who is billed, if someone else"),
    may("shippingFee", Shape::Money, "in minor units, 0 if left out"),
    may("discount", Shape::Money, "in minor units"),
    may("notes", Shape::Text, "notes for the team"),
];

const UPDATE: &[Field] = &[
    WHICH,
    may("stage", Shape::Text, "id or name of the new stage"),
    may("notes", Shape::Text, "new notes"),
    may("shippingAddress", Shape::Object(ADDRESS), "what changes in the shipping address"),
    may("billingAddress", Shape::Object(ADDRESS), "what changes in the billing address"),
    may("customAttributes", Shape::Words, "attributes to set; an empty value removes one"),
];

const MODIFY: &[Field] = &[
    WHICH,
    need(
        "action",
        Shape::OneOf(&["attach_customer", "detach_customer", "assign_agents", "swap_variant"]),
        "what to do",
    ),
    may("customer", Shape::Text, "id or phone number, for `attach_customer`"),
    may("confirmationAgent", Shape::Text, "id or name, for `assign_agents`"),
    may("shippingAgent", Shape::Text, "id or name, for `assign_agents`"),
    may("line", Shape::Text, "id or SKU of the line, for `swap_variant`"),
    may("variant", Shape::Text, "id or SKU of the new variant, for `swap_variant`"),
];

const MOVE: &[Field] = &[
    need("fromStage", Shape::Text, "id or name of the stage they are in"),
    need("toStage", Shape::Text, "id or name of the stage they go to"),
    may("query", Shape::Text, "only orders that match these words"),
    may("dryRun", Shape::Flag, "only tells what would move"),
];

const LINE: &[Field] = &[
    need("line", Shape::Text, "id or SKU of a line of the order"),
    may("quantity", Shape::Whole(1, 1000), "how many of it, all if left out"),
];

const MODIFY_LINES: &[Field] = &[
    WHICH,
    need("operation", Shape::OneOf(&["remove", "refund"]), "what to do with the lines"),
    need("lines", Shape::Objects(LINE), "which lines"),
    may("reason", Shape::Text, "why, for the history"),
    may("restock", Shape::Flag, "whether refunded goods go back on the shelf, no if left out"),
];

const MERGE: &[Field] = &[
    need("primary", Shape::Text, "number of the order that stays"),
    need("duplicates", Shape::Texts, "numbers of the orders that go"),
    may("addLines", Shape::Flag, "adds their lines to the primary, no if left out"),
];

pub(crate) const CHANGING: &[Entry] = &[
    Entry {
        name: "create_order",
        title: "Create an order",
        domain: Domain::Orders,
        class: Class::Write,
        about: "Creates an order for a known or a new customer",
        when_to_use: "somebody orders by phone or message",
        when_not_to_use: "the order exists: use `update_order` or `modify_order`",
        example: r#"{"customerId":"+212661000101","lines":[{"variant":"MUG-TEA","quantity":2}]}"#,
        fields: &[CREATE],
        gives: OutputShape::One(&ORDER),
        run: Run::Write(create::create),
    },
    Entry {
        name: "update_order",
        title: "Update an order",
        domain: Domain::Orders,
        class: Class::Write,
        about: "Changes stage, notes, addresses or custom attributes of an order",
        when_to_use: "one order moves on, is cancelled, or goes elsewhere",
        when_not_to_use: "many orders move: use `bulk_move_stage`; lines change: use \
            `modify_line_items`",
        example: r#"{"order":"EGW242","stage":"Cancelled","notes":"customer changed her mind"}"#,
        fields: &[UPDATE],
        gives: OutputShape::One(&ORDER),
        run: Run::Write(update),
    },
    Entry {
        name: "modify_order",
        title: "Modify an order",
        domain: Domain::Orders,
        class: Class::Write,
        about: "Attaches or detaches a customer, assigns agents, or swaps the variant of a line",
        when_to_use: "the order belongs to somebody else, or a colour or size is to change",
        when_not_to_use: "a line goes: use `modify_line_items`",
        example: concat!(
            r#"{"order":"EGW88","action":"swap_variant","line":"SHI-RED","#,
            r#""variant":"SHI-BLU"}"#,
        ),
        fields: &[MODIFY],
        gives: OutputShape::One(&ORDER),
        run: Run::Write(modify),
    },
    Entry {
        name: "bulk_move_stage",
        title: "Move orders to another stage",
        domain: Domain::Orders,
        class: Class::Write,
        about: "Moves all orders of one stage to another, of chosen days if wanted",
        when_to_use: "many orders take the same step",
        when_not_to_use: "it is one order: use `update_order`",
        example: concat!(
            r#"{"fromStage":"Pending","toStage":"Processing","from":"yesterday","#,
            r#""to":"yesterday","dryRun":true}"#,
        ),
        fields: &[MOVE, DAYS],
        gives: OutputShape::One(&MOVED),
        run: Run::Write(move_stage),
    },
    Entry {
        name: "modify_line_items",
        title: "Remove or refund line items",
        domain: Domain::Orders,
        class: Class::Destructive,
        about: "Removes lines from an order that was not sent, or refunds lines that were paid",
        when_to_use: "an item is broken, missing or not wanted any more",
        when_not_to_use: "another colour or size is wanted: use `modify_order`",
        example: concat!(
            r#"{"order":"EGW100","operation":"refund","lines":[{"line":"SPE-BLA"}],"#,
            r#""reason":"broken"}"#,
        ),
        fields: &[MODIFY_LINES],
        gives: OutputShape::One(&CHANGED_LINES),
        run: Run::Confirmed { preview: lines::preview, apply: lines::apply },
    },
    Entry {
        name: "merge_orders",
        title: "Merge orders",
        domain: Domain::Orders,
        class: Class::Destructive,
        about: "Merges duplicate orders into one and cancels the others",
        when_to_use: "somebody ordered the same twice by mistake",
        when_not_to_use: "the orders belong to different customers: merge those first",
        example: r#"{"primary":"EGW240","duplicates":["EGW241"]}"#,
        fields: &[MERGE],
        gives: OutputShape::One(&MERGED_ORDERS),
        run: Run::Confirmed { preview: merge::preview, apply: merge::apply },
    },
];

fn update(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let order = desk.order(input.needed("order"))?.clone();
    if let Some(stage) = input.text("stage") {
        enter(desk, &order, stage)?;
    }
    let changed = desk.order_mut(&order.id)?;
    if let Some(notes) = input.owned("notes") {
        changed.notes = notes;
    }
    if let Some(given) = input.object("shippingAddress") {
        fill(&mut changed.shipping_address, given);
    }
    if let Some(given) = input.object("billingAddress") {
        let mut address = changed.billing_address.take().unwrap_or_else(|| billing(&order));
        fill(&mut address, given);
        changed.billing_address = Some(address);
    }
    for (name, value) in input.words("customAttributes") {
        if value.is_empty() {
            changed.custom_attributes.remove(name);
        } else {
            changed.custom_attributes.insert(name.to_owned(), value.to_owned());
        }
    }
    desk.note(&order.id, "order updated")?;
    Ok(desk.order_in_full(desk.order(&order.id)?))
}

fn billing(order: &Order) -> Address {
    Address { kind: "billing".to_owned(), ..order.shipping_address.clone() }
}

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

fn modify(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let order = desk.order(input.needed("order"))?.clone();
    let what = match input.needed("action") {
        "attach_customer" => {
            let customer = desk.customer(given(input, "customer")?)?.clone();
            desk.order_mut(&order.id)?.customer_id = Some(customer.id.clone());
            format!("belongs to {} (`{}`)", customer.name, customer.id)
        }
        "detach_customer" => {
            desk.order_mut(&order.id)?.customer_id = None;
            "belongs to no customer".to_owned()
        }
        "assign_agents" => assign(desk, &order, input)?,
        _ => lines::swap(desk, &order, given(input, "line")?, given(input, "variant")?)?,
    };
    desk.note(&order.id, what)?;
    Ok(desk.order_in_full(desk.order(&order.id)?))
}

/// Returns an argument that this action requires.
fn given<'a>(input: ToolInput<'a>, name: &str) -> Result<&'a str, DeskError> {
    input.text(name).ok_or_else(|| {
        let action = input.needed("action");
        DeskError::invalid(format!("`{action}` needs `{name}`"), format!("say which `{name}`"))
    })
}

fn assign(desk: &mut Desk, order: &Order, input: ToolInput<'_>) -> Result<String, DeskError> {
    let agent = |name: &str| match input.text(name) {
        Some(wanted) => {
            let found = AGENTS.iter().find(|(id, name)| *id == wanted || *name == wanted);
            let names = AGENTS.map(|(id, name)| format!("`{id}` ({name})")).join(", ");
            let hint = format!("the agents are {names}");
            found.map(|agent| Some(agent.0)).ok_or(DeskError::not_found("agent", wanted, hint))
        }
        None => Ok(None),
    };
    let (confirmation, shipping) = (agent("confirmationAgent")?, agent("shippingAgent")?);
    if confirmation.is_none() && shipping.is_none() {
        let message = "neither `confirmationAgent` nor `shippingAgent` is given";
        return Err(DeskError::invalid(message, "name at least one of them"));
    }
    let order = desk.order_mut(&order.id)?;
    if let Some(id) = confirmation {
        order.confirmation_agent = Some(id.to_owned());
    }
    if let Some(id) = shipping {
        order.shipping_agent = Some(id.to_owned());
    }
    Ok("agents assigned".to_owned())
}

fn move_stage(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let from = desk.stage(input.needed("fromStage"), None)?.1.clone();
    let (pipeline, to) = desk.stage(input.needed("toStage"), None)?;
    let (pipeline, to) = (pipeline.id.clone(), to.clone());
    if from.id == to.id {
        let message = "`fromStage` and `toStage` are the same";
        return Err(DeskError::invalid(message, "choose another stage"));
    }
    let orders: Vec<Order> = matching(desk, input)?
        .into_iter()
        .filter(|order| order.stage_id == from.id && order.pipeline_id == pipeline)
        .cloned()
        .collect();
    let dry = input.flag("dryRun") == Some(true);
    let (mut moved, mut skipped) = (Vec::new(), Vec::new());
    for order in orders {
        let done = if dry { may_enter(desk, &order, &to) } else { enter(desk, &order, &to.id) };
        match done {
            Ok(()) => moved.push(order.number),
            Err(problem) => skipped.push(json!({
                "order": order.number,
                "error": problem.to_json()["error"],
            })),
        }
    }
    Ok(json!({
        "fromStage": from.name,
        "toStage": to.name,
        "dryRun": dry,
        "count": moved.len(),
        "orders": moved,
        "skipped": skipped,
    }))
}
