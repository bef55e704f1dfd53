//! The links in menus. A page with a link to it cannot be deleted.

use serde_json::Value;

use super::record::Record;
use super::record::text;
use super::shop::Shop;

/// Collects every link in a list of items, at any depth.
pub(super) fn collect<'a>(items: &'a Value, links: &mut Vec<&'a str>) {
    for item in items.as_array().into_iter().flatten() {
        links.extend(item["url"].as_str());
        collect(&item["items"], links);
    }
}

/// Returns the name of a menu that links to this path.
pub(super) fn linking_to(shop: &Shop, target: &str) -> Option<String> {
    let links = |menu: &&Record| {
        let mut links = Vec::new();
        collect(&menu["items"], &mut links);
        links.contains(&target)
    };
    shop.records("menus").iter().find(links).map(|menu| text(menu, "name").to_owned())
}
