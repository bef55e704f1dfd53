//! Vendors: companies that the account owes money.

use serde_json::Value;

use super::api_format::{CURRENCY, SITE, metadata};
use super::bills::BILLS;
use super::exports::{self, EXPORTS};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may};
use crate::product::records::{
    RecordOutput, RecordRules, RecordTable, Records, col, create, delete, get, list, number,
    update, writes,
};

const STATUS: Shape = Shape::OneOf(&["active", "inactive"]);

const EXPORT: &[Field] = &[may("status", STATUS, "only vendors of this status")];

pub(super) static VENDORS: RecordTable = RecordTable {
    table: "vendors",
    one: "vendor",
    id: "vendor_id",
    prefix: None,
    within: SITE,
    first: 601,
    columns: &[
        col("name", Shape::Short(255), "who they are").needed().searched(),
        col("email", Shape::Email, "where to write to").needed().filter().searched().unique(),
        col("phone", Shape::Short(40), "phone number"),
        col("currency", CURRENCY, "what they are paid in; the account's if left out"),
        col("country", Shape::Like("^[A-Z]{2}$"), "country in two capitals").filter(),
        col("tax_id", Shape::Short(50), "number the tax office knows them by"),
        col("commission_rate", Shape::Whole(0, 10_000), "their share in hundredths of a percent")
            .or("0"),
        col("payment_terms", Shape::Whole(0, 365), "days until a bill is due").or("30"),
        col("status", STATUS, "whether they may be billed for").filter().or("\"active\""),
        col("notes", Shape::Short(1000), "what else to know"),
        metadata(),
        col("bill_count", Shape::Whole(0, i64::MAX), "bills they wrote").given().or("0"),
        col("amount_owed", Shape::Money, "unpaid total of their bills").given().or("0"),
    ],
    rules: RecordRules {
        creating: Some(|records, draft, _| {
            if draft["currency"].is_null() {
                draft["currency"] = super::accounts::current(records)["default_currency"].clone();
            }
            Ok(())
        }),
        showing: Some(showing),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_vendors",
            "List vendors",
            "Lists vendors with what is owed to them",
            r#"{"site_id":1205,"status":"active"}"#,
        ]),
        get([
            "get_vendor",
            "Get vendor",
            "Gives one vendor",
            r#"{"site_id":1205,"vendor_id":$vendors}"#,
        ]),
        create([
            "create_vendor",
            "Create vendor",
            "Adds somebody who may send bills",
            r#"{"site_id":1205,"name":"Quill & Co.","email":"billing@quill.example","payment_terms":14}"#,
        ]),
        update([
            "update_vendor",
            "Update vendor",
            "Changes what is known about a vendor",
            r#"{"site_id":1205,"vendor_id":$vendors,"payment_terms":45}"#,
        ]),
        delete([
            "delete_vendor",
            "Delete vendor",
            "Deletes a vendor who never wrote a bill",
            r#"{"site_id":1205,"vendor_id":$vendors.name=Dormant Press}"#,
        ]),
        writes(
            [
                "export_vendors",
                "Export vendors",
                "Starts an export of the vendors; `download_export` gives the file once it is \
                 ready",
                r#"{"site_id":1205}"#,
            ],
            ToolKind::Write,
            &[EXPORT],
            RecordOutput::OneOf(&EXPORTS),
            |records, input| exports::request(records, "vendors", input),
        ),
    ],
};

fn showing(records: &Records, vendor: &mut Value) {
    let id = vendor["id"].clone();
    let bills = || records.with(&BILLS, "vendor_id", &id);
    let open = bills().filter(|bill| bill["status"] == "open");
    let owed: i64 = open.map(|bill| number(bill, "amount_remaining")).sum();
    vendor["bill_count"] = bills().count().into();
    vendor["amount_owed"] = owed.into();
}
