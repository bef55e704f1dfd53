//! Creating orders: their price, and their effect on the stock.

use serde_json::Value;

use super::super::address::ADDRESS;
use super::super::coupons::{self, Basket};
use super::super::customers::CUSTOMERS;
use super::super::model::{LineItem, Order, OrderStatus, TimelineEvent};
use super::super::record::text;
use super::super::settings;
use super::super::shop::Shop;
use super::super::shop_error::{ShopError, ShopResult};
use crate::product::Moment;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::money::basis_points;

const LINE: &[Field] = &[
    need("variant", Shape::Text, "id or SKU"),
    need("quantity", Shape::Whole(1, 1000), "how many"),
    may("unitPrice", Shape::Money, "another price in cents than that of the catalogue"),
];

/// The arguments of `create_order`.
pub(super) const CREATE: &[Field] = &[
    need("customer", Shape::Text, "id or e-mail address of a customer"),
    need("lines", Shape::Objects(LINE), "what is ordered"),
    may("couponCode", Shape::Text, "code of a coupon"),
    may("shippingMethod", Shape::Text, "name of a shipping method, the cheapest if left out"),
    may("shippingAddress", Shape::Object(ADDRESS), "where to, if not to the customer's address"),
    may("paid", Shape::Flag, "whether it is paid already, no if left out"),
    may("note", Shape::Text, "a note for the team"),
];

/// The costs of an order besides its goods.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    pub(crate) coupon: Option<String>,
    pub(crate) discount: i64,
    pub(crate) method: String,
    pub(crate) fee: i64,
    pub(crate) tax: i64,
}

/// Returns the costs of these lines, with shipping to a country by a method, and a coupon.
pub(crate) fn price(
    shop: &Shop,
    lines: &[LineItem],
    customer: &str,
    country: &str,
    method: Option<&str>,
    coupon: Option<&str>,
    at: Moment,
) -> Result<Pricing, ShopError> {
    let subtotal = lines.iter().map(LineItem::total).sum();
    let basket = Basket { lines, subtotal, customer, at };
    let given = coupon.map(|code| coupons::apply(shop, code, &basket)).transpose()?;
    let discount = given.as_ref().map_or(0, |given| given.discount);
    let (method, fee) = settings::shipping(shop, country, method, subtotal - discount)?;
    let free = given.as_ref().is_some_and(|given| given.free_shipping);
    Ok(Pricing {
        coupon: given.map(|given| given.code),
        discount,
        method,
        fee: if free { 0 } else { fee },
        tax: basis_points(subtotal - discount, settings::tax_rate(shop, country)),
    })
}

pub(super) fn create(shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    let customer = CUSTOMERS.find(shop, input.needed("customer"))?.clone();
    let customer_id = text(&customer, "id").to_owned();
    let given = input.object("shippingAddress").map(|address| address.0.clone());
    let address = given.or_else(|| customer.get("address").cloned()).unwrap_or(Value::Null);
    if address.is_null() {
        let message = "this customer has no address: give a `shippingAddress`";
        return Err(ShopError::invalid("shippingAddress", message));
    }
    let lines = lines(shop, input)?;
    let country = address["country"].as_str().unwrap_or_default();
    let (method, coupon) = (input.text("shippingMethod"), input.text("couponCode"));
    let now = shop.tick();
    let pricing = price(shop, &lines, &customer_id, country, method, coupon, now)?;
    let paid_at = input.flag("paid").unwrap_or(false).then_some(now);
    let order = Order {
        id: String::new(),
        number: String::new(),
        customer_id,
        status: if paid_at.is_some() { OrderStatus::Processing } else { OrderStatus::Pending },
        lines,
        coupon_code: pricing.coupon.clone(),
        discount: pricing.discount,
        shipping_method: pricing.method,
        shipping_fee: pricing.fee,
        tax: pricing.tax,
        paid_at,
        shipping_address: address,
        note: input.owned("note").unwrap_or_default(),
        source: "manual".to_owned(),
        fulfillments: Vec::new(),
        refunds: Vec::new(),
        timeline: vec![TimelineEvent { at: now, what: "order created through MCP".to_owned() }],
        created_at: now,
        updated_at: now,
    };
    let id = shop.place(order);
    shop.shown_order(&id)
}

fn lines(shop: &mut Shop, input: ToolInput<'_>) -> Result<Vec<LineItem>, ShopError> {
    let mut lines: Vec<LineItem> = Vec::new();
    for given in input.objects("lines") {
        let name = given.needed("variant");
        let line = shop.line(name, given.whole("quantity").unwrap_or(1))?;
        let (product, variant) = shop.variant(name)?;
        if product.status != "active" {
            let message = format!("`{}` is {} and cannot be sold", product.title, product.status);
            return Err(ShopError::state(message));
        }
        let before: i64 =
            lines.iter().filter(|l| l.variant_id == variant.id).map(|l| l.quantity).sum();
        if variant.stock < before + line.quantity {
            let message = format!("only {} of `{}` are in stock", variant.stock, variant.sku);
            return Err(ShopError::state(message));
        }
        let unit_price = given.whole("unitPrice").unwrap_or(line.unit_price);
        lines.push(LineItem { unit_price, ..line });
    }
    Ok(lines)
}

impl Shop {
    /// Returns a line with a quantity of a variant, at its current price.
    pub(crate) fn line(&mut self, variant: &str, quantity: i64) -> Result<LineItem, ShopError> {
        self.variant(variant)?;
        let id = self.new_id("line");
        let (product, variant) = self.variant(variant)?;
        Ok(LineItem {
            id,
            product_id: product.id.clone(),
            variant_id: variant.id.clone(),
            sku: variant.sku.clone(),
            title: match variant.title.as_str() {
                "Standard" => product.title.clone(),
                form => format!("{}, {form}", product.title),
            },
            quantity,
            unit_price: variant.price,
            fulfilled: 0,
            refunded: 0,
        })
    }

    /// Places an order: it gets its number, the goods leave the stock, the coupon is used.
    pub(crate) fn place(&mut self, order: Order) -> String {
        let id = self.new_id("ord");
        let number = format!("LMS{}", self.next_order);
        self.next_order += 1;
        for line in &order.lines {
            self.move_stock(&line.variant_id, -line.quantity, &format!("order {number}"));
        }
        if let Some(code) = &order.coupon_code {
            coupons::used(self, code, 1);
        }
        self.orders.push(Order { id: id.clone(), number, ..order });
        id
    }
}
