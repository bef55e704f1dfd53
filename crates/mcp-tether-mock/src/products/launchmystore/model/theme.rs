//! Themes: a theme has settings, its templates are made of sections, and sections hold blocks.

use serde::{Deserialize, Serialize};

use super::super::record::Record;
use crate::product::Moment;

/// A theme: the look of the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Theme {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    /// `live` or `draft`.
    pub(crate) role: String,
    pub(crate) settings: Record,
    pub(crate) sections: Vec<ThemeSection>,
    pub(crate) updated_at: Moment,
}

/// A part of a template.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThemeSection {
    pub(crate) template: String,
    #[serde(flatten)]
    pub(crate) part: Part,
    pub(crate) blocks: Vec<Part>,
}

/// The common part of sections and blocks, which are sorted by their position.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) enabled: bool,
    pub(crate) settings: Record,
}

impl Theme {
    pub(crate) fn is_live(&self) -> bool {
        self.role == "live"
    }
}
