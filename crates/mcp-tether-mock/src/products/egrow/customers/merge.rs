//! `merge_customers`.

use serde_json::json;

use super::super::desk::{Desk, same_text};
use super::super::desk_error::{DeskError, DeskResult};
use super::super::model::{Address, Customer};
use super::super::views::customer_in_full;
use super::changing::{distinct, ids};
use crate::product::field::ToolInput;

/// Returns the customer that stays, and those that are merged into it.
fn merging(desk: &Desk, input: ToolInput<'_>) -> Result<(String, Vec<String>), DeskError> {
    let primary = desk.customer(input.needed("primary"))?.id.clone();
    let duplicates = ids(desk, input.texts("duplicates"))?;
    if duplicates.contains(&primary) || distinct(&duplicates) < duplicates.len() {
        let message = "a customer is named twice";
        return Err(DeskError::invalid(message, "name each customer once"));
    }
    Ok((primary, duplicates))
}

pub(super) fn preview(desk: &Desk, input: ToolInput<'_>) -> Result<String, DeskError> {
    let (primary, duplicates) = merging(desk, input)?;
    let orders: usize = duplicates.iter().map(|id| desk.orders_of(id).count()).sum();
    let names =
        duplicates.iter().map(|id| desk.customer(id).map(|c| format!("{} (`{id}`)", c.name)));
    let names = names.collect::<Result<Vec<_>, _>>()?.join(", ");
    let into = &desk.customer(&primary)?.name;
    Ok(format!("Merge {names} with {orders} orders into {into} (`{primary}`)"))
}

pub(super) fn apply(desk: &mut Desk, input: ToolInput<'_>) -> DeskResult {
    let (primary, duplicates) = merging(desk, input)?;
    let mut moved = 0;
    for id in &duplicates {
        let at = desk.customers.iter().position(|customer| customer.id == *id);
        let gone = at.map(|at| desk.customers.remove(at));
        let orders = desk.orders.iter_mut().filter(|o| o.customer_id.as_deref() == Some(id));
        for order in orders {
            order.customer_id = Some(primary.clone());
            moved += 1;
        }
        if let Some(gone) = gone {
            take_over(desk.customer_mut(&primary)?, gone);
        }
        for into in desk.merged_customers.values_mut().filter(|into| *into == id) {
            into.clone_from(&primary);
        }
        desk.merged_customers.insert(id.clone(), primary.clone());
    }
    desk.tick();
    let customer = customer_in_full(desk, desk.customer(&primary)?);
    Ok(json!({ "merged": duplicates, "movedOrders": moved, "customer": customer }))
}

fn take_over(primary: &mut Customer, gone: Customer) {
    for mut address in gone.addresses {
        let same =
            |known: &Address| known.line1 == address.line1 && same_text(&known.city, &address.city);
        if !primary.addresses.iter().any(same) {
            address.is_default = primary.addresses.is_empty();
            primary.addresses.push(address);
        }
    }
    let new_groups: Vec<_> =
        gone.groups.into_iter().filter(|group| !primary.groups.contains(group)).collect();
    primary.groups.extend(new_groups);
    primary.email = primary.email.take().or(gone.email);
    primary.blacklisted |= gone.blacklisted;
    primary.flagged_duplicates.retain(|id| *id != gone.id);
    primary.created_at = primary.created_at.min(gone.created_at);
}
