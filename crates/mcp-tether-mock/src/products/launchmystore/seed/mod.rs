//! The initial data of a store, generated from a seed and dated relative to a given day. It is
//! created with the tools' own functions, so that it obeys their rules.

mod buying;
mod goods;
mod look;
mod making;
mod people;
mod texts;

use self::making::DAYS;
use super::shop::Shop;
use super::traffic::Visits;
use crate::date::Date;
use crate::product::Moment;
use crate::product::draw::Draw;

/// Returns a store with all its data.
pub(super) fn shop(seed: u64, today: Date) -> Shop {
    let mut shop = Shop::new(today);
    let mut draw = Draw::of(seed);
    // Everything except orders existed before the first order.
    set_day(&mut shop, today.plus_days(-2 * DAYS));
    look::settings(&mut shop);
    goods::categories(&mut shop);
    let planned = buying::plan(&mut draw, today);
    goods::products(&mut shop, &buying::sold(&planned));
    people::customers(&mut shop);
    texts::coupons(&mut shop, today);
    texts::posts_and_pages(&mut shop, today);
    texts::menus(&mut shop);
    look::themes(&mut shop);
    for order in planned {
        buying::buy(&mut shop, &mut draw, order);
    }
    set_day(&mut shop, today);
    visits(&mut shop, &mut draw);
    shop
}

/// Sets the clock to the morning of a day.
fn set_day(shop: &mut Shop, day: Date) {
    shop.today = day;
    shop.clock = Moment::on(day, 10 * 3600);
}

const SOURCES: [(&str, i64); 5] =
    [("search", 90), ("direct", 60), ("social", 45), ("email", 25), ("referral", 15)];

fn visits(shop: &mut Shop, draw: &mut Draw) {
    for back in (0..=DAYS).rev() {
        let day = shop.today.plus_days(-back);
        for (source, usual) in SOURCES {
            let more = |draw: &mut Draw, most| i64::try_from(draw.below(most)).unwrap_or(0);
            let sessions = usual + more(draw, 40);
            shop.visits.push(Visits {
                day: day.epoch_seconds() / 86_400,
                source: source.to_owned(),
                sessions,
                visitors: sessions - more(draw, 14),
                page_views: sessions * 3 + more(draw, 90),
                carts: sessions / 12 + more(draw, 4),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::text;
    use super::*;

    fn today() -> Date {
        "2026-11-25".parse().unwrap()
    }

    #[test]
    fn the_same_seed_and_day_give_the_same_data() {
        let text = |seed| serde_json::to_string(&shop(seed, today())).unwrap();
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn every_seed_has_the_data_that_people_ask_about() {
        for (seed, day) in (1..12).zip(["2026-11-25", "2026-01-01", "2028-02-29"].iter().cycle()) {
            let shop = shop(seed, day.parse().unwrap());
            assert_eq!(shop.orders.len(), 120);
            assert!(shop.product("Classic T-Shirt").is_ok());
            let ready = |number: &str| {
                let order = shop.order(number).unwrap();
                (order.payment_status(), order.fulfillment_status(), order.created_at.day())
            };
            assert_eq!(ready("LMS1118"), ("paid", "unfulfilled", shop.today));
            assert_eq!(ready("LMS1119"), ("pending", "unfulfilled", shop.today));
            assert_eq!(ready("LMS1003").0, "paid");
            assert!(shop.orders.iter().any(|order| !order.refunds.is_empty()), "seed {seed}");
            assert!(shop.variants().filter(|(_, variant)| variant.stock < 10).count() >= 3);
            let otto = shop.records("customers").iter().find(|c| text(c, "firstName") == "Otto");
            assert_eq!(shop.orders_of(text(otto.unwrap(), "id")).count(), 0);
        }
    }

    #[test]
    fn the_data_is_consistent() {
        for seed in 1..6 {
            super::super::tests::consistent(&shop(seed, today()));
        }
    }
}
