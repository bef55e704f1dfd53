//! The tools that look at many orders at once: reports, dashboard widgets, advertisements.
//! Everything is computed from the orders on request.

mod dashboard;
mod date_range;
mod get_analytics;
mod get_dashboard;
mod get_utm_analytics;
mod reports;
mod utm;

use super::entry::Entry;
use crate::product::field::{Field, Shape, may};

const PREVIOUS: Field = may("comparePrevious", Shape::Flag, "adds the totals of the span before");

pub(super) const TOOLS: &[Entry] =
    &[get_analytics::TOOL, get_dashboard::TOOL, get_utm_analytics::TOOL];
