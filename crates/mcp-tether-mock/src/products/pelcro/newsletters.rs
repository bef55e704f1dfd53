//! Newsletters and their subscribers.

use serde_json::Value;

use super::api_format::SITE;
use super::customers::CUSTOMERS;
use crate::product::field::{Shape, ToolInput};
use crate::product::records::{
    RecordError, RecordRules, RecordTable, Records, col, create, delete, get, list, update,
};

pub(super) static NEWSLETTERS: RecordTable = RecordTable {
    table: "newsletters",
    one: "newsletter",
    id: "newsletter_id",
    prefix: None,
    within: SITE,
    first: 12_001,
    columns: &[
        col("email", Shape::Email, "where it is sent to")
            .needed()
            .fixed()
            .filter()
            .searched()
            .unique(),
        col("lists", Shape::Texts, "names of the newsletters").needed().filter(),
        col("source", Shape::Short(100), "where they signed up"),
        col("status", Shape::OneOf(&["subscribed", "unsubscribed"]), "whether they get them")
            .filter()
            .or("\"subscribed\""),
        col("customer_id", Shape::Id, "the customer of that address")
            .given()
            .filter()
            .forgets(&CUSTOMERS),
        col("unsubscribed_at", Shape::Time, "when they had enough").given(),
    ],
    rules: RecordRules { creating: Some(creating), changing: Some(changing), ..RecordRules::NONE },
    tools: &[
        list([
            "list_newsletters",
            "List newsletters",
            "Lists who gets newsletters; narrow it to a list, an address or a status",
            r#"{"site_id":1205,"status":"subscribed"}"#,
        ]),
        get([
            "get_newsletter",
            "Get newsletter",
            "Gives one newsletter subscription",
            r#"{"site_id":1205,"newsletter_id":$newsletters}"#,
        ]),
        create([
            "create_newsletter",
            "Create newsletter",
            "Signs an address up for newsletters; it is joined to the customer who has it",
            r#"{"site_id":1205,"email":"new.reader@mail.example","lists":["morning"]}"#,
        ]),
        update([
            "update_newsletter",
            "Update newsletter",
            "Changes which newsletters somebody gets, or that they get any",
            r#"{"site_id":1205,"newsletter_id":$newsletters,"status":"unsubscribed"}"#,
        ]),
        delete([
            "delete_newsletter",
            "Delete newsletter",
            "Deletes a newsletter subscription for good",
            r#"{"site_id":1205,"newsletter_id":$newsletters}"#,
        ]),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    let email = draft["email"].as_str().unwrap_or_default().to_lowercase();
    let has_it = |customer: &&Value| {
        customer["site_id"] == draft["site_id"]
            && customer["email"].as_str().is_some_and(|own| own.to_lowercase() == email)
    };
    let owner = records.all(&CUSTOMERS).iter().find(has_it).map(|customer| customer["id"].clone());
    draft["customer_id"] = owner.unwrap_or_default();
    Ok(())
}

fn changing(
    records: &mut Records,
    _: &Value,
    after: &mut Value,
    _: ToolInput<'_>,
) -> Result<(), RecordError> {
    let gone = after["status"] == "unsubscribed";
    after["unsubscribed_at"] = if gone { records.now().0.into() } else { Value::Null };
    Ok(())
}
