//! Reports, computed on request from orders, stock and visits.

mod counted;
mod dashboard;
mod get_dashboard;
mod get_product_analytics;
mod get_sales_report;
mod get_traffic_report;
mod goods;
mod sales;
mod visits;

use super::entry::Entry;
use super::period::{FROM, PERIOD, TO};
use crate::product::field::Field;

const SPAN: &[Field] = &[PERIOD, FROM, TO];

pub(super) const TOOLS: &[Entry] = &[
    get_sales_report::TOOL,
    get_traffic_report::TOOL,
    get_product_analytics::TOOL,
    get_dashboard::TOOL,
];
