//! The tools for products, their variants and the stock.

mod products;
mod shown;
mod variants;

pub(super) use products::TOOLS as PRODUCT_TOOLS;
pub(super) use variants::TOOLS as VARIANT_TOOLS;
