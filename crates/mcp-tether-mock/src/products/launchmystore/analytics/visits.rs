//! Visit reports: numbers of visits, their sources, and the conversion rate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::period;
use super::super::shop::Shop;
use super::super::shop_error::ShopResult;
use super::super::traffic::Visits;
use super::counted::orders_in;
use crate::date::Date;
use crate::product::field::{Field, Shape, ToolInput, may};
use crate::product::money::portion;

pub(super) const GROUP: &[Field] =
    &[may("groupBy", Shape::OneOf(&["source", "day"]), "what the rows stand for")];

#[derive(Clone, Copy, Debug, Default)]
struct VisitSums {
    sessions: i64,
    visitors: i64,
    page_views: i64,
    carts: i64,
}

impl VisitSums {
    fn add(&mut self, visits: &Visits) {
        self.sessions += visits.sessions;
        self.visitors += visits.visitors;
        self.page_views += visits.page_views;
        self.carts += visits.carts;
    }

    fn to_json(self) -> Value {
        json!({
            "sessions": self.sessions,
            "visitors": self.visitors,
            "pageViews": self.page_views,
            "cartsFilled": self.carts,
        })
    }
}

pub(super) fn report(shop: &Shop, input: ToolInput<'_>) -> ShopResult {
    let span = period::asked_or_30_days(shop, input)?;
    let by_day = input.text("groupBy") == Some("day");
    let mut totals = VisitSums::default();
    let mut rows: BTreeMap<String, VisitSums> = BTreeMap::new();
    for visits in &shop.visits {
        let day = Date::from_epoch_seconds(visits.day * 86_400);
        if span.has_day(day) {
            totals.add(visits);
            let row = if by_day { day.to_string() } else { visits.source.clone() };
            rows.entry(row).or_default().add(visits);
        }
    }
    let online = orders_in(shop, span).filter(|order| order.source == "online").count();
    let online = i64::try_from(online).unwrap_or(i64::MAX);
    let mut shown = totals.to_json();
    shown["onlineOrders"] = online.into();
    // In hundredths of a percent, so that it stays a whole number.
    shown["conversionBasisPoints"] = portion(online, 10_000, totals.sessions).into();
    let name = if by_day { "day" } else { "source" };
    let row = |(key, sums): (String, VisitSums)| {
        let mut row = sums.to_json();
        row[name] = key.into();
        row
    };
    Ok(json!({
        "from": span.first.to_string(),
        "to": span.last.to_string(),
        "totals": shown,
        "rows": rows.into_iter().map(row).collect::<Vec<_>>(),
    }))
}
