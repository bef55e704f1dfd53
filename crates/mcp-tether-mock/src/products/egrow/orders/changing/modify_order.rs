//! The tool `modify_order`: attaches or detaches a customer, assigns agents, or swaps the
//! variant of a line.

use super::given;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::products::egrow::desk::{AGENTS, Desk};
use crate::products::egrow::desk_error::{DeskError, DeskResult};
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::Order;
use crate::products::egrow::orders::{WHICH, lines};
use crate::products::egrow::shapes::ORDER;

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

pub(super) const TOOL: Entry = Entry {
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
};

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
