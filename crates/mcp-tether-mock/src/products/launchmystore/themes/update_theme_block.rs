//! The tool `update_theme_block`: shows, hides, moves or changes a block of a section.

use serde_json::json;

use super::{CHANGES, changed, part};
use crate::product::ToolKind;
use crate::product::field::{Shape, ToolInput, need};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::{ShopError, ShopResult};

pub(super) const TOOL: Entry = Entry {
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
};

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
