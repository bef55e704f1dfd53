//! The tools for products, their variants and what is on the shelf.

mod products;
mod shown;
mod variants;

pub(super) use products::TOOLS as PRODUCT_TOOLS;
pub(super) use variants::TOOLS as VARIANT_TOOLS;
