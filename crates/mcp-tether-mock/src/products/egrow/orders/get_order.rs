//! The tool `get_order`: gives an order in full: lines, payments, refunds, addresses, delivery,
//! history.

use super::WHICH;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::shapes::ORDER;

pub(super) const TOOL: Entry = Entry {
    name: "get_order",
    title: "Get an order",
    domain: Domain::Orders,
    class: Class::Read,
    about: "Gives an order in full: lines, payments, refunds, addresses, delivery, history",
    when_to_use: "you have any number of the order",
    when_not_to_use: "you do not: use `find_orders`",
    example: r#"{"order":"EGW100"}"#,
    fields: &[&[WHICH]],
    gives: OutputShape::One(&ORDER),
    run: Run::Read(|desk, input| Ok(desk.order_in_full(desk.order(input.needed("order"))?))),
};
