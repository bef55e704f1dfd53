//! Themes: the design of the shop. A theme has settings, its templates are made of sections, and
//! sections hold blocks.

mod get_theme_settings;
mod list_theme_blocks;
mod list_theme_sections;
mod list_themes;
mod update_theme_block;
mod update_theme_section;
mod update_theme_settings;

use serde_json::{Value, json};

use super::entry::Entry;
use super::model::{Part, Theme, ThemeSection};
use super::record::Record;
use super::shop::Shop;
use super::shop_error::{ShopError, ShopResult};
use crate::product::field::{Field, Shape, ToolInput, may, need};

const THEME: Field = may("theme", Shape::Text, "id or name of a theme, the live one if left out");

const VALUES: Shape = Shape::Scalars;

const SECTION: Field = need("section", Shape::Text, "id of a section");

const CHANGES: &[Field] = &[
    may("enabled", Shape::Flag, "whether it is shown"),
    may("position", Shape::Whole(1, 100), "its new place among its neighbours, from 1"),
    may("settings", VALUES, "new values of settings that it has"),
];

pub(super) const TOOLS: &[Entry] = &[
    list_themes::TOOL,
    get_theme_settings::TOOL,
    update_theme_settings::TOOL,
    list_theme_sections::TOOL,
    update_theme_section::TOOL,
    list_theme_blocks::TOOL,
    update_theme_block::TOOL,
];

fn head(theme: &Theme) -> Value {
    json!({ "id": theme.id, "name": theme.name, "role": theme.role })
}

fn named(shop: &Shop, input: ToolInput<'_>) -> Result<usize, ShopError> {
    let wanted = |theme: &Theme| match input.text("theme") {
        Some(name) => theme.id == name || theme.name.eq_ignore_ascii_case(name),
        None => theme.is_live(),
    };
    let found = shop.themes.iter().position(wanted);
    let name = input.text("theme").unwrap_or("live");
    found.ok_or_else(|| ShopError::not_found("theme", name, "list_themes"))
}

fn settings(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let theme = &shop.themes[named(shop, input)?];
    Ok(json!({ "theme": head(theme), "settings": theme.settings }))
}

/// Returns the settings with the new values. No setting is added, and none changes its type.
fn changed(held: &Record, input: ToolInput<'_>) -> Result<Record, ShopError> {
    let mut changed = held.clone();
    let given = input.0.get("settings").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        let Some(place) = changed.get_mut(name) else {
            let names: Vec<&str> = held.keys().map(String::as_str).collect();
            let message = format!("there is no setting `{name}`, there are {}", names.join(", "));
            return Err(ShopError::invalid("settings", message));
        };
        if std::mem::discriminant(place) != std::mem::discriminant(value) {
            let message = format!("`{name}` is `{place}` now and cannot become `{value}`");
            return Err(ShopError::invalid("settings", message));
        }
        if name.starts_with("color") && !is_color(value) {
            let message = format!("`{name}` must be a colour such as `#1F5F5B`");
            return Err(ShopError::invalid("settings", message));
        }
        *place = value.clone();
    }
    Ok(changed)
}

fn is_color(value: &Value) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn section_line(theme: &Theme, section: &ThemeSection) -> Value {
    let neighbours = theme.sections.iter().filter(|other| other.template == section.template);
    let mut line = part(&section.part, neighbours.map(|other| &other.part));
    line["theme"] = theme.id.as_str().into();
    line["template"] = section.template.as_str().into();
    line["blockCount"] = section.blocks.len().into();
    line
}

/// Returns a section or block with its position, from 1.
fn part<'a>(part: &Part, mut neighbours: impl Iterator<Item = &'a Part>) -> Value {
    let place = neighbours.position(|other| other.id == part.id).unwrap_or(0);
    let mut shown = json!(part);
    shown["position"] = (place + 1).into();
    shown
}

fn section_at(shop: &Shop, id: &str) -> Result<(usize, usize), ShopError> {
    let in_theme = |theme: &Theme| theme.sections.iter().position(|s| s.part.id == id);
    let mut all = shop.themes.iter().enumerate();
    let found = all.find_map(|(at, theme)| Some((at, in_theme(theme)?)));
    found.ok_or_else(|| ShopError::not_found("section", id, "list_theme_sections"))
}
