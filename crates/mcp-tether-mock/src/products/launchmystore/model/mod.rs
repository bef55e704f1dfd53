//! The data of the store that is more than plain records. The tools for them are in `catalogue`,
//! `orders` and `themes`.

mod goods;
mod order;
mod theme;

pub(super) use goods::{Movement, Product, Variant};
pub(super) use order::{
    Fulfillment, LineItem, Order, OrderStatus, Quantity, Refund, TimelineEvent,
};
pub(super) use theme::{Part, Theme, ThemeSection};
