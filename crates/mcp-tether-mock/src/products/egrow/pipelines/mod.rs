//! The tools for pipelines: the stages of orders, and the orders in each stage.

mod get_pipeline;
mod list_pipelines;

use super::entry::Entry;

pub(super) const TOOLS: &[Entry] = &[list_pipelines::TOOL, get_pipeline::TOOL];
