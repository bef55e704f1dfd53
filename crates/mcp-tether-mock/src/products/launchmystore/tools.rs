//! The list of all tools, domain by domain.

use super::entry::Entry;
use super::{
    analytics, catalogue, categories, coupons, customers, menus, orders, settings, themes, writing,
};

/// Returns every tool.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        catalogue::PRODUCT_TOOLS,
        catalogue::VARIANT_TOOLS,
        orders::TOOLS,
        categories::TOOLS,
        customers::TOOLS,
        analytics::TOOLS,
        coupons::TOOLS,
        writing::TOOLS,
        themes::TOOLS,
        menus::TOOLS,
        settings::TOOLS,
    ]
    .into_iter()
    .flatten()
}
