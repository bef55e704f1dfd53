//! The tables that the seeded data is generated from.

use super::model::{Confirmation, FulfillmentState};

/// One product: its variants differ in one option; each has its stock.
pub(super) struct ProductRow {
    pub(super) sku: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) category: &'static str,
    pub(super) price: i64,
    pub(super) option: &'static str,
    pub(super) variants: &'static [(&'static str, i64)],
}

/// A hand-written order.
pub(super) struct ScriptedOrder {
    pub(super) number: u64,
    /// Position in the table of customers.
    pub(super) customer: usize,
    pub(super) stage: &'static str,
    pub(super) by_card: bool,
    pub(super) lines: &'static [(&'static str, i64)],
    pub(super) notes: &'static str,
    /// The reasons of failed deliveries.
    pub(super) failures: &'static [&'static str],
}

pub(super) const SCRIPTED_ORDERS: [ScriptedOrder; 5] = [
    ScriptedOrder {
        number: 88,
        customer: 3,
        stage: "Processing",
        by_card: true,
        lines: &[("SHI-RED", 1), ("CAP-BLA", 1)],
        notes: "on hold since the red shirt came back from the tailor",
        failures: &[],
    },
    ScriptedOrder {
        number: 100,
        customer: 1,
        stage: "Returned",
        by_card: true,
        lines: &[("SPE-BLA", 1), ("CAB-1ME", 2)],
        notes: "customer says the speaker is broken",
        failures: &["customer could not be reached by phone", "parcel refused: box was damaged"],
    },
    ScriptedOrder {
        number: 240,
        customer: 8,
        stage: "Pending",
        by_card: false,
        lines: &[("MUG-WHI", 2)],
        notes: "",
        failures: &[],
    },
    // The same order minutes later: a duplicate.
    ScriptedOrder {
        number: 241,
        customer: 8,
        stage: "Pending",
        by_card: false,
        lines: &[("MUG-WHI", 2)],
        notes: "",
        failures: &[],
    },
    ScriptedOrder {
        number: 242,
        customer: 5,
        stage: "Pending",
        by_card: false,
        lines: &[("DRE-GRE", 1)],
        notes: "",
        failures: &[],
    },
];

pub(super) const STAGES: [(&str, Confirmation, FulfillmentState); 7] = [
    ("Pending", Confirmation::Pending, FulfillmentState::Unfulfilled),
    ("Confirmed", Confirmation::Confirmed, FulfillmentState::Unfulfilled),
    ("Processing", Confirmation::Confirmed, FulfillmentState::Unfulfilled),
    ("Shipped", Confirmation::Confirmed, FulfillmentState::Shipped),
    ("Delivered", Confirmation::Confirmed, FulfillmentState::Delivered),
    ("Returned", Confirmation::Confirmed, FulfillmentState::Returned),
    ("Cancelled", Confirmation::Cancelled, FulfillmentState::Unfulfilled),
];

pub(super) const COURIERS: [&str; 3] = ["Atlas Express", "Medina Post", "Rapid Colis"];
pub(super) const GROUPS: [&str; 3] = ["VIP", "Wholesale", "Newsletter"];
pub(super) const CATEGORIES: [&str; 5] = ["Audio", "Clothing", "Kitchen", "Home", "Accessories"];

pub(super) const CITIES: [(&str, &str); 8] = [
    ("Casablanca", "20000"),
    ("Rabat", "10000"),
    ("Marrakech", "40000"),
    ("Fès", "30000"),
    ("Tanger", "90000"),
    ("Agadir", "80000"),
    ("Meknès", "50000"),
    ("Oujda", "60000"),
];

/// Names and cities. The last three resemble others, as duplicates to find.
pub(super) const CUSTOMERS: [(&str, &str); 42] = [
    ("Youssef Amrani", "Casablanca"),
    ("Fatima Zahra Alaoui", "Rabat"),
    ("Mehdi Bennani", "Marrakech"),
    ("Khadija Ouali", "Fès"),
    ("Anas Cherkaoui", "Tanger"),
    ("Salma Idrissi", "Casablanca"),
    ("Hicham Naciri", "Agadir"),
    ("Zineb Filali", "Rabat"),
    ("Karim Haddad", "Casablanca"),
    ("Loubna Saidi", "Meknès"),
    ("Rachid Mansouri", "Oujda"),
    ("Meryem Kettani", "Casablanca"),
    ("Ayoub Sefrioui", "Fès"),
    ("Hanane Belkacem", "Marrakech"),
    ("Amine Tahiri", "Rabat"),
    ("Nawal Ziani", "Tanger"),
    ("Othmane Rami", "Casablanca"),
    ("Siham Lamrani", "Agadir"),
    ("Driss Benjelloun", "Casablanca"),
    ("Ilham Chraibi", "Rabat"),
    ("Bilal Ouazzani", "Meknès"),
    ("Asmae Skalli", "Fès"),
    ("Tarik Boukhari", "Casablanca"),
    ("Houda Jabri", "Marrakech"),
    ("Younes Hajji", "Tanger"),
    ("Leila Mernissi", "Casablanca"),
    ("Adil Kabbaj", "Rabat"),
    ("Soukaina Raji", "Agadir"),
    ("Mounir Fassi", "Fès"),
    ("Ghita Benkirane", "Casablanca"),
    ("Ismail Toumi", "Oujda"),
    ("Wafae Azzouzi", "Rabat"),
    ("Reda Lahlou", "Casablanca"),
    ("Samira Bouzid", "Marrakech"),
    ("Nabil Qadiri", "Tanger"),
    ("Oumaima Harti", "Casablanca"),
    ("Zakaria Slimani", "Meknès"),
    ("Dounia Arif", "Agadir"),
    ("Jamal Elmoutawakil", "Rabat"),
    ("Yousef Amrani", "Casablanca"),
    ("Fatima-Zahra Alaoui", "Rabat"),
    ("SALMA IDRISSI", "Casablanca"),
];

pub(super) const PRODUCTS: [ProductRow; 16] = [
    ProductRow {
        sku: "SPE",
        title: "Portable speaker",
        description: "A speaker for a backpack: twelve hours of music, splash-proof.",
        category: "Audio",
        price: 49_900,
        option: "Color",
        variants: &[("Black", 34), ("Sand", 7)],
    },
    ProductRow {
        sku: "EAR",
        title: "Wireless earbuds",
        description: "Earbuds with a charging case and a microphone for calls.",
        category: "Audio",
        price: 34_900,
        option: "Color",
        variants: &[("White", 51), ("Black", 4)],
    },
    ProductRow {
        sku: "HEA",
        title: "Studio headphones",
        description: "Closed headphones that fold flat.",
        category: "Audio",
        price: 62_500,
        option: "Color",
        variants: &[("Black", 18)],
    },
    ProductRow {
        sku: "CAB",
        title: "USB-C cable",
        description: "A braided cable for charging and data.",
        category: "Accessories",
        price: 4_900,
        option: "Length",
        variants: &[("1 metre", 240), ("2 metres", 96)],
    },
    ProductRow {
        sku: "POW",
        title: "Power bank",
        description: "Charges a phone three times.",
        category: "Accessories",
        price: 27_900,
        option: "Capacity",
        variants: &[("10000 mAh", 40), ("20000 mAh", 9)],
    },
    ProductRow {
        sku: "SHI",
        title: "Cotton shirt",
        description: "A shirt of heavy cotton, cut straight.",
        category: "Clothing",
        price: 19_900,
        option: "Color",
        variants: &[("Red", 22), ("Blue", 31), ("White", 45)],
    },
    ProductRow {
        sku: "DRE",
        title: "Summer dress",
        description: "A light dress with pockets.",
        category: "Clothing",
        price: 32_900,
        option: "Color",
        variants: &[("Green", 14), ("Navy", 3)],
    },
    ProductRow {
        sku: "CAP",
        title: "Baseball cap",
        description: "One size, adjustable strap.",
        category: "Clothing",
        price: 8_900,
        option: "Color",
        variants: &[("Black", 60), ("Khaki", 25)],
    },
    ProductRow {
        sku: "SCA",
        title: "Wool scarf",
        description: "Woven in the Atlas, two metres long.",
        category: "Clothing",
        price: 15_900,
        option: "Color",
        variants: &[("Ochre", 12), ("Grey", 0)],
    },
    ProductRow {
        sku: "MUG",
        title: "Stoneware mug",
        description: "Holds a third of a litre and survives the dishwasher.",
        category: "Kitchen",
        price: 7_900,
        option: "Color",
        variants: &[("White", 88), ("Teal", 19)],
    },
    ProductRow {
        sku: "TAG",
        title: "Tagine pot",
        description: "Glazed clay for four people.",
        category: "Kitchen",
        price: 24_900,
        option: "Size",
        variants: &[("Medium", 16), ("Large", 6)],
    },
    ProductRow {
        sku: "KNI",
        title: "Chef's knife",
        description: "Twenty centimetres of carbon steel.",
        category: "Kitchen",
        price: 38_500,
        option: "Handle",
        variants: &[("Olive wood", 13)],
    },
    ProductRow {
        sku: "TEA",
        title: "Tea set",
        description: "A pot and six glasses.",
        category: "Kitchen",
        price: 42_000,
        option: "Finish",
        variants: &[("Silver", 11), ("Brass", 8)],
    },
    ProductRow {
        sku: "RUG",
        title: "Berber rug",
        description: "Hand-knotted, 120 by 180 centimetres.",
        category: "Home",
        price: 129_000,
        option: "Pattern",
        variants: &[("Diamond", 5), ("Plain", 10)],
    },
    ProductRow {
        sku: "LAM",
        title: "Desk lamp",
        description: "Dimmable, with a folding arm.",
        category: "Home",
        price: 29_500,
        option: "Color",
        variants: &[("White", 27), ("Copper", 12)],
    },
    ProductRow {
        sku: "CUS",
        title: "Cushion cover",
        description: "Linen, 45 by 45 centimetres.",
        category: "Home",
        price: 9_900,
        option: "Color",
        variants: &[("Natural", 70), ("Terracotta", 38)],
    },
];

pub(super) const ADVERTISEMENTS: [(&str, &str); 4] = [
    ("facebook", "paid_social"),
    ("google", "cpc"),
    ("instagram", "paid_social"),
    ("tiktok", "video"),
];

pub(super) const CAMPAIGNS: [&str; 3] = ["autumn_sale", "new_arrivals", "come_back"];
