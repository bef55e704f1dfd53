//! The seeded customers.

use serde_json::json;

use super::super::customers::CUSTOMERS;
use super::super::shop::Shop;
use super::making::{address, make};

/// First name, last name, street, city, postal code, country.
const PEOPLE: [[&str; 6]; 20] = [
    ["Hannah", "Berg", "41 Mill Road", "Portland", "04101", "US"],
    ["Luis", "Ortega", "7 Alameda Street", "Santa Fe", "87501", "US"],
    ["Priya", "Nair", "220 Lakeview Avenue", "Chicago", "60614", "US"],
    ["Jonas", "Weber", "Lindenweg 9", "Hamburg", "20095", "DE"],
    ["Emily", "Carter", "15 Orchard Lane", "Burlington", "05401", "US"],
    ["Noah", "Tremblay", "88 Rue Saint-Paul", "Montréal", "H2Y 1H2", "CA"],
    ["Sofia", "Rossi", "Via Roma 12", "Torino", "10123", "IT"],
    ["Marcus", "Hill", "306 Pine Street", "Seattle", "98101", "US"],
    ["Grace", "Okonkwo", "52 Canal Street", "New York", "10013", "US"],
    ["Ethan", "Brooks", "1909 Elm Street", "Denver", "80202", "US"],
    ["Chloé", "Dubois", "4 Rue des Lilas", "Lyon", "69003", "FR"],
    ["Daniel", "Kim", "77 Harbor Drive", "San Diego", "92101", "US"],
    ["Amelia", "Stone", "23 Church Street", "Charleston", "29401", "US"],
    ["Oliver", "Grant", "640 King Street", "Toronto", "M5V 1M7", "CA"],
    ["Nora", "Lindholm", "Storgatan 31", "Göteborg", "411 38", "SE"],
    ["Isaac", "Morales", "318 Congress Avenue", "Austin", "78701", "US"],
    ["Ruby", "Fletcher", "9 Beacon Hill", "Boston", "02108", "US"],
    ["Theo", "Novak", "1200 Vine Street", "Cincinnati", "45202", "US"],
    // They signed up and have not bought yet.
    ["Otto", "Keller", "Seeweg 2", "Zürich", "8002", "CH"],
    ["Lily", "Park", "455 Market Street", "San Francisco", "94105", "US"],
];

/// How many of them, from the first, have bought.
pub(super) const BUYERS: usize = 18;

pub(super) fn email(position: usize) -> String {
    let [first, last, ..] = PEOPLE[position];
    let plain = |name: &str| name.to_lowercase().replace('é', "e");
    format!("{}.{}@mail.example", plain(first), plain(last))
}

pub(super) fn customers(shop: &mut Shop) {
    for (position, [first, last, line1, city, postal_code, country]) in
        PEOPLE.into_iter().enumerate()
    {
        let mut values = json!({
            "email": email(position),
            "firstName": first,
            "lastName": last,
            "phone": format!("+1 207 555 {:04}", 100 + position * 37),
            "address": address(line1, city, postal_code, country),
            "acceptsMarketing": position % 3 != 0,
        });
        if position % 6 == 0 {
            values["tags"] = json!(["regular"]);
        }
        make(&CUSTOMERS, shop, &values);
    }
}
