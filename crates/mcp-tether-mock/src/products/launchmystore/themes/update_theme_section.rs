//! The tool `update_theme_section`: shows, hides, moves or changes a section.

use serde_json::json;

use super::{CHANGES, SECTION, changed, section_at, section_line};
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::model::{Part, ThemeSection};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

pub(super) const TOOL: Entry = Entry {
    name: "update_theme_section",
    title: "Update a theme section",
    domain: AdminArea::Themes,
    kind: ToolKind::Write,
    about: "Shows, hides, moves or changes a section",
    example: r#"{"section":"sec_hero","settings":{"heading":"Made for slow mornings"}}"#,
    does: Does::Change(&[&[SECTION], CHANGES], ResultShape::One("section"), update_section),
};

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
