//! The tool `get_theme_settings`: gets colours, fonts and other settings of a theme.

use super::{THEME, settings};
use crate::product::ToolKind;
use crate::products::launchmystore::entry::{AdminArea, Does, Entry, ResultShape};

pub(super) const TOOL: Entry = Entry {
    name: "get_theme_settings",
    title: "Get theme settings",
    domain: AdminArea::Themes,
    kind: ToolKind::Read,
    about: "Gets colours, fonts and other settings of a theme",
    example: "{}",
    does: Does::Look(&[&[THEME]], ResultShape::Members(&["theme", "settings"]), settings),
};
