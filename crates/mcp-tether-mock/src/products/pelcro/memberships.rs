//! Members of group subscriptions: seats are assigned to customers or reserved by invitation; IP
//! addresses can be authorized instead.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::addresses::{self, ADDRESSES};
use super::api_format::{API_FORMAT, SITE, metadata};
use super::customers::CUSTOMERS;
use super::plans::PLANS;
use super::subscriptions::{self, SUBSCRIPTIONS};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, ToolInput, may, need};
use crate::product::records::{
    RecordError, RecordOutput, RecordResult, RecordRules, RecordTable, Records, col, create,
    delete, get, list, make, number, seen, update, writes,
};

const INVITE: &[Field] = &[
    need("subscription_id", Shape::Id, "the group's subscription"),
    need("email", Shape::Email, "who is invited"),
    may("metadata", Shape::Words, "texts of your own by name"),
];

const AUTHORIZE: &[Field] = &[
    need("ip_address", Shape::Like(r"^\d{1,3}(\.\d{1,3}){3}$"), "the visitor's IPv4 address"),
    may("subscription_id", Shape::Id, "only this group's subscription"),
];

const AUTHORIZED: &[Field] = &[
    need("authorized", Shape::Flag, "always true: others get an error"),
    need("ip_address", Shape::Text, "the address"),
    need("matched_range", Shape::Text, "the range that it is in"),
    need("subscription_id", Shape::Id, "the subscription that opens"),
    need("customer_id", Shape::Id, "who pays for it"),
    need("plan_id", Shape::Id, "the plan"),
];

pub(super) static MEMBERSHIPS: RecordTable = RecordTable {
    table: "memberships",
    one: "membership",
    id: "membership_id",
    prefix: None,
    within: SITE,
    first: 11_001,
    columns: &[
        col("subscription_id", Shape::Id, "the group's subscription")
            .needed()
            .fixed()
            .filter()
            .refers(&SUBSCRIPTIONS),
        col("customer_id", Shape::Id, "who gets the seat").fixed().filter().goes_with(&CUSTOMERS),
        col("address_id", Shape::Id, "where print is sent to").forgets(&ADDRESSES),
        metadata(),
        col("email", Shape::Email, "who the seat is for").given().filter().searched(),
        col("status", Shape::OneOf(&["pending", "active"]), "invited, or in")
            .given()
            .filter()
            .or("\"active\""),
        col("invited_at", Shape::Time, "when they were invited").given(),
    ],
    rules: RecordRules {
        creating: Some(creating),
        changing: Some(|records, _, after, _| {
            addresses::of_customer(records, &after["address_id"], &after["customer_id"])
        }),
        ..RecordRules::NONE
    },
    tools: &[
        list([
            "list_memberships",
            "List memberships",
            "Lists members of groups; narrow it to a subscription, or to those who were only \
             invited",
            r#"{"site_id":1205,"status":"active"}"#,
        ]),
        get([
            "get_membership",
            "Get membership",
            "Gives one membership",
            r#"{"site_id":1205,"membership_id":$memberships}"#,
        ]),
        create([
            "create_membership",
            "Create membership",
            "Gives a customer a seat in a group; takes the seat that was held if they were invited",
            r#"{"site_id":1205,"subscription_id":$subscriptions.type=membership,"customer_id":$customers.first_name=Priya}"#,
        ]),
        writes(
            [
                "invite_member",
                "Invite member",
                "Holds a seat for somebody who is invited by e-mail",
                r#"{"site_id":1205,"subscription_id":$subscriptions.type=membership,"email":"kai@newsroom.example"}"#,
            ],
            ToolKind::Write,
            &[INVITE],
            RecordOutput::One,
            invite,
        ),
        update([
            "update_membership",
            "Update membership",
            "Changes where a member gets print, or the notes about them",
            r#"{"site_id":1205,"membership_id":$memberships,"metadata":{"desk":"sports"}}"#,
        ]),
        delete([
            "delete_membership",
            "Delete membership",
            "Takes a member out of the group; the seat is free again",
            r#"{"site_id":1205,"membership_id":$memberships}"#,
        ]),
        writes(
            [
                "membership_ip_authorization",
                "Authorize an IP address",
                "Lets a visitor in whose address is in a range of a group's subscription, and \
                 notes the visit",
                r#"{"site_id":1205,"ip_address":"203.0.113.77"}"#,
            ],
            ToolKind::Write,
            &[AUTHORIZE],
            RecordOutput::These(AUTHORIZED),
            authorize,
        ),
    ],
};

fn creating(records: &mut Records, draft: &mut Value, _: ToolInput<'_>) -> Result<(), RecordError> {
    if draft["customer_id"].is_null() {
        return Err(RecordError::invalid("customer_id", "The customer_id field is required."));
    }
    addresses::of_customer(records, &draft["address_id"], &draft["customer_id"])?;
    let customer = records.find(&CUSTOMERS, &draft["customer_id"])?.clone();
    let taken = members(records, draft).any(|other| other["customer_id"] == customer["id"]);
    if taken {
        let message = "The customer is already a member of this subscription.";
        return Err(RecordError::invalid("customer_id", message));
    }
    draft["email"] = customer["email"].clone();
    let held =
        members(records, draft).find(|m| m["status"] == "pending" && has(m, &customer["email"]));
    if let Some(held) = held.map(|held| held["id"].clone()) {
        records.remove(&MEMBERSHIPS, &held);
    }
    has_room(records, draft)
}

fn has(membership: &Value, email: &Value) -> bool {
    let lower = |value: &Value| value.as_str().map(str::to_lowercase);
    lower(email).is_some() && lower(&membership["email"]) == lower(email)
}

fn members<'a>(records: &'a Records, of: &'a Value) -> impl Iterator<Item = &'a Value> {
    records.with(&MEMBERSHIPS, "subscription_id", &of["subscription_id"])
}

/// Returns whether the group exists, runs and has a seat left.
fn has_room(records: &Records, membership: &Value) -> Result<(), RecordError> {
    let subscription = records.find(&SUBSCRIPTIONS, &membership["subscription_id"])?;
    if subscription["type"] != "membership" {
        let message = "The subscription is not one of a group.";
        return Err(RecordError::invalid("subscription_id", message));
    }
    if !subscriptions::is_running(subscription) {
        return Err(RecordError::state("the group's subscription has ended"));
    }
    let plan = records.find(&PLANS, &subscription["plan_id"])?;
    let seats = number(plan, "member_seat_capacity") * number(subscription, "quantity");
    let taken = i64::try_from(members(records, membership).count()).unwrap_or(i64::MAX);
    if taken < seats {
        Ok(())
    } else {
        Err(RecordError::State(format!("all {seats} seats are taken")))
    }
}

fn invite(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let subscription = seen(&SUBSCRIPTIONS, records, input)?["id"].clone();
    let now = records.now().0;
    let invited = json!({
        "site_id": input.0["site_id"],
        "subscription_id": subscription,
        "email": input.needed("email"),
        "status": "pending",
        "invited_at": now,
        "metadata": input.object("metadata").map_or_else(|| json!({}), |words| words.0.clone()),
    });
    if members(records, &invited).any(|member| has(member, &invited["email"])) {
        let email = input.needed("email").to_owned();
        return Err(RecordError::Taken { field: "email", value: email });
    }
    has_room(records, &invited)?;
    Ok(make(&API_FORMAT, &MEMBERSHIPS, records, invited))
}

fn authorize(records: &mut Records, input: ToolInput<'_>) -> RecordResult {
    let text = input.needed("ip_address");
    let address: Ipv4Addr = text.parse().map_err(|_| {
        RecordError::invalid("ip_address", "The ip_address must be a valid IPv4 address.")
    })?;
    let open = |subscription: &&Value| {
        subscription["site_id"] == input.0["site_id"]
            && subscription["type"] == "membership"
            && subscriptions::is_running(subscription)
            && input.whole("subscription_id").is_none_or(|id| subscription["id"] == id)
    };
    let range_of = |subscription: &Value| {
        let ranges = subscription["ip_addresses"].as_array()?;
        let mut ranges = ranges.iter().filter_map(Value::as_str);
        ranges.find(|range| contains(range, address)).map(str::to_owned)
    };
    let mut all = records.all(&SUBSCRIPTIONS).iter().filter(open);
    let found = all.find_map(|subscription| Some((subscription.clone(), range_of(subscription)?)));
    let (subscription, range) =
        found.ok_or_else(|| RecordError::not_found("membership for the address", &text.into()))?;
    let now = records.tick().0;
    records.change(&SUBSCRIPTIONS, &subscription["id"], |subscription| {
        subscription["last_ip_authorization_at"] = now.into();
    })?;
    Ok(json!({
        "authorized": true,
        "ip_address": text,
        "matched_range": range,
        "subscription_id": subscription["id"],
        "customer_id": subscription["customer_id"],
        "plan_id": subscription["plan_id"],
    }))
}

/// Returns whether an address or a CIDR range holds this address.
pub(super) fn contains(range: &str, address: Ipv4Addr) -> bool {
    let Some((network, bits)) = network(range) else { return false };
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    network.to_bits() & mask == address.to_bits() & mask
}

/// Returns the network and the length of its prefix, in bits.
pub(super) fn network(range: &str) -> Option<(Ipv4Addr, u32)> {
    let (network, bits) = range.split_once('/').unwrap_or((range, "32"));
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((network.parse().ok()?, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_is_in_them() {
        let held = |range: &str, address: &str| contains(range, address.parse().unwrap());
        assert!(held("203.0.113.0/24", "203.0.113.255") && held("0.0.0.0/0", "8.8.8.8"));
        assert!(held("198.51.100.7", "198.51.100.7") && !held("198.51.100.7", "198.51.100.8"));
        assert!(!held("203.0.113.0/24", "203.0.114.0") && !held("1.2.3.4/33", "1.2.3.4"));
    }
}
