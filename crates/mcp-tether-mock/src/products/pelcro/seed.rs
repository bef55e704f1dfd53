//! The initial accounts: 200 days of business, played with the same tools that callers use, so that
//! invoices, charges, stock and counts are consistent. The same seed and day give the same data.

use std::collections::BTreeMap;

use serde_json::json;

use super::accounts::ACCOUNTS as ACCOUNT;
use super::api_format::API_FORMAT;
use super::seed_tables::{
    ACCOUNTS, AccountRow, FIRST_NAMES, GOODS, LAST_NAMES, PRODUCTS, SiteRow, VENDORS,
};
use super::seeding::Seeding;
use super::{exports, refunds, subscriptions, trade};
use crate::date::Date;
use crate::product::Moment;
use crate::product::draw::Draw;
use crate::product::records::{Records, make};

/// The days of business.
const DAYS: i64 = 200;
/// The time of day, in seconds, at which seeded days begin: nine o'clock.
const MORNING_SECONDS: i64 = 9 * 3600;

/// Returns every account with its records.
pub(super) fn accounts(seed: u64, today: Date, environment: &str) -> BTreeMap<String, Records> {
    let account = |(position, row): (usize, &'static AccountRow)| {
        let position = u64::try_from(position).unwrap_or_default();
        let seed = seed.wrapping_mul(31).wrapping_add(position * 7 + environment.len() as u64);
        let mut seeding = Seeding::new(row, seed, today, position * 100_000);
        seeding.account(environment);
        for days in -DAYS..=0 {
            seeding.morning(today.plus_days(days));
            for site in row.sites {
                seeding.day(site, days);
            }
        }
        (row.name.to_owned(), seeding.records)
    };
    ACCOUNTS.iter().enumerate().map(account).collect()
}

/// Processes the time since the last call, which may be several days.
pub(super) fn catch_up(records: &mut Records, today: Date) {
    if records.today() < today {
        pass_time(records, Moment::on(today, MORNING_SECONDS));
    }
    exports::finish(records).expect("exports are of tables that there are");
}

/// Advances the time to `until`, and processes everything due by then, in order.
fn pass_time(records: &mut Records, until: Moment) {
    while let Some((due, id)) = subscriptions::first_due(records, until.0) {
        records.advance_to(Moment(due));
        let next = subscriptions::next_period(records, &id);
        next.expect("what a running subscription refers to cannot be deleted");
    }
    records.advance_to(until);
    refunds::go_through(records).expect("refunds that wait are there");
}

impl Seeding {
    fn new(row: &'static AccountRow, seed: u64, today: Date, offset: u64) -> Self {
        let start = Moment::on(today.plus_days(-DAYS), MORNING_SECONDS);
        let records = Records::new(start, offset);
        Self { row, draw: Draw::of(seed), records, people: 0 }
    }

    fn account(&mut self, environment: &str) {
        let row = self.row;
        let name = |site: &SiteRow| match environment {
            "prd" => site.name.to_owned(),
            _ => format!("{} (staging)", site.name),
        };
        let site = |site: &SiteRow| {
            json!({
                "id": site.id,
                "name": name(site),
                "url": site.url,
                "default_currency": row.currency,
            })
        };
        let account = json!({
            "company": row.name,
            "country": row.country,
            "default_currency": row.currency,
            "is_enterprise": row.enterprise,
            "taxes_enabled": row.taxes,
            "api_core_rate_limit": row.rate_limit,
            "environment": environment,
            "sites": row.sites.iter().map(site).collect::<Vec<_>>(),
        });
        make(&API_FORMAT, &ACCOUNT, &mut self.records, account);
    }

    fn morning(&mut self, day: Date) {
        pass_time(&mut self.records, Moment::on(day, MORNING_SECONDS));
        catch_up(&mut self.records, day);
    }

    fn day(&mut self, site: &'static SiteRow, days: i64) {
        if days == -DAYS {
            self.shelves(site);
        }
        let people = i64::try_from(site.customers).unwrap_or(1);
        let since = days + DAYS;
        // The first customer comes on the tenth day, the last a few days ago.
        let step = (DAYS - 16) / people;
        if since >= 10 && (since - 10) % step == 0 && (since - 10) / step < people {
            self.newcomer(site, days, usize::try_from((since - 10) / step).unwrap_or_default());
        }
        if since % 14 == 7 {
            self.bill(site, days);
        }
        if days == 0 {
            trade::last_day(self, site);
        }
    }

    /// Creates products, plans, vendors and webhooks.
    fn shelves(&mut self, site: &'static SiteRow) {
        let currency = self.row.currency;
        for (url, all) in [("events", true), ("finance", false)] {
            let url = format!("{}/hooks/{url}", site.url);
            let hook = if all {
                json!({ "url": url, "all_events_enabled": true })
            } else {
                json!({ "url": url, "events": ["invoice_payment_succeeded"] })
            };
            self.call(site, "create_webhook", hook);
        }
        for (name, by_mail, plans) in PRODUCTS {
            let full = format!("{} {name}", site.name);
            let product = json!({
                "name": full,
                "address_required": by_mail,
                "entitlements": [name.to_lowercase()],
            });
            let product = self.call(site, "create_product", product)["id"].clone();
            for (nickname, amount, interval, trial, seats) in *plans {
                let mut plan = json!({
                    "product_id": product,
                    "nickname": nickname,
                    "amount": self.price(*amount),
                    "currency": currency,
                    "interval": interval,
                    "trial_period_days": trial,
                });
                if let Some(seats) = seats {
                    plan["type"] = "membership".into();
                    plan["member_seat_capacity"] = (*seats).into();
                }
                self.call(site, "create_plan", plan);
            }
        }
        let retired = json!({ "name": format!("{} Archive box", site.name), "active": false });
        self.call(site, "create_product", retired);
        self.goods(site);
        self.coupons(site);
        for (name, email, country, terms, _) in VENDORS {
            let local = format!("{}.{email}", site.id);
            let vendor = json!({
                "name": name, "email": local, "country": country, "payment_terms": terms,
                "currency": currency,
            });
            self.call(site, "create_vendor", vendor);
        }
        let dormant = json!({
            "name": "Dormant Press",
            "email": format!("{}.hello@dormantpress.example", site.id),
            "status": "inactive",
        });
        self.call(site, "create_vendor", dormant);
    }

    fn goods(&mut self, site: &'static SiteRow) {
        for (name, shippable, skus) in GOODS {
            let product = json!({ "name": name, "shippable": shippable });
            let product = self.call(site, "create_ecommerce_product", product)["id"].clone();
            for (code, name, price, stock) in *skus {
                let mut sku = json!({
                    "ecommerce_product_id": product,
                    "code": format!("{code}-{}", site.id),
                    "name": name,
                    "price": self.price(*price),
                    "inventory_quantity": stock.max(&0),
                });
                if *stock < 0 {
                    sku["inventory_type"] = "infinite".into();
                }
                self.call(site, "create_ecommerce_sku", sku);
            }
        }
        let gone = json!({ "name": "Wall calendar", "active": false });
        self.call(site, "create_ecommerce_product", gone);
    }

    fn coupons(&mut self, site: &'static SiteRow) {
        let tag = site.id;
        let ended = self.records.today().plus_days(40).to_string();
        let student = self.id(site, "plans", "nickname", "Student");
        for mut coupon in [
            json!({ "code": "WELCOME20", "name": "Welcome, 20 % off", "percent_off": 20 }),
            json!({ "code": "LOYAL10", "percent_off": 10, "duration": "forever" }),
            json!({ "code": "FIVEOFF", "amount_off": 500, "currency": self.row.currency }),
            json!({ "code": "STUDENT50", "percent_off": 50, "plan_ids": [student] }),
            json!({ "code": "SPRINGSALE", "percent_off": 30, "redeem_by": ended }),
        ] {
            if self.row.sites.first().is_none_or(|first| first.id != tag) {
                let code = coupon["code"].as_str().unwrap_or_default();
                coupon["code"] = format!("{code}{tag}").into();
            }
            self.call(site, "create_coupon", coupon);
        }
    }

    fn bill(&mut self, site: &'static SiteRow, days: i64) {
        let (name, .., price) = VENDORS[self.draw.below(VENDORS.len())];
        let vendor = self.id(site, "vendors", "name", name);
        let quantity = 1 + self.draw.below(3);
        let bill = json!({
            "vendor_id": vendor,
            "description": format!("work of {name}"),
            "line_items": [{
                "description": "services", "quantity": quantity, "unit_price": self.price(price),
            }],
        });
        let id = self.call(site, "create_bill", bill)["id"].clone();
        if days < -3 {
            self.call(site, "finalize_bill", json!({ "bill_id": id }));
        }
        if days < -35 {
            let reference = format!("wire {}", 2_000 + days.abs());
            self.call(site, "mark_bill_as_paid", json!({ "bill_id": id, "reference": reference }));
        }
    }

    /// Registers a customer, who may buy something.
    fn newcomer(&mut self, site: &'static SiteRow, days: i64, position: usize) {
        let first = FIRST_NAMES[self.people % FIRST_NAMES.len()];
        let last = LAST_NAMES[self.people % LAST_NAMES.len()];
        self.people += 1;
        let email = format!("{first}.{last}@mail.example").to_lowercase();
        let source = ["web", "event", "referral"][self.draw.below(3)];
        let customer = json!({
            "email": email,
            "first_name": first,
            "last_name": last,
            "mail_marketing": self.draw.percent(60),
            "metadata": { "source": source },
        });
        let id = self.call(site, "create_customer", customer)["id"].clone();
        self.address(site, &id, first, last, "shipping");
        if self.draw.percent(65) {
            let lists = if self.draw.percent(50) {
                json!(["morning", "weekend"])
            } else {
                json!(["morning"])
            };
            let reader = json!({ "email": email, "lists": lists, "source": "register" });
            self.call(site, "create_newsletter", reader);
        }
        trade::purchase(self, site, &id, days, position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_and_day_gives_data_on_which_the_examples_work() {
        for (seed, day) in [
            (0, "2026-11-21"),
            (7, "2024-02-29"),
            (8, "2025-08-31"),
            (12_345, "2026-01-01"),
            (u64::MAX, "2027-03-30"),
        ] {
            let accounts = accounts(seed, day.parse().unwrap(), "prd");
            assert_eq!(super::super::tools(&accounts).len(), 101, "{seed} {day}");
            assert_eq!(accounts.len(), 3);
        }
    }

    #[test]
    fn the_same_seed_and_day_give_the_same_data() {
        let day: Date = "2026-11-21".parse().unwrap();
        let written = |seed| serde_json::to_string(&accounts(seed, day, "prd")).unwrap();
        assert_eq!(written(3), written(3));
        assert_ne!(written(3), written(4));
    }

    #[test]
    fn time_that_passed_while_stopped_is_caught_up() {
        let mut accounts = accounts(1, "2026-11-21".parse().unwrap(), "prd");
        let records = accounts.get_mut("The Daily Meridian").unwrap();
        let invoices = |records: &Records| records.all(&super::super::invoices::INVOICES).len();
        let before = invoices(records);
        let later: Date = "2027-03-21".parse().unwrap();
        pass_time(records, Moment::on(later, MORNING_SECONDS));
        assert!(invoices(records) > before + 30, "months of periods were invoiced");
        assert!(subscriptions::first_due(records, Moment::on(later, MORNING_SECONDS).0).is_none());
        assert_eq!(records.today(), later);
    }
}
