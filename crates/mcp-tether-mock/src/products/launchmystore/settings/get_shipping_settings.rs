//! The tool `get_shipping_settings`: gets the zones, and for each the ways to send, their prices
//! and times.

use super::{SETTINGS, shown};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};

pub(super) const TOOL: Entry = Entry {
    name: "get_shipping_settings",
    title: "Get shipping settings",
    domain: AdminArea::StoreSettings,
    kind: ToolKind::Read,
    about: "Gets the zones, and for each the ways to send, their prices and times",
    example: "{}",
    does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "shipping"))),
};
