//! The names under which a sign-in's records are stored. Every option that leads to other tokens
//! leads to other names. Reads nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::auth::options::{AuthOptions, Grant, ResourceIndicator};

/// The prefix of the names of registrations.
pub(crate) const REGISTRATION: &str = "registration.";
const DEVICE_CODE: &str = "device_code";

/// The prefix of the names of client pins.
pub(crate) const CLIENT_PINS: &str = "client.";

/// The names of one sign-in's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name of the [`SignIn`](crate::auth::SignIn); also of the lock for refreshing it.
    pub sign_in: String,
    /// The name of the [`Pending`](crate::auth::Pending).
    pub pending: String,
    /// The name of the lock that allows only one sign-in by a person (S-04).
    pub browser: String,
    /// The name of the refusal that ended the last sign-in.
    pub refusal: String,
    client: Vec<String>,
    grant: &'static str,
}

impl Names {
    /// The names for these options.
    pub fn new(options: &AuthOptions) -> Self {
        let client = client_parts(options);
        let mut parts = client.clone();
        parts.push(options.account.clone());
        let key = hash(&parts);
        Self {
            sign_in: format!("sign-in.{key}"),
            pending: format!("pending.{key}"),
            browser: format!("browser.{key}"),
            refusal: format!("refusal.{key}"),
            client,
            grant: if options.grant == Grant::DeviceCode { DEVICE_CODE } else { "" },
        }
    }

    /// The names of the records of the sign-in with this name; `None` for other records.
    pub fn of_sign_in(name: &str) -> Option<Self> {
        let key = name.strip_prefix("sign-in.")?;
        Some(Self {
            sign_in: name.to_owned(),
            pending: format!("pending.{key}"),
            browser: format!("browser.{key}"),
            refusal: format!("refusal.{key}"),
            client: Vec::new(),
            grant: "",
        })
    }

    /// The name of the record with the pins of this client's secrets; all servers share it (S-41).
    pub(crate) fn client_pins(client_id: &str) -> String {
        format!("{CLIENT_PINS}{}", hash(&[client_id.to_owned()]))
    }

    /// The name of the registration at an issuer; accounts share it (A-21). A client registered for
    /// browsers may not request device codes, so these have a client of their own.
    pub fn registration(&self, issuer: &str) -> String {
        self.registration_for(issuer, self.grant)
    }

    /// Whether this is the name of a registration at this issuer for this server, for any grant.
    pub(crate) fn is_registration(&self, name: &str, issuer: &str) -> bool {
        ["", DEVICE_CODE].iter().any(|grant| self.registration_for(issuer, grant) == name)
    }

    fn registration_for(&self, issuer: &str, grant: &str) -> String {
        let mut parts = self.client.clone();
        parts.extend([issuer.to_owned(), grant.to_owned()]);
        format!("{REGISTRATION}{}", hash(&parts))
    }
}

fn client_parts(options: &AuthOptions) -> Vec<String> {
    let mut server = options.server.clone();
    server.set_fragment(None);
    let resource = match &options.resource {
        ResourceIndicator::Published => String::new(),
        ResourceIndicator::Fixed(resource) => format!("={resource}"),
        ResourceIndicator::Omitted => "-".to_owned(),
    };
    let mut params = options.authorize_params.clone();
    params.sort();
    let grant = match &options.grant {
        Grant::ClientCredentials => {
            let endpoint = options.token_endpoint.as_ref();
            format!("client_credentials {}", endpoint.map_or("", Url::as_str))
        }
        Grant::Workload(source) => format!("workload {source:?}"),
        Grant::EnterpriseManaged => {
            let provider = options.identity_provider.as_ref();
            format!("enterprise {}", provider.map_or("", |provider| provider.issuer.as_str()))
        }
        Grant::AuthorizationCode if options.is_identity_provider => "identity_provider".to_owned(),
        Grant::AuthorizationCode | Grant::DeviceCode => String::new(),
    };
    let client = options.client_info.as_ref().map(|info| info.client_id.clone());
    let document = options.client_metadata_url.as_ref().map(Url::to_string);
    vec![
        server.into(),
        resource,
        serde_json::to_string(&params).unwrap_or_default(),
        serde_json::to_string(&options.client_metadata).unwrap_or_default(),
        client.unwrap_or_default(),
        document.unwrap_or_default(),
        grant,
    ]
}

fn hash(parts: &[String]) -> String {
    let text = serde_json::to_string(parts).unwrap_or_default();
    let mut name = URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    name.truncate(22);
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Map;

    use super::*;
    use crate::auth::{AssertionSource, IdentityProvider, PreRegistered};

    const ISSUER: &str = "https://as.example.com";

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn options() -> AuthOptions {
        AuthOptions::new(url("https://mcp.example.com/mcp"))
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Options that each lead to other tokens.
    fn different() -> Vec<AuthOptions> {
        let provider =
            |issuer: &str| IdentityProvider { issuer: url(issuer), client: None, token: None };
        let file = |path: &str| Grant::Workload(AssertionSource::File(path.into()));
        let fixed = |text: &str| ResourceIndicator::Fixed(text.to_owned());
        let metadata: Map<_, _> = [("scope".to_owned(), "a".into())].into_iter().collect();
        let end = |text: &str| Some(url(text));
        let machine = || AuthOptions { grant: Grant::ClientCredentials, ..options() };
        let company = || AuthOptions { grant: Grant::EnterpriseManaged, ..options() };
        vec![
            options(),
            AuthOptions::new(url("https://mcp.example.com/other")),
            AuthOptions::new(url("https://mcp.example.com/mcp?tenant=a")),
            AuthOptions { resource: ResourceIndicator::Omitted, ..options() },
            AuthOptions { resource: fixed("-"), ..options() },
            AuthOptions { resource: fixed("https://r"), ..options() },
            AuthOptions { authorize_params: pairs(&[("a", "b")]), ..options() },
            AuthOptions { authorize_params: pairs(&[("a", "b"), ("c", "d")]), ..options() },
            AuthOptions { authorize_params: pairs(&[("a", "b\",\"c")]), ..options() },
            AuthOptions { client_metadata: metadata, ..options() },
            AuthOptions { client_info: Some(PreRegistered::new("id")), ..options() },
            AuthOptions { client_metadata_url: end("https://example.com/c.json"), ..options() },
            machine(),
            AuthOptions { token_endpoint: end("https://as.example.com/token"), ..machine() },
            AuthOptions { grant: file("/a"), ..options() },
            AuthOptions { grant: file("/b"), ..options() },
            AuthOptions { identity_provider: Some(provider("https://a.example")), ..company() },
            AuthOptions { identity_provider: Some(provider("https://b.example")), ..company() },
            AuthOptions { is_identity_provider: true, ..options() },
        ]
    }

    #[test]
    fn every_option_that_leads_to_other_tokens_leads_to_other_names() {
        let all: Vec<Names> = different().iter().map(Names::new).collect();
        let sign_ins: HashSet<_> = all.iter().map(|names| &names.sign_in).collect();
        assert_eq!(sign_ins.len(), all.len());
        let registrations: HashSet<_> =
            all.iter().map(|names| names.registration(ISSUER)).collect();
        assert_eq!(registrations.len(), all.len());
    }

    #[test]
    fn options_that_lead_to_the_same_tokens_lead_to_the_same_names() {
        let usual = Names::new(&options());
        let at = |address: &str| Names::new(&AuthOptions::new(url(address)));
        assert_eq!(at("https://MCP.example.com:443/mcp#part"), usual);
        let wanted = |order: &[(&str, &str)]| {
            Names::new(&AuthOptions { authorize_params: pairs(order), ..options() })
        };
        assert_eq!(wanted(&[("a", "b"), ("c", "d")]), wanted(&[("c", "d"), ("a", "b")]));
        let narrow = AuthOptions { scope: Some("a".to_owned()), ..options() };
        assert_eq!(Names::new(&narrow), usual, "another scope replaces the sign-in");
    }

    /// A-21
    #[test]
    fn accounts_share_a_registration_and_device_codes_have_their_own() {
        let usual = Names::new(&options());
        let work = Names::new(&AuthOptions { account: "work".to_owned(), ..options() });
        let device = Names::new(&AuthOptions { grant: Grant::DeviceCode, ..options() });
        assert_ne!(work.sign_in, usual.sign_in);
        assert_eq!(work.registration(ISSUER), usual.registration(ISSUER));
        assert_eq!(device.sign_in, usual.sign_in);
        assert_ne!(device.registration(ISSUER), usual.registration(ISSUER));
        assert_ne!(usual.registration("https://other.example.com"), usual.registration(ISSUER));
        for name in [usual.registration(ISSUER), device.registration(ISSUER)] {
            assert!(usual.is_registration(&name, ISSUER), "whatever the grant");
            assert!(!usual.is_registration(&name, "https://other.example.com"));
        }
        assert!(!usual.is_registration(&usual.sign_in, ISSUER));
    }

    #[test]
    fn the_records_of_a_sign_in_are_found_by_its_name() {
        let usual = Names::new(&options());
        let found = Names::of_sign_in(&usual.sign_in).unwrap();
        let records = |names: &Names| {
            let Names { sign_in, pending, browser, refusal, .. } = names.clone();
            [sign_in, pending, browser, refusal]
        };
        assert_eq!(records(&found), records(&usual));
        let unique: HashSet<_> = records(&usual).into_iter().collect();
        assert_eq!(unique.len(), 4);
        for name in [&usual.pending, &usual.registration(ISSUER), "", "sign-in"] {
            assert_eq!(Names::of_sign_in(name), None, "{name}");
        }
    }

    /// S-41
    #[test]
    fn the_pins_of_a_client_depend_on_its_id_alone() {
        let pins = Names::client_pins("id");
        assert!(pins.starts_with(CLIENT_PINS));
        assert_eq!(Names::client_pins("id"), pins);
        assert_ne!(Names::client_pins("id2"), pins);
    }
}
