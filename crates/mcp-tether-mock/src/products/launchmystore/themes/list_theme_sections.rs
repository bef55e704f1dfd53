//! The tool `list_theme_sections`: lists the sections of a theme in order, with their settings.

use super::{THEME, named, section_line};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, PAGE, ResultShape};
use crate::products::launchmystore::model::ThemeSection;
use crate::products::launchmystore::resource::page;
use crate::products::launchmystore::shop::Shop;
use crate::products::launchmystore::shop_error::ShopResult;

const SECTIONS: &[Field] = &[
    THEME,
    may("template", Shape::OneOf(&["home", "product", "category", "footer"]), "only of this one"),
];

pub(super) const TOOL: Entry = Entry {
    name: "list_theme_sections",
    title: "List theme sections",
    domain: AdminArea::Themes,
    kind: ToolKind::Read,
    about: "Lists the sections of a theme in order, with their settings",
    example: r#"{"template":"home"}"#,
    does: Does::Look(&[SECTIONS, PAGE], ResultShape::List("sections"), sections),
};

fn sections(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let theme = &shop.themes[named(shop, input)?];
    let wanted = |section: &&ThemeSection| {
        input.text("template").is_none_or(|template| template == section.template)
    };
    let found: Vec<_> = theme.sections.iter().filter(wanted).collect();
    Ok(page(input, "sections", &found, |section| section_line(theme, section)))
}
