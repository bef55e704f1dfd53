//! Menus: nested links of the shop's navigation.

use serde_json::json;

use super::categories::CATEGORIES;
use super::entry::{AdminArea, Does, Entry};
use super::menu_links::collect;
use super::record::{Record, text};
use super::resource::Resource;
use super::shop::Shop;
use super::shop_error::ShopError;
use super::writing::{PAGES, POSTS};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};

const LINK: Shape = Shape::Like(r"^(/\S*|https?://\S+)$");

const LEAF: &[Field] = &[
    need("title", Shape::Short(60), "what it says"),
    need("url", LINK, "a path of the shop such as `/categories/apparel`, or an address elsewhere"),
];

const BRANCH: &[Field] = &[
    need("title", Shape::Short(60), "what it says"),
    need("url", LINK, "where it leads"),
    may("items", Shape::Objects(LEAF), "what opens below it"),
];

const ITEM: &[Field] = &[
    need("title", Shape::Short(60), "what it says"),
    need("url", LINK, "where it leads"),
    may("items", Shape::Objects(BRANCH), "what opens below it"),
];

const FIELDS: &[Field] = &[
    need("name", Shape::Short(60), "what the team calls it"),
    may("handle", Shape::Short(60), "what themes call it, made of the name if left out"),
    need("items", Shape::Objects(ITEM), "its links in order, three levels at most"),
];

pub(super) const MENUS: Resource = Resource {
    word: "menu",
    plural: "menus",
    prefix: "menu",
    key: "handle",
    title: "name",
    fields: FIELDS,
    defaults: "{}",
    searched: &["name", "handle"],
    filters: &[],
    check,
    add,
    leave,
};

static NAVIGATION: &Resource = &MENUS;

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_menus",
        title: "List menus",
        domain: AdminArea::Menus,
        kind: ToolKind::Read,
        about: "Lists the navigation menus with their links",
        example: "{}",
        does: Does::List(NAVIGATION),
    },
    Entry {
        name: "get_menu",
        title: "Get a menu",
        domain: AdminArea::Menus,
        kind: ToolKind::Read,
        about: "Gets one menu by id or handle",
        example: r#"{"id":"main-menu"}"#,
        does: Does::Get(NAVIGATION),
    },
    Entry {
        name: "create_menu",
        title: "Create a menu",
        domain: AdminArea::Menus,
        kind: ToolKind::Write,
        about: "Creates a menu of nested links; paths of the shop must lead somewhere",
        example: concat!(
            r#"{"name":"Sidebar","items":[{"title":"Shop","url":"/categories/apparel","items":["#,
            r#"{"title":"Classic tee","url":"/products/classic-t-shirt"}]}]}"#,
        ),
        does: Does::Create(NAVIGATION),
    },
    Entry {
        name: "update_menu",
        title: "Update a menu",
        domain: AdminArea::Menus,
        kind: ToolKind::Write,
        about: "Renames a menu or replaces its links, all of them at once",
        example: r#"{"id":"footer-menu","items":[{"title":"About us","url":"/pages/about-us"}]}"#,
        does: Does::Update(NAVIGATION),
    },
    Entry {
        name: "delete_menu",
        title: "Delete a menu",
        domain: AdminArea::Menus,
        kind: ToolKind::Destructive,
        about: "Deletes a menu for good; refused for those that the theme shows",
        example: r#"{"id":"seasonal-menu"}"#,
        does: Does::Delete(NAVIGATION),
    },
];

fn check(shop: &Shop, menu: &Record) -> Result<(), ShopError> {
    let mut links = Vec::new();
    collect(&menu["items"], &mut links);
    match links.into_iter().find(|link| !leads_somewhere(shop, link)) {
        Some(link) => Err(ShopError::invalid("items", format!("nothing is at `{link}`"))),
        None => Ok(()),
    }
}

/// Returns whether a link is valid: external links may be anything, links into the store must
/// exist.
fn leads_somewhere(shop: &Shop, link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default();
    match path.split('/').collect::<Vec<_>>()[..] {
        ["", "products", slug] => shop.products.iter().any(|product| product.slug == slug),
        ["", "categories", slug] => CATEGORIES.find(shop, slug).is_ok(),
        ["", "pages", slug] => PAGES.find(shop, slug).is_ok(),
        ["", "blog", slug] => POSTS.find(shop, slug).is_ok(),
        ["", "" | "products" | "categories" | "blog" | "search" | "cart" | "account"] => true,
        ["", ..] => false,
        _ => true,
    }
}

fn add(_: &Shop, menu: &Record) -> Record {
    let mut links = Vec::new();
    collect(&menu["items"], &mut links);
    Record::from_iter([("linkCount".to_owned(), json!(links.len()))])
}

fn leave(shop: &mut Shop, menu: &Record) -> Result<(), ShopError> {
    let handle = text(menu, "handle");
    let shown = |settings: &Record| settings.values().any(|value| value == handle);
    match shop.themes.iter().find(|theme| theme.is_live() && shown(&theme.settings)) {
        Some(theme) => {
            let message = format!("the theme `{}` shows it", theme.name);
            Err(ShopError::state(message))
        }
        None => Ok(()),
    }
}
