//! The initial data of the order desk, generated from a seed and dated relative to a given day.
//! Some orders are written by hand, because people ask for them by number.

use std::collections::BTreeMap;

use super::desk::{AGENTS, Desk};
use super::model::{
    Address, Category, Confirmation, Customer, CustomerGroup, DeliveryAttempt, FulfillmentState,
    Order, OrderChange, OrderLine, Payment, Pipeline, Product, ProductOption, Stage, Utm, Variant,
};
use super::seed_tables::{
    ADVERTISEMENTS, CAMPAIGNS, CATEGORIES, CITIES, COURIERS, CUSTOMERS, GROUPS, PRODUCTS,
    ProductRow, SCRIPTED_ORDERS, STAGES, ScriptedOrder,
};
use crate::date::Date;
use crate::product::draw::Draw;
use crate::product::moment::Moment;
use crate::splitmix::splitmix64;

/// The age of the oldest order, in days.
const DAYS: i64 = 60;
/// The customers who order most: the first ones of the table.
const REGULARS: usize = 6;
/// The range of order numbers.
const NUMBERS: std::ops::RangeInclusive<u64> = 80..=243;

/// Returns a desk with all its data.
pub(super) fn desk(seed: u64, today: Date) -> Desk {
    let mut seeding = Seeding {
        draw: Draw::of(seed),
        desk: Desk {
            today,
            clock: Moment::on(today, 10 * 3600),
            customers: Vec::new(),
            merged_customers: BTreeMap::new(),
            groups: Vec::new(),
            categories: Vec::new(),
            products: Vec::new(),
            orders: Vec::new(),
            pipelines: pipelines(),
            next_id: 1000,
            audit: Vec::new(),
        },
    };
    seeding.groups_and_categories();
    PRODUCTS.iter().for_each(|row| seeding.product(row));
    for position in 0..CUSTOMERS.len() {
        seeding.customer(position);
    }
    seeding.orders();
    seeding.desk
}

struct Seeding {
    draw: Draw,
    desk: Desk,
}

fn pipelines() -> Vec<Pipeline> {
    let stage = |position: usize, (name, confirmation, fulfillment): &(&str, _, _)| Stage {
        id: format!("stg_{}", position + 1),
        name: (*name).to_owned(),
        confirmation: *confirmation,
        fulfillment: *fulfillment,
    };
    let stages = STAGES.iter().enumerate().map(|(position, row)| stage(position, row)).collect();
    vec![Pipeline { id: "pip_1".to_owned(), name: "Sales".to_owned(), stages }]
}

impl Seeding {
    fn groups_and_categories(&mut self) {
        for name in GROUPS {
            let id = self.desk.new_id("grp");
            self.desk.groups.push(CustomerGroup { id, name: name.to_owned() });
        }
        for name in CATEGORIES {
            let id = self.desk.new_id("cat");
            self.desk.categories.push(Category { id, name: name.to_owned() });
        }
    }

    fn product(&mut self, row: &ProductRow) {
        let desk = &mut self.desk;
        let id = desk.new_id("prd");
        let category = desk.category(row.category).expect("the table names its categories");
        let category_id = category.id.clone();
        let mut variants = Vec::new();
        for (value, stock) in row.variants {
            let mut options = BTreeMap::new();
            options.insert(row.option.to_owned(), (*value).to_owned());
            variants.push(Variant {
                id: desk.new_id("var"),
                sku: format!("{}-{}", row.sku, short(value)),
                title: (*value).to_owned(),
                options,
                price: row.price,
                stock: *stock,
            });
        }
        let values = row.variants.iter().map(|(value, _)| (*value).to_owned()).collect();
        desk.products.push(Product {
            media: vec![format!("https://cdn.egrow.example/{}.jpg", row.sku.to_lowercase())],
            id,
            title: row.title.to_owned(),
            description: row.description.to_owned(),
            status: "active".to_owned(),
            category_id,
            options: vec![ProductOption { name: row.option.to_owned(), values }],
            variants,
            created_at: Moment::on(desk.today.plus_days(-200), 9 * 3600),
        });
    }

    fn customer(&mut self, position: usize) {
        let (name, city) = CUSTOMERS[position];
        let postal_code = CITIES.iter().find(|(known, _)| *known == city).map_or("", |(_, p)| p);
        let id = self.desk.new_id("cus");
        let phone = format!("+2126610{:05}", 101 + position * 7);
        let address = Address {
            id: self.desk.new_id("adr"),
            kind: "shipping".to_owned(),
            name: name.to_owned(),
            phone: phone.clone(),
            line1: format!(
                "{} rue {}",
                1 + self.draw.below(180),
                STREETS[self.draw.below(STREETS.len())]
            ),
            city: city.to_owned(),
            postal_code: postal_code.to_owned(),
            country: "MA".to_owned(),
            is_default: true,
        };
        let mail = name.to_lowercase().replace(' ', ".");
        let email = (!self.draw.percent(20)).then(|| format!("{mail}@mail.example"));
        let groups: Vec<_> = self.desk.groups.iter().map(|group| group.id.clone()).collect();
        let groups = groups.into_iter().filter(|_| self.draw.percent(25)).collect();
        let joined = 61 + i64::try_from(self.draw.below(300)).unwrap_or(0);
        self.desk.customers.push(Customer {
            id,
            name: name.to_owned(),
            phone,
            email,
            marketing_opt_in: self.draw.percent(50),
            blacklisted: false,
            blacklist_reason: None,
            addresses: vec![address],
            groups,
            flagged_duplicates: Vec::new(),
            created_at: Moment::on(self.desk.today.plus_days(-joined), 11 * 3600),
        });
    }

    /// Adds orders, whose numbers have gaps and whose times get denser towards today.
    fn orders(&mut self) {
        let scripted =
            |number: u64| SCRIPTED_ORDERS.iter().find(|scripted| scripted.number == number);
        let seed = self.draw.seed;
        let numbers: Vec<_> = NUMBERS
            .filter(|number| {
                scripted(*number).is_some() || !splitmix64(seed, *number).is_multiple_of(4)
            })
            .collect();
        let count = i64::try_from(numbers.len()).unwrap_or(1);
        let end = Moment::on(self.desk.today, 9 * 3600 + 1800);
        let span = DAYS * 86_400 - 40_000;
        for (position, number) in numbers.into_iter().enumerate() {
            let left = count - 1 - i64::try_from(position).unwrap_or(0);
            let at = Moment(end.0 - span * left / count * left / count);
            self.order(number, at, scripted(number));
        }
    }

    fn order(&mut self, number: u64, at: Moment, scripted: Option<&ScriptedOrder>) {
        let customer = match scripted {
            Some(scripted) => self.desk.customers[scripted.customer].clone(),
            None => {
                let among =
                    if self.draw.percent(30) { REGULARS } else { self.desk.customers.len() };
                self.desk.customers[self.draw.below(among)].clone()
            }
        };
        let lines = match scripted {
            Some(scripted) => {
                scripted.lines.iter().map(|(sku, quantity)| self.line(sku, *quantity)).collect()
            }
            None => self.lines(),
        };
        let subtotal: i64 = lines.iter().map(OrderLine::total).sum();
        let stage = self.stage(at, scripted);
        let by_card = scripted.map_or_else(|| self.draw.percent(30), |scripted| scripted.by_card);
        let mut order = Order {
            id: self.desk.new_id("ord"),
            number: format!("EGW{number}"),
            store_order_id: format!("shop-{}", 52_000 + number * 3),
            tracking_number: None,
            customer_id: Some(customer.id.clone()),
            pipeline_id: "pip_1".to_owned(),
            stage_id: stage.id.clone(),
            shipping_fee: if subtotal >= 50_000 { 0 } else { 3_500 },
            discount: if scripted.is_none() && self.draw.percent(10) { 2_000 } else { 0 },
            lines,
            payments: Vec::new(),
            refunds: Vec::new(),
            shipping_address: customer.addresses[0].clone(),
            billing_address: None,
            courier: None,
            delivery_attempts: Vec::new(),
            confirmation_agent: Some(AGENTS[self.draw.below(AGENTS.len())].0.to_owned()),
            shipping_agent: None,
            notes: scripted.map_or("", |scripted| scripted.notes).to_owned(),
            custom_attributes: BTreeMap::new(),
            utm: advertisement(self.draw.seed, number),
            merged_into: None,
            created_at: at,
            updated_at: at,
            history: vec![change(at, "order placed")],
        };
        self.ship(&mut order, &stage, number, scripted);
        self.pay(&mut order, &stage, by_card);
        self.desk.orders.push(order);
    }

    fn line(&mut self, sku: &str, quantity: i64) -> OrderLine {
        let id = self.desk.new_id("lin");
        let (product, variant) = self.desk.variant(sku).expect("the table names its products");
        OrderLine {
            id,
            product_id: product.id.clone(),
            variant_id: variant.id.clone(),
            sku: variant.sku.clone(),
            title: format!("{}, {}", product.title, variant.title),
            quantity,
            unit_price: variant.price,
            refunded_quantity: 0,
            restocked_quantity: 0,
        }
    }

    fn lines(&mut self) -> Vec<OrderLine> {
        let mut lines: Vec<OrderLine> = Vec::new();
        for _ in 0..=self.draw.below(3) {
            let skus: Vec<_> = self.desk.variants().map(|(_, v)| v.sku.clone()).collect();
            let sku = &skus[self.draw.below(skus.len())];
            if lines.iter().all(|line| line.sku != *sku) {
                let quantity = if self.draw.percent(25) { 2 } else { 1 };
                lines.push(self.line(sku, quantity));
            }
        }
        lines
    }

    /// Returns a stage: the older the order, the later the stage.
    fn stage(&mut self, at: Moment, scripted: Option<&ScriptedOrder>) -> Stage {
        let chances: &[(&str, usize)] = match self.desk.today.days_since(at.day()) {
            0 => &[("Pending", 70), ("Confirmed", 100)],
            1 => &[("Pending", 60), ("Confirmed", 80), ("Cancelled", 88), ("Processing", 100)],
            2..=4 => &[("Confirmed", 20), ("Processing", 50), ("Shipped", 85), ("Cancelled", 100)],
            5..=9 => &[("Shipped", 35), ("Delivered", 82), ("Cancelled", 100)],
            _ => &[("Delivered", 75), ("Returned", 86), ("Cancelled", 100)],
        };
        let drawn = self.draw.below(100);
        let name = chances.iter().find(|(_, upto)| drawn < *upto).map_or("Pending", |(n, _)| *n);
        let name = scripted.map_or(name, |scripted| scripted.stage);
        self.desk.stage(name, None).expect("the table names its stages").1.clone()
    }

    fn ship(
        &mut self,
        order: &mut Order,
        stage: &Stage,
        number: u64,
        scripted: Option<&ScriptedOrder>,
    ) {
        if stage.fulfillment == FulfillmentState::Unfulfilled {
            return;
        }
        let courier = COURIERS[self.draw.below(COURIERS.len())];
        order.courier = Some(courier.to_owned());
        order.tracking_number = Some(format!("TRK{:07}", 4_100_000 + number * 37));
        order.shipping_agent = Some(AGENTS[self.draw.below(AGENTS.len())].0.to_owned());
        let shipped = order.created_at.plus_hours(26);
        order.history.push(change(shipped, &format!("handed to {courier}")));
        let failed = |at, reason: &str| DeliveryAttempt {
            at,
            outcome: "failed".to_owned(),
            reason: Some(reason.to_owned()),
        };
        let (first, second) = (shipped.plus_hours(24), shipped.plus_hours(48));
        match (scripted, stage.fulfillment) {
            (Some(scripted), _) if !scripted.failures.is_empty() => {
                let times = [first, second];
                let attempts = scripted.failures.iter().zip(times);
                order.delivery_attempts = attempts.map(|(why, at)| failed(at, why)).collect();
            }
            (_, FulfillmentState::Delivered) => order.delivery_attempts.push(DeliveryAttempt {
                at: first,
                outcome: "delivered".to_owned(),
                reason: None,
            }),
            (_, FulfillmentState::Returned) => {
                order.delivery_attempts =
                    vec![failed(first, "nobody answered"), failed(second, "parcel refused")];
            }
            _ => {}
        }
        let last = order.delivery_attempts.last().map_or(shipped, |attempt| attempt.at);
        order.updated_at = last;
        if !order.delivery_attempts.is_empty() {
            order.history.push(change(last, &format!("stage is now {}", stage.name)));
        }
    }

    /// Adds payments: cards pay at once, cash pays on delivery.
    fn pay(&mut self, order: &mut Order, stage: &Stage, by_card: bool) {
        if stage.confirmation == Confirmation::Cancelled {
            return;
        }
        let paid_at = match (by_card, stage.fulfillment) {
            (true, _) => order.created_at,
            (false, FulfillmentState::Delivered) => order.updated_at,
            _ => return,
        };
        let method = if by_card { "card" } else { "cash_on_delivery" };
        let id = self.desk.new_id("pay");
        let amount = order.total();
        order.payments.push(Payment { id, method: method.to_owned(), amount, paid_at });
    }
}

/// Streets that exist in every city.
const STREETS: [&str; 6] =
    ["des Orangers", "Ibn Sina", "de la Plage", "Al Massira", "du Marché", "des Oliviers"];

fn change(at: Moment, what: &str) -> OrderChange {
    OrderChange { at, by: "shop".to_owned(), what: what.to_owned() }
}

/// Returns the advertisement of an order; two of three orders have one. It has its own seed
/// (`utm`), so that it does not change the other numbers.
fn advertisement(seed: u64, number: u64) -> Option<Utm> {
    /// The choices after the last advertisement, a third of all, stand for none.
    const CHOICES: usize = ADVERTISEMENTS.len() * 3 / 2;
    let drawn = usize::try_from(splitmix64(seed ^ 0x75_746d, number) % 1000).unwrap_or(0);
    let (source, medium) = ADVERTISEMENTS.get(drawn % CHOICES)?;
    let campaign = CAMPAIGNS[drawn / CHOICES % CAMPAIGNS.len()];
    let [source, medium, campaign] = [*source, *medium, campaign].map(str::to_owned);
    Some(Utm { source, medium, campaign })
}

/// Returns the first letters of a value, for a SKU.
fn short(value: &str) -> String {
    value.chars().filter(char::is_ascii_alphanumeric).take(3).collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        "2026-11-21".parse().unwrap()
    }

    #[test]
    fn the_same_seed_and_day_give_the_same_data() {
        let text = |seed| format!("{:?}", desk(seed, today()));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn the_seed_has_the_data_that_people_ask_about() {
        for seed in 1..20 {
            let desk = desk(seed, today());
            assert!((105..=150).contains(&desk.orders.len()), "{}", desk.orders.len());
            let speaker = desk.order("EGW100").unwrap();
            assert!(speaker.lines.iter().any(|line| line.title.contains("speaker")));
            assert_eq!(speaker.financial_status(), "paid");
            assert!(desk.is_unfulfilled(desk.order("EGW88").unwrap()));
            assert!(desk.is_unfulfilled(desk.order("EGW242").unwrap()));
            let low = desk.variants().filter(|(_, variant)| variant.stock < 10).count();
            assert!(low >= 3, "{low}");
            let yesterday = |order: &&Order| {
                order.created_at.day() == desk.today.plus_days(-1)
                    && desk.stage_of(order).name == "Pending"
            };
            assert!(desk.orders.iter().filter(yesterday).count() > 0, "seed {seed}");
            assert!(desk.customer("+212600112233").is_err(), "Sara is to be onboarded");
        }
    }

    #[test]
    fn the_data_is_consistent() {
        let desk = desk(7, today());
        for order in &desk.orders {
            assert!(order.total() > 0 && !order.lines.is_empty());
            assert!(order.created_at.day() <= desk.today);
            assert!(desk.today.days_since(order.created_at.day()) <= DAYS);
            desk.customer(order.customer_id.as_deref().unwrap()).unwrap();
            for line in &order.lines {
                assert_eq!(desk.variant(&line.variant_id).unwrap().1.sku, line.sku);
            }
            let delivered = desk.stage_of(order).fulfillment == FulfillmentState::Delivered;
            assert!(!delivered || order.financial_status() == "paid");
        }
        let mut ids: Vec<_> = desk.orders.iter().map(|order| &order.number).collect();
        ids.dedup();
        assert_eq!(ids.len(), desk.orders.len());
        let mut skus: Vec<_> = desk.variants().map(|(_, variant)| &variant.sku).collect();
        skus.sort();
        skus.dedup();
        assert_eq!(skus.len(), desk.variants().count());
    }
}
