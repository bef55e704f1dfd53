//! The tool `get_store_settings`: gets name, contact, address, currency and time zone of the
//! store.

use super::{SETTINGS, shown};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};

pub(super) const TOOL: Entry = Entry {
    name: "get_store_settings",
    title: "Get store settings",
    domain: AdminArea::StoreSettings,
    kind: ToolKind::Read,
    about: "Gets name, contact, address, currency and time zone of the store",
    example: "{}",
    does: Does::Look(&[], SETTINGS, |shop, _| Ok(shown(shop, "store"))),
};
