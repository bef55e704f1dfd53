//! The tables that the seeded accounts are generated from.

use crate::product_name::PELCRO_ACCOUNTS;

/// An account, with the parameters of its data.
pub(super) struct AccountRow {
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) currency: &'static str,
    pub(super) enterprise: bool,
    pub(super) taxes: bool,
    pub(super) rate_limit: u32,
    /// The factor for the prices of the tables, in percent.
    pub(super) prices: i64,
    pub(super) sites: &'static [SiteRow],
    pub(super) cities: &'static [(&'static str, &'static str, &'static str)],
}

/// A site of an account.
pub(super) struct SiteRow {
    pub(super) id: u64,
    pub(super) name: &'static str,
    pub(super) url: &'static str,
    pub(super) customers: usize,
}

pub(super) const ACCOUNTS: &[AccountRow] = &[
    AccountRow {
        name: PELCRO_ACCOUNTS[0],
        country: "US",
        currency: "usd",
        enterprise: true,
        taxes: true,
        rate_limit: 600,
        prices: 100,
        sites: &[
            SiteRow {
                id: 1205,
                name: "Daily Meridian",
                url: "https://www.dailymeridian.example",
                customers: 36,
            },
            SiteRow {
                id: 1206,
                name: "Meridian Weekend",
                url: "https://weekend.dailymeridian.example",
                customers: 12,
            },
        ],
        cities: &[
            ("Albany", "NY", "12207"),
            ("Brooklyn", "NY", "11201"),
            ("Oakland", "CA", "94612"),
            ("Austin", "TX", "78701"),
            ("Portland", "OR", "97205"),
            ("Boston", "MA", "02108"),
        ],
    },
    AccountRow {
        name: PELCRO_ACCOUNTS[1],
        country: "CA",
        currency: "cad",
        enterprise: true,
        taxes: true,
        rate_limit: 300,
        prices: 130,
        sites: &[SiteRow {
            id: 2310,
            name: "Harbor & Pine Magazine",
            url: "https://harborandpine.example",
            customers: 18,
        }],
        cities: &[
            ("Halifax", "NS", "B3H 1A1"),
            ("Toronto", "ON", "M5V 2T6"),
            ("Calgary", "AB", "T2P 1J9"),
        ],
    },
    AccountRow {
        name: PELCRO_ACCOUNTS[2],
        country: "DE",
        currency: "eur",
        enterprise: false,
        taxes: false,
        rate_limit: 120,
        prices: 90,
        sites: &[SiteRow {
            id: 3402,
            name: "Northwind Briefing",
            url: "https://briefing.northwind.example",
            customers: 12,
        }],
        cities: &[("Bremen", "", "28195"), ("Leipzig", "", "04109"), ("Köln", "", "50667")],
    },
];

pub(super) const FIRST_NAMES: [&str; 20] = [
    "Amara", "Bruno", "Clara", "Dmitri", "Esther", "Farid", "Greta", "Hugo", "Ines", "Jonas",
    "Keiko", "Liam", "Mira", "Noor", "Oscar", "Paloma", "Quentin", "Rosa", "Samir", "Tess",
];

pub(super) const LAST_NAMES: [&str; 19] = [
    "Abbott",
    "Bianchi",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fontaine",
    "Goldberg",
    "Hartmann",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Oduya",
    "Petrov",
    "Quinn",
    "Romero",
    "Silva",
];

pub(super) const STREETS: [&str; 6] =
    ["Elm Street", "Harbour Road", "Mill Lane", "Station Road", "Orchard Way", "King Street"];

/// Name, whether it is mailed, and plans: nickname, price, interval, trial days, seats.
pub(super) type PlanGroupRow = (&'static str, bool, &'static [PlanRow]);
pub(super) type PlanRow = (&'static str, i64, &'static str, i64, Option<i64>);

pub(super) const PRODUCTS: &[PlanGroupRow] = &[
    (
        "Digital",
        false,
        &[
            ("Monthly", 999, "month", 0, None),
            ("Annual", 9_900, "year", 0, None),
            ("Student", 499, "month", 0, None),
            ("Premium", 1_499, "month", 14, None),
            ("Weekly pass", 299, "week", 0, None),
        ],
    ),
    (
        "Print & Digital",
        true,
        &[("Print monthly", 1_999, "month", 0, None), ("Print annual", 19_900, "year", 0, None)],
    ),
    ("for Teams", false, &[("Team annual", 49_900, "year", 0, Some(10))]),
];

/// Name, e-mail, country, days until a bill is due, price of one job.
pub(super) const VENDORS: &[(&str, &str, &str, i64, i64)] = &[
    ("Alder Photo Desk", "accounts@alderphoto.example", "US", 30, 18_000),
    ("Copper Press Printing", "billing@copperpress.example", "US", 45, 245_000),
    ("Fathom Data Services", "ap@fathomdata.example", "GB", 30, 99_900),
    ("Lantern Syndicate", "invoices@lantern.example", "US", 14, 32_500),
    ("Wren & Sons Delivery", "office@wrendelivery.example", "CA", 30, 61_250),
];

/// Name, whether it is shipped, and SKUs: code, name, price, stock.
pub(super) type GoodsRow = (&'static str, bool, &'static [(&'static str, &'static str, i64, i64)]);

pub(super) const GOODS: &[GoodsRow] = &[
    (
        "Newsroom mug",
        true,
        &[("MUG-WHITE", "White", 1_450, 120), ("MUG-BLACK", "Black", 1_450, 64)],
    ),
    ("Canvas tote", true, &[("TOTE-NAT", "Natural", 2_200, 45), ("TOTE-NAVY", "Navy", 2_200, 7)]),
    ("Crossword collection", false, &[("XWORD-PDF", "PDF", 900, -1)]),
    ("Front page print", true, &[("PRINT-A3", "A3, framed", 6_400, 18)]),
];
