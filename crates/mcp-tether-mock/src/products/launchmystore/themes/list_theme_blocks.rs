//! The tool `list_theme_blocks`: lists the blocks of a section in order, with their settings.

use super::{SECTION, part, section_at};
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::products::launchmystore::resource::page;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

pub(super) const TOOL: Entry = Entry {
    name: "list_theme_blocks",
    title: "List theme blocks",
    domain: AdminArea::Themes,
    kind: ToolKind::Read,
    about: "Lists the blocks of a section in order, with their settings",
    example: r#"{"section":"sec_hero"}"#,
    does: Does::Look(&[&[SECTION], PAGE], ResultShape::List("blocks"), blocks),
};

fn blocks(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let (theme, at) = section_at(shop, input.needed("section"))?;
    let blocks = &shop.themes[theme].sections[at].blocks;
    Ok(page(input, "blocks", blocks, |block| part(block, blocks.iter())))
}
