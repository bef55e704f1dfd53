//! What the mock plays: product, revisions, sessions, answers, credentials, faults.

use std::fmt;
use std::str::FromStr;

use super::date::Date;
use super::faults::Fault;
use super::kept::DataFile;
use super::oauth::{Consent, IssuerOptions, OAuthOptions};
use super::products;
use mcp_tether_wire::protocol::{Era, ProtocolVersion};

/// How one mock behaves. `MockOptions::default()` is the `lab` product on a free port, every legacy
/// revision, sessions, JSON answers, no credentials, no faults.
#[derive(Clone, Debug)]
pub struct MockOptions {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// Which product to play.
    pub product: ProductName,
    /// Which revisions to speak.
    pub protocol: Served,
    /// With or without sessions on Streamable HTTP.
    pub mode: Mode,
    /// The form of answers on Streamable HTTP.
    pub answers: Answers,
    /// Which credential to ask for.
    pub auth: Auth,
    /// The API key that [`Auth::ApiKey`] and [`Auth::OAuthOrApiKey`] accept, and a token that the
    /// product of [`Auth::Product`] has given out before anybody asks.
    pub api_key: String,
    /// What seeded data and session ids are drawn from: the same seed gives the same data.
    pub seed: u64,
    /// The day that seeded data counts back from; today in UTC when left out.
    pub today: Option<Date>,
    /// Where the product keeps its data; in memory when left out.
    pub data: Option<DataFile>,
    /// Entries per page of the MCP lists.
    pub page_size: usize,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
    /// How many requests the recorder keeps; older ones are forgotten.
    pub record_limit: usize,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            port: 0,
            product: ProductName::Lab,
            protocol: Served::AllLegacy,
            mode: Mode::Sessions,
            answers: Answers::Json,
            auth: Auth::Open,
            api_key: "egrow_demo_key".to_owned(),
            seed: 1,
            today: None,
            data: None,
            page_size: 100,
            faults: Vec::new(),
            record_limit: 100_000,
        }
    }
}

impl MockOptions {
    /// This product as it is served by those who made it. `MockOptions::default()` with only the
    /// product changed serves it in the manner of the lab.
    pub fn of(product: ProductName) -> Self {
        let options = Self { product, ..Self::default() };
        match product {
            ProductName::Lab | ProductName::Conformance => options,
            ProductName::Egrow => {
                Self { auth: Auth::OAuthOrApiKey(with_consent_page(product)), ..options }
            }
            ProductName::LaunchMyStore => Self {
                protocol: Served::Among(LAUNCHMYSTORE_REVISIONS),
                mode: Mode::Stateless,
                answers: Answers::OnlyJson,
                auth: Auth::Product,
                api_key: "lms_demo_token".to_owned(),
                ..options
            },
            ProductName::Pelcro | ProductName::PelcroStaging => {
                Self { auth: Auth::OAuth(with_consent_page(product)), ..options }
            }
        }
    }
}

/// A person decides, as at the real product, and picks an account where there are several.
fn with_consent_page(product: ProductName) -> OAuthOptions {
    let (consent, accounts) = (Consent::Page, product.accounts());
    OAuthOptions::with_issuer(IssuerOptions { consent, accounts, ..IssuerOptions::default() })
}

/// What it echoes; the first is its default.
const LAUNCHMYSTORE_REVISIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V2025_06_18, ProtocolVersion::V2025_03_26, ProtocolVersion::V2024_11_05];

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
    /// The same where nobody minds.
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

    /// Its name on the command line.
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

    /// The accounts that a person can pick where they sign in.
    pub fn accounts(self) -> Vec<String> {
        match self {
            Self::Pelcro | Self::PelcroStaging => products::account_names(),
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

/// Which revisions the mock speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Every legacy revision: the host's own if it is known, else the newest. HTTP+SSE is offered
    /// beside Streamable HTTP.
    AllLegacy,
    /// The host's own if it is among these, else the first.
    Among(&'static [ProtocolVersion]),
    /// One revision whatever the host asks for. 2024-11-05 means HTTP+SSE and no Streamable HTTP,
    /// 2026-07-28 a remote that knows no `initialize`.
    Only(ProtocolVersion),
    /// Both eras on one endpoint, without HTTP+SSE.
    Dual,
    /// Both eras on one endpoint, and HTTP+SSE beside it.
    All,
}

impl Served {
    /// The answer of `initialize` to a host that asks for `wanted`.
    pub fn negotiate(self, wanted: &str) -> ProtocolVersion {
        match self {
            Self::Only(version) => version,
            Self::Among(known) => {
                let asked = known.iter().find(|version| version.name() == wanted);
                asked.or(known.first()).copied().unwrap_or(ProtocolVersion::NEWEST_LEGACY)
            }
            Self::AllLegacy | Self::Dual | Self::All => ProtocolVersion::from_name(wanted)
                .filter(|version| version.era() == Era::Legacy)
                .unwrap_or(ProtocolVersion::NEWEST_LEGACY),
        }
    }

    /// Whether `version` can be in force.
    pub fn includes(self, version: ProtocolVersion) -> bool {
        match self {
            Self::Only(only) => only == version,
            Self::Among(known) => known.contains(&version),
            Self::AllLegacy => version.era() == Era::Legacy,
            Self::Dual | Self::All => true,
        }
    }

    /// Whether anything of this era is spoken.
    pub fn has(self, era: Era) -> bool {
        ProtocolVersion::ALL.into_iter().any(|v| v.era() == era && self.includes(v))
    }

    /// What is spoken, newest first, as `server/discover` says it.
    pub fn names(self) -> Vec<&'static str> {
        let newest_first = ProtocolVersion::ALL.into_iter().rev();
        newest_first.filter(|version| self.includes(*version)).map(ProtocolVersion::name).collect()
    }

    /// Whether Streamable HTTP is offered.
    pub fn has_streamable_http(self) -> bool {
        self != Self::Only(ProtocolVersion::V2024_11_05)
    }

    /// Whether HTTP+SSE is offered.
    pub fn has_http_sse(self) -> bool {
        self != Self::Dual && self.includes(ProtocolVersion::V2024_11_05)
    }
}

impl FromStr for Served {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "legacy" => Ok(Self::AllLegacy),
            "dual" => Ok(Self::Dual),
            "all" => Ok(Self::All),
            name => ProtocolVersion::from_name(name).map(Self::Only).ok_or_else(|| {
                let known = ProtocolVersion::ALL.map(ProtocolVersion::name).join(", ");
                format!("`{name}` is none of {known}, legacy, dual, all")
            }),
        }
    }
}

impl From<ProtocolVersion> for Served {
    fn from(version: ProtocolVersion) -> Self {
        Self::Only(version)
    }
}

/// With or without sessions on Streamable HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `initialize` hands out an `Mcp-Session-Id`; GET streams and DELETE work.
    Sessions,
    /// Each POST stands alone; GET and DELETE are answered 405.
    Stateless,
}

/// The form of answers to requests on Streamable HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// One JSON object, unless something has to be sent before the answer: then an SSE stream.
    Json,
    /// One JSON object; what would have to be sent before it is lost.
    OnlyJson,
    /// Always an SSE stream.
    Sse,
}

/// Which credential the mock asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// None.
    Open,
    /// The API key, as `X-API-Key`, `X-Egrow-API-Key` or `Authorization: Bearer`.
    ApiKey,
    /// A token that the product gives out itself, as `Authorization: Bearer`.
    Product,
    /// An OAuth access token.
    OAuth(OAuthOptions),
    /// Either of both.
    OAuthOrApiKey(OAuthOptions),
}

impl Auth {
    /// The options of OAuth, where that is asked for.
    pub fn oauth(&self) -> Option<&OAuthOptions> {
        match self {
            Self::OAuth(options) | Self::OAuthOrApiKey(options) => Some(options),
            Self::Open | Self::ApiKey | Self::Product => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_legacy_revision_is_kept_and_another_becomes_the_newest() {
        for version in &ProtocolVersion::ALL[..4] {
            assert_eq!(Served::AllLegacy.negotiate(version.name()), *version);
        }
        for wanted in ["2026-07-28", "1999-01-01", ""] {
            assert_eq!(Served::AllLegacy.negotiate(wanted), ProtocolVersion::V2025_11_25);
        }
        let among = Served::Among(LAUNCHMYSTORE_REVISIONS);
        for version in &ProtocolVersion::ALL[..3] {
            assert_eq!(among.negotiate(version.name()), *version);
        }
        assert_eq!(among.negotiate("2025-11-25"), ProtocolVersion::V2025_06_18);
        let pinned = Served::Only(ProtocolVersion::V2025_03_26);
        assert_eq!(pinned.negotiate("2025-11-25"), ProtocolVersion::V2025_03_26);
    }

    #[test]
    fn the_oldest_revision_alone_means_http_sse_alone() {
        let oldest = Served::Only(ProtocolVersion::V2024_11_05);
        assert!(oldest.has_http_sse() && !oldest.has_streamable_http());
        let newer = Served::Only(ProtocolVersion::V2025_06_18);
        assert!(!newer.has_http_sse() && newer.has_streamable_http());
    }

    #[test]
    fn each_way_of_serving_has_its_eras_and_its_name() {
        let facts = |text: &str| {
            let served: Served = text.parse().unwrap();
            (served.has(Era::Legacy), served.has(Era::Modern), served.has_http_sse())
        };
        assert_eq!(facts("legacy"), (true, false, true));
        assert_eq!(facts("2025-06-18"), (true, false, false));
        assert_eq!(facts("2026-07-28"), (false, true, false));
        assert_eq!(facts("dual"), (true, true, false));
        assert_eq!(facts("all"), (true, true, true));
        assert!("2027".parse::<Served>().unwrap_err().contains("2026-07-28, legacy, dual, all"));
        assert_eq!(Served::Dual.names()[..2], ["2026-07-28", "2025-11-25"]);
    }
}
