//! One account while its data is generated: its records so far, and helpers that add to them.

use serde_json::{Value, json};

use super::api_format::API_FORMAT;
use super::seed_tables::{AccountRow, STREETS, SiteRow};
use crate::product::draw::Draw;
use crate::product::field::ToolInput;
use crate::product::records::{Records, carry_out};

/// One account while its data is generated.
pub(super) struct Seeding {
    pub(super) row: &'static AccountRow,
    pub(super) draw: Draw,
    pub(super) records: Records,
    /// Customers so far, over all sites.
    pub(super) people: usize,
}

impl Seeding {
    /// Calls a tool for this site. The seed only makes calls that succeed.
    pub(super) fn call(&mut self, site: &SiteRow, tool: &str, mut arguments: Value) -> Value {
        arguments["site_id"] = site.id.into();
        let row = API_FORMAT.tool(tool).unwrap_or_else(|| panic!("no tool is named `{tool}`"));
        let done = carry_out(&API_FORMAT, row, &mut self.records, ToolInput(&arguments));
        done.unwrap_or_else(|trouble| panic!("{tool} {arguments}: {trouble:?}"))
    }

    pub(super) fn price(&self, amount: i64) -> i64 {
        amount * self.row.prices / 100
    }

    /// Returns the id of the first record in a table of this site whose member is this text.
    pub(super) fn id(&self, site: &SiteRow, table: &str, member: &str, text: &str) -> Value {
        let table = API_FORMAT.resources.iter().find(|resource| resource.table == table);
        let records = table.map_or(&[][..], |table| self.records.all(table));
        let here = |record: &&Value| record["site_id"] == site.id && record[member] == text;
        records.iter().find(here).map(|record| record["id"].clone()).unwrap_or_default()
    }

    pub(super) fn address(
        &mut self,
        site: &'static SiteRow,
        customer: &Value,
        first: &str,
        last: &str,
        kind: &str,
    ) -> Value {
        let cities = self.row.cities;
        let (city, state, postal_code) = cities[self.draw.below(cities.len())];
        let street = STREETS[self.draw.below(STREETS.len())];
        let mut address = json!({
            "customer_id": customer,
            "type": kind,
            "first_name": first,
            "last_name": last,
            "line1": format!("{} {street}", 1 + self.draw.below(220)),
            "city": city,
            "postal_code": postal_code,
            "country": self.row.country,
        });
        if !state.is_empty() {
            address["state"] = state.into();
        }
        self.call(site, "create_address", address)["id"].clone()
    }
}
