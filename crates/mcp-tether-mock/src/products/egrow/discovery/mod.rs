//! The tools that describe the product itself.

mod describe_capabilities;
mod get_workflow;
mod health_check;
mod whoami;

use super::entry::Entry;
use super::{analytics, catalogue, customers, graphql, orders, pipelines};

const TOOLS: &[Entry] =
    &[describe_capabilities::TOOL, get_workflow::TOOL, health_check::TOOL, whoami::TOOL];

/// Returns every tool, in the order of `tools/list`.
pub(super) fn entries() -> impl Iterator<Item = &'static Entry> {
    [orders::TOOLS, orders::CHANGING, customers::TOOLS, customers::CHANGING, catalogue::TOOLS]
        .into_iter()
        .flatten()
        .chain(TOOLS)
        .chain(analytics::TOOLS)
        .chain(graphql::TOOLS)
        .chain(pipelines::TOOLS)
}
