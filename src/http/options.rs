//! The options of the HTTP client.

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
    /// Addresses that replace the look-up of a name.
    pub fixed_addresses: Vec<FixedAddress>,
    /// Certificate authorities in PEM files, added to the system's.
    pub extra_ca_files: Vec<PathBuf>,
    /// The same, but named for other programs: an unusable file only causes a warning.
    pub optional_ca_files: Vec<PathBuf>,
    /// The client certificate, if a server requires one.
    pub client_certificate: Option<ClientCertificate>,
    /// Whether to connect over IPv4 only.
    pub ipv4: bool,
    /// Whether to keep cookies between requests (session affinity of load balancers).
    pub cookies: bool,
    /// The longest time for name look-up, TCP and TLS together.
    pub connect_timeout: Duration,
    /// The look-up of names, shared by all connections.
    pub names: NameMemory,
}

/// The PEM files of a client certificate. Both may be the same file.
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
    /// The proxy of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. Loopback is always
    /// direct.
    #[default]
    Environment,
    /// None.
    Off,
    /// This one, except for loopback and the hosts in `bypass`. The URL may hold a password.
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
