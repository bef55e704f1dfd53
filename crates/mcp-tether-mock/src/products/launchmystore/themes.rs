//! Themes: the design of the shop. A theme has settings, its templates are made of sections, and
//! sections hold blocks.

use serde_json::{Value, json};

use super::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use super::model::{Part, Theme, ThemeSection};
use super::record::Record;
use super::resource::page;
use super::shop::Shop;
use super::shop_error::{ShopError, ShopResult};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};

const THEME: Field = may("theme", Shape::Text, "id or name of a theme, the live one if left out");

const VALUES: Shape = Shape::Scalars;

const UPDATE_SETTINGS: &[Field] =
    &[THEME, need("settings", VALUES, "new values of settings that the theme has")];

const SECTIONS: &[Field] = &[
    THEME,
    may("template", Shape::OneOf(&["home", "product", "category", "footer"]), "only of this one"),
];

const SECTION: Field = need("section", Shape::Text, "id of a section");

const CHANGES: &[Field] = &[
    may("enabled", Shape::Flag, "whether it is shown"),
    may("position", Shape::Whole(1, 100), "its new place among its neighbours, from 1"),
    may("settings", VALUES, "new values of settings that it has"),
];

pub(super) const TOOLS: &[Entry] = &[
    Entry {
        name: "list_themes",
        title: "List themes",
        domain: AdminArea::Themes,
        kind: ToolKind::Read,
        about: "Lists the themes and which of them is live",
        example: "{}",
        does: Does::Look(&[PAGE], ResultShape::List("themes"), list),
    },
    Entry {
        name: "get_theme_settings",
        title: "Get theme settings",
        domain: AdminArea::Themes,
        kind: ToolKind::Read,
        about: "Gets colours, fonts and other settings of a theme",
        example: "{}",
        does: Does::Look(&[&[THEME]], ResultShape::Members(&["theme", "settings"]), settings),
    },
    Entry {
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
    },
    Entry {
        name: "list_theme_sections",
        title: "List theme sections",
        domain: AdminArea::Themes,
        kind: ToolKind::Read,
        about: "Lists the sections of a theme in order, with their settings",
        example: r#"{"template":"home"}"#,
        does: Does::Look(&[SECTIONS, PAGE], ResultShape::List("sections"), sections),
    },
    Entry {
        name: "update_theme_section",
        title: "Update a theme section",
        domain: AdminArea::Themes,
        kind: ToolKind::Write,
        about: "Shows, hides, moves or changes a section",
        example: r#"{"section":"sec_hero","settings":{"heading":"Made for slow mornings"}}"#,
        does: Does::Change(&[&[SECTION], CHANGES], ResultShape::One("section"), update_section),
    },
    Entry {
        name: "list_theme_blocks",
        title: "List theme blocks",
        domain: AdminArea::Themes,
        kind: ToolKind::Read,
        about: "Lists the blocks of a section in order, with their settings",
        example: r#"{"section":"sec_hero"}"#,
        does: Does::Look(&[&[SECTION], PAGE], ResultShape::List("blocks"), blocks),
    },
    Entry {
        name: "update_theme_block",
        title: "Update a theme block",
        domain: AdminArea::Themes,
        kind: ToolKind::Write,
        about: "Shows, hides, moves or changes a block of a section",
        example: r#"{"block":"blk_hero_button","settings":{"label":"See what is new"}}"#,
        does: Does::Change(
            &[&[need("block", Shape::Text, "id of a block")], CHANGES],
            ResultShape::One("block"),
            update_block,
        ),
    },
];

fn list(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    Ok(page(input, "themes", &shop.themes, |theme| {
        let mut line = head(theme);
        line["version"] = theme.version.as_str().into();
        line["sectionCount"] = theme.sections.len().into();
        line["updatedAt"] = json!(theme.updated_at);
        line
    }))
}

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

fn update_settings(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let at = named(shop, input)?;
    let changed = changed(&shop.themes[at].settings, input)?;
    let menu = changed.get("mainMenu").and_then(Value::as_str).unwrap_or_default();
    super::menus::MENUS.find(shop, menu)?;
    let now = shop.tick();
    let theme = &mut shop.themes[at];
    theme.settings = changed;
    theme.updated_at = now;
    settings(shop, input)
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

fn sections(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let theme = &shop.themes[named(shop, input)?];
    let wanted = |section: &&ThemeSection| {
        input.text("template").is_none_or(|template| template == section.template)
    };
    let found: Vec<_> = theme.sections.iter().filter(wanted).collect();
    Ok(page(input, "sections", &found, |section| section_line(theme, section)))
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

fn update_section(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let (theme, at) = section_at(shop, input.needed("section"))?;
    let part = &shop.themes[theme].sections[at].part;
    let changed = Part { settings: changed(&part.settings, input)?, ..part.clone() };
    let id = changed.id.clone();
    let now = shop.tick();
    let theme = &mut shop.themes[theme];
    theme.updated_at = now;
    let section = &mut theme.sections[at];
    section.part = Part { enabled: input.flag("enabled").unwrap_or(changed.enabled), ..changed };
    if let Some(position) = input.whole("position") {
        // Only neighbours of its template count.
        let section = theme.sections.remove(at);
        let same = |(at, other): (usize, &ThemeSection)| {
            (other.template == section.template).then_some(at)
        };
        let places: Vec<usize> = theme.sections.iter().enumerate().filter_map(same).collect();
        let wanted = usize::try_from(position - 1).unwrap_or(0);
        let last = places.last().map_or(at, |last| last + 1);
        let place = places.get(wanted).copied().unwrap_or(last);
        theme.sections.insert(place, section);
    }
    let found = theme.sections.iter().find(|section| section.part.id == id);
    Ok(json!({ "section": found.map(|section| section_line(theme, section)) }))
}

fn blocks(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let (theme, at) = section_at(shop, input.needed("section"))?;
    let blocks = &shop.themes[theme].sections[at].blocks;
    Ok(page(input, "blocks", blocks, |block| part(block, blocks.iter())))
}

fn update_block(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let id = input.needed("block");
    let now = shop.tick();
    for theme in &mut shop.themes {
        for section in &mut theme.sections {
            let Some(at) = section.blocks.iter().position(|block| block.id == id) else {
                continue;
            };
            let settings = changed(&section.blocks[at].settings, input)?;
            let mut block = section.blocks.remove(at);
            block.settings = settings;
            block.enabled = input.flag("enabled").unwrap_or(block.enabled);
            let wanted = input.whole("position").and_then(|place| usize::try_from(place - 1).ok());
            let place = wanted.unwrap_or(at).min(section.blocks.len());
            section.blocks.insert(place, block);
            theme.updated_at = now;
            let shown = part(&section.blocks[place], section.blocks.iter());
            return Ok(json!({ "block": shown }));
        }
    }
    Err(ShopError::not_found("block", id, "list_theme_blocks"))
}
