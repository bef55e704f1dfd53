//! The tool `update_checkout_settings`: changes what customers must give at the checkout, ways
//! to pay, or taxes.

use super::{SETTINGS, update};
use crate::product::ToolKind;
use crate::product::field::{Field, Shape, may, need};
use crate::products::launchmystore::entry::{AdminArea, Does, Entry};

const RATE: &[Field] = &[
    need("country", Shape::Like("^([A-Z]{2}|[*])$"), "two capital letters, or `*` for all others"),
    need("basisPoints", Shape::Whole(0, 5_000), "hundredths of a percent"),
];

const CHECKOUT: &[Field] = &[
    may("guestCheckout", Shape::Flag, "whether one can order without an account"),
    may("phoneRequired", Shape::Flag, "whether a phone number must be given"),
    may("termsRequired", Shape::Flag, "whether the terms must be agreed to"),
    may("orderNotes", Shape::Flag, "whether customers can leave a note"),
    may("tipping", Shape::Flag, "whether a tip can be given"),
    may("abandonedCartHours", Shape::Whole(1, 168), "hours until a reminder is sent"),
    may(
        "paymentMethods",
        Shape::SomeOf(&["card", "paypal", "bank_transfer", "cash_on_delivery"]),
        "ways to pay, all of them at once",
    ),
    may("taxRates", Shape::Objects(RATE), "taxes on goods, all of them at once"),
];

pub(super) const TOOL: Entry = Entry {
    name: "update_checkout_settings",
    title: "Update checkout settings",
    domain: AdminArea::StoreSettings,
    kind: ToolKind::Write,
    about: "Changes what customers must give at the checkout, ways to pay, or taxes",
    example: r#"{"phoneRequired":true}"#,
    does: Does::Change(&[CHECKOUT], SETTINGS, |shop, input| {
        update(shop, input, "checkout", CHECKOUT)
    }),
};
