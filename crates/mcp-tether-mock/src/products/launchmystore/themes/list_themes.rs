//! The tool `list_themes`: lists the themes and which of them is live.

use serde_json::json;

use super::head;
use crate::product::ToolKind;
use crate::product::field::ToolInput;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::products::launchmystore::resource::page;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

pub(super) const TOOL: Entry = Entry {
    name: "list_themes",
    title: "List themes",
    domain: AdminArea::Themes,
    kind: ToolKind::Read,
    about: "Lists the themes and which of them is live",
    example: "{}",
    does: Does::Look(&[PAGE], ResultShape::List("themes"), list),
};

fn list(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    Ok(page(input, "themes", &shop.themes, |theme| {
        let mut line = head(theme);
        line["version"] = theme.version.as_str().into();
        line["sectionCount"] = theme.sections.len().into();
        line["updatedAt"] = json!(theme.updated_at);
        line
    }))
}
