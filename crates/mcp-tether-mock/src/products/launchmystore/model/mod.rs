//! The things of the store that are more than records. The tools for them are in `catalogue`,
//! `orders` and `themes`.

mod goods;
mod order;
mod theme;

pub(super) use goods::{Movement, Product, Variant};
pub(super) use order::{Event, Fulfillment, Line, Order, Quantity, Refund, Status};
pub(super) use theme::{Part, Section, Theme};
