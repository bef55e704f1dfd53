//! The options of a mock: product, revisions, sessions, answers, credentials, faults.

use super::date::Date;
use super::faults::Fault;
use super::oauth::{ConsentPolicy, IssuerOptions, OAuthOptions};
use super::product_name::ProductName;
use super::served::Served;
use super::stored_data::DataFile;
use mcp_tether_wire::protocol::ProtocolVersion;

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
    pub answers: AnswerFormat,
    /// Which credential to ask for.
    pub auth: Auth,
    /// The API key that [`Auth::ApiKey`] and [`Auth::OAuthOrApiKey`] accept, and a token that the
    /// product of [`Auth::Product`] has issued from the start.
    pub api_key: String,
    /// The seed of data and session ids: the same seed gives the same data.
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
    /// Whether any `Host` header is accepted, for mocks that play a public name or a proxy.
    pub any_host: bool,
}

impl Default for MockOptions {
    fn default() -> Self {
        Self {
            port: 0,
            product: ProductName::Lab,
            protocol: Served::AllLegacy,
            mode: Mode::Sessions,
            answers: AnswerFormat::Json,
            auth: Auth::Open,
            api_key: "egrow_demo_key".to_owned(),
            seed: 1,
            today: None,
            data: None,
            page_size: 100,
            faults: Vec::new(),
            record_limit: 100_000,
            any_host: false,
        }
    }
}

impl MockOptions {
    /// Returns the options that the makers of `product` would use. `MockOptions::default()` with
    /// only the product changed serves it with the settings of the lab.
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
                answers: AnswerFormat::OnlyJson,
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

/// Returns OAuth options with a consent page, as the real product has one, on which a person also
/// picks an account if there are several.
fn with_consent_page(product: ProductName) -> OAuthOptions {
    let (consent, accounts) = (ConsentPolicy::Page, product.accounts());
    OAuthOptions::with_issuer(IssuerOptions { consent, accounts, ..IssuerOptions::default() })
}

/// The revisions that LaunchMyStore echoes; the first is its default.
const LAUNCHMYSTORE_REVISIONS: &[ProtocolVersion] =
    &[ProtocolVersion::V2025_06_18, ProtocolVersion::V2025_03_26, ProtocolVersion::V2024_11_05];

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
pub enum AnswerFormat {
    /// One JSON object, unless something has to be sent before the answer: then an SSE stream.
    Json,
    /// One JSON object; messages that would have to be sent before it are lost.
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
    /// A token that the product issues itself, as `Authorization: Bearer`.
    Product,
    /// An OAuth access token.
    OAuth(OAuthOptions),
    /// Either of the two.
    OAuthOrApiKey(OAuthOptions),
}

impl Auth {
    /// Returns the OAuth options, if OAuth is required.
    pub fn oauth(&self) -> Option<&OAuthOptions> {
        match self {
            Self::OAuth(options) | Self::OAuthOrApiKey(options) => Some(options),
            Self::Open | Self::ApiKey | Self::Product => None,
        }
    }
}
