//! The network settings that the HTTP client is built from.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::fixed_addresses::FixedAddress;
use super::resolver::NameMemory;
use crate::redact::Secret;

/// Network settings of one run.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Whether `http:` is permitted to other machines (S-13).
    pub allow_http: bool,
    /// The proxy.
    pub proxy: Proxy,
    /// User name and password for the proxy, as `USER:PASSWORD`, in place of those in its URL.
    pub proxy_credentials: Option<Secret<String>>,
    /// Addresses in place of the look-up of a name.
    pub fixed_addresses: Vec<FixedAddress>,
    /// Certificate authorities in PEM files, added to the system's.
    pub extra_ca_files: Vec<PathBuf>,
    /// The same, named for other programs: a file that cannot be used is only warned about.
    pub optional_ca_files: Vec<PathBuf>,
    /// Shows the server who we are; `None` if no server asks.
    pub client_certificate: Option<ClientCertificate>,
    /// Whether to connect over IPv4 only.
    pub ipv4: bool,
    /// Whether to keep cookies between requests (session affinity of load balancers).
    pub cookies: bool,
    /// The most time that name look-up, TCP and TLS may take together.
    pub connect_timeout: Duration,
    /// The look-up of names, shared by all connections.
    pub names: NameMemory,
}

/// The PEM files of a client certificate. Both may be one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Which proxy to use.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say. Loopback is always direct.
    #[default]
    Environment,
    /// None.
    Off,
    /// This one, but for loopback and the hosts in `bypass`. The URL may hold a password.
    Url {
        /// The URL of the proxy.
        url: Secret<Url>,
        /// Hosts that are reached directly, in the syntax of `NO_PROXY`.
        bypass: Option<String>,
    },
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            allow_http: false,
            proxy: Proxy::Environment,
            proxy_credentials: None,
            fixed_addresses: Vec::new(),
            extra_ca_files: Vec::new(),
            optional_ca_files: Vec::new(),
            client_certificate: None,
            ipv4: false,
            cookies: true,
            connect_timeout: Duration::from_secs(10),
            names: NameMemory::default(),
        }
    }
}
