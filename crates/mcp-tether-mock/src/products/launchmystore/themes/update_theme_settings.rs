//! The tool `update_theme_settings`: changes settings of a theme; only those it has, and only to
//! values of their kind.

use serde_json::Value;

use super::{THEME, VALUES, changed, named, settings};
use crate::product::ToolKind;
use crate::product::field::{Field, ToolInput, need};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::menus::MENUS;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const UPDATE_SETTINGS: &[Field] =
    &[THEME, need("settings", VALUES, "new values of settings that the theme has")];

pub(super) const TOOL: Entry = Entry {
    name: "update_theme_settings",
    title: "Update theme settings",
    domain: AdminArea::Themes,
    kind: ToolKind::Write,
    about: "Changes settings of a theme; only those it has, and only to values of their kind",
    example: r##"{"settings":{"colorPrimary":"#1F5F5B","productsPerRow":3}}"##,
    does: Does::Change(
        &[UPDATE_SETTINGS],
        ResultShape::Members(&["theme", "settings"]),
        update_settings,
    ),
};

fn update_settings(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let at = named(shop, input)?;
    let changed = changed(&shop.themes[at].settings, input)?;
    let menu = changed.get("mainMenu").and_then(Value::as_str).unwrap_or_default();
    MENUS.find(shop, menu)?;
    let now = shop.tick();
    let theme = &mut shop.themes[at];
    theme.settings = changed;
    theme.updated_at = now;
    settings(shop, input)
}
