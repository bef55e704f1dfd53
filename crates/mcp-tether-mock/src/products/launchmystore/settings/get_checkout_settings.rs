//! The tool `get_checkout_settings`: gets what customers must give at the checkout, ways to pay,
//! and taxes.

use super::{SETTINGS, shown};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};

pub(super) const TOOL: Entry = Entry {
    name: "get_checkout_settings",
    title: "Get checkout settings",
    domain: AdminArea::StoreSettings,
    kind: ToolKind::Read,
    about: "Gets what customers must give at the checkout, ways to pay, and taxes",
    example: "{}",
    does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "checkout"))),
};
