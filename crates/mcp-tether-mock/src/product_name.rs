//! The names of the products that the mock can play.

use std::fmt;
use std::str::FromStr;

use super::oauth::IssuerOptions;

/// The publishers whose data `pelcro` holds, as its consent page names them.
pub(crate) const PELCRO_ACCOUNTS: [&str; 3] =
    ["The Daily Meridian", "Harbor & Pine", "Northwind Research"];

/// A product that the mock can play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductName {
    /// A small product made for tests of the bridge.
    Lab,
    /// The fixtures that the official conformance suite expects of a server.
    Conformance,
    /// An order desk for online shops.
    Egrow,
    /// A shop system with its own tokens, transports and REST endpoints.
    LaunchMyStore,
    /// Subscriptions and billing of publishers.
    Pelcro,
    /// The staging environment of the same product.
    PelcroStaging,
}

impl ProductName {
    /// Every product.
    pub const ALL: [Self; 6] = [
        Self::Lab,
        Self::Conformance,
        Self::Egrow,
        Self::LaunchMyStore,
        Self::Pelcro,
        Self::PelcroStaging,
    ];

    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Conformance => "conformance",
            Self::Egrow => "egrow",
            Self::LaunchMyStore => "launchmystore",
            Self::Pelcro => "pelcro",
            Self::PelcroStaging => "pelcro-staging",
        }
    }

    /// Returns the accounts that a person can choose when they sign in.
    pub fn accounts(self) -> Vec<String> {
        match self {
            Self::Pelcro | Self::PelcroStaging => PELCRO_ACCOUNTS.map(str::to_owned).to_vec(),
            _ => IssuerOptions::default().accounts,
        }
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ProductName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|product| product.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(|product| format!("`{product}`")).join(", ");
            format!("no product is named `{text}`, there are {names}")
        })
    }
}
