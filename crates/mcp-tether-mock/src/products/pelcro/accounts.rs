//! The account of a token, and its sites.

use serde_json::Value;

use super::api_format::CURRENCY;
use crate::product::field::{Field, Shape, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordRules, RecordTable, Records, col, reads,
};

const SITES: &[Field] = &[
    need("id", Shape::Id, "what other tools take as `site_id`"),
    need("name", Shape::Text, "its name"),
    need("url", Shape::Url, "where it is"),
    need("default_currency", CURRENCY, "what it sells in"),
];

pub(super) static ACCOUNTS: RecordTable = RecordTable {
    table: "accounts",
    one: "account",
    id: "account_id",
    prefix: None,
    within: None,
    first: 118,
    columns: &[
        col("company", Shape::Text, "the company behind it").needed(),
        col("country", Shape::Text, "its country in two letters").needed(),
        col("default_currency", CURRENCY, "what it sells in").needed(),
        col("is_enterprise", Shape::Flag, "whether exports are included").needed(),
        col("taxes_enabled", Shape::Flag, "whether taxes are added to invoices").needed(),
        col("api_core_rate_limit", Shape::Whole(1, 10_000), "requests a minute").needed(),
        col("environment", Shape::Text, "`prd` or `stg`").needed(),
        col("sites", Shape::Objects(SITES), "its sites").needed(),
    ],
    rules: RecordRules::NONE,
    tools: &[reads(
        [
            "get_account",
            "Get account",
            "Gives the account that this connection is for, with its sites. Start here: other \
             tools need a `site_id`",
            "{}",
        ],
        &[],
        RecordOutput::One,
        |records, _| Ok(current(records).clone()),
    )],
};

/// Returns the account that owns these records.
pub(super) fn current(records: &Records) -> &Value {
    records.all(&ACCOUNTS).first().expect("seeding begins with the account")
}

/// Returns whether the account has the site that a tool of this resource is called for.
pub(super) fn check(
    records: &Records,
    of: &RecordTable,
    arguments: &Value,
) -> Result<(), RecordError> {
    let Some(within) = of.within else { return Ok(()) };
    let (site, sites) = (&arguments[within.name], current(records)["sites"].as_array());
    if sites.is_some_and(|sites| sites.iter().any(|known| known["id"] == *site)) {
        Ok(())
    } else {
        Err(RecordError::not_found("site", site))
    }
}
