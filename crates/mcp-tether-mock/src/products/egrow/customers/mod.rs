//! The tools that read customers; those that change them are in `changing`.

mod changing;
mod find_customers;
mod find_duplicate_customers;
mod get_customer;
mod merge;

use super::desk::{Desk, same_text};
use super::desk_error::DeskError;
use super::entry::Entry;

pub(super) use changing::{CHANGING, blank_address, fill, new_customer};

pub(super) const TOOLS: &[Entry] =
    &[find_customers::TOOL, get_customer::TOOL, find_duplicate_customers::TOOL];

/// Returns the id of the group with this id or name.
fn group(desk: &Desk, name: &str) -> Result<String, DeskError> {
    let found = desk.groups.iter().find(|group| group.id == name || same_text(&group.name, name));
    found.map(|group| group.id.clone()).ok_or_else(|| {
        let names: Vec<_> = desk.groups.iter().map(|group| format!("`{}`", group.name)).collect();
        DeskError::not_found("group", name, format!("the groups are {}", names.join(", ")))
    })
}
