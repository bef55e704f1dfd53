//! The tool `whoami`: tells the user, the account, its currency and what this credential may do.

use serde_json::json;

use crate::products::egrow::entry::{Caller, Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::model::CURRENCY;
use crate::products::egrow::shapes::IDENTITY;

pub(super) const TOOL: Entry = Entry {
    name: "whoami",
    title: "Who am I",
    domain: Domain::Discovery,
    class: Class::Discovery,
    about: "Tells the user, the account, its currency and what this credential may do",
    when_to_use: "you need the currency, the day it is here, or the permissions",
    when_not_to_use: "you look for a customer: use `find_customers`",
    example: "{}",
    fields: &[],
    gives: OutputShape::One(&IDENTITY),
    run: Run::About(|caller, _| Ok(whoami(caller))),
};

fn whoami(caller: &Caller<'_>) -> serde_json::Value {
    json!({
        "user": {
            "id": "usr_1",
            "name": "Demo Owner",
            "email": "owner@egrow.example",
            "role": "owner",
        },
        "account": {
            "id": "acc_1",
            "name": "Demo Shop",
            "currency": CURRENCY,
            "minorUnits": 2,
            "timezone": "UTC",
            "today": caller.today.to_string(),
        },
        "permissions": ["read", "write", "destructive", "escape"],
        "credential": caller.kind(),
    })
}
