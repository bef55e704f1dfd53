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

    /// The name of the registration at an issuer; accounts share it. A client registered for
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
