//! OAuth setups that companies use, ready to serve with `mcp-tether mock lab --auth KIND`.

use std::str::FromStr;
use std::time::Duration;

use super::dpop_options::{DpopNonces, DpopOptions};
use super::issuer_options::{
    EnterpriseOptions, IssuerOptions, KnownClient, PushedRequests, RegistrationPolicy,
    ResourceParameter,
};
use super::options::OAuthOptions;

/// The client that a company registered with both servers.
pub const COMPANY_CLIENT: &str = "company-client";
/// The client id of workloads.
pub const WORKLOAD_CLIENT: &str = "workload";

/// An OAuth setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// Accepts only tokens that are bound to a key (RFC 9449), with nonces from both servers.
    Dpop,
    /// Accepts only authorization requests that were pushed (RFC 9126).
    Par,
    /// Accepts assertions of an identity provider (ID-JAG), which is the authorization server
    /// itself.
    Ema,
    /// Accepts tokens of workloads (RFC 7523).
    Wif,
}

impl AuthKind {
    /// Every setup, in the order in which the help lists them.
    pub const ALL: [Self; 4] = [Self::Dpop, Self::Par, Self::Ema, Self::Wif];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::Par => "par",
            Self::Ema => "ema",
            Self::Wif => "wif",
        }
    }

    /// Returns the OAuth options of a remote with this setup.
    pub fn options(self) -> OAuthOptions {
        match self {
            Self::Dpop => {
                let dpop = Some(DpopOptions::REQUIRED.with_nonces(DpopNonces::Fixed));
                let issuer = IssuerOptions { dpop, ..IssuerOptions::default() };
                OAuthOptions { dpop, ..OAuthOptions::with_issuer(issuer) }
            }
            Self::Ema => {
                let enterprise = Some(EnterpriseOptions::default());
                let scopes_supported = Some(vec!["openid".to_owned(), "offline_access".to_owned()]);
                let known_clients = vec![KnownClient::public(COMPANY_CLIENT)];
                OAuthOptions::with_issuer(IssuerOptions {
                    enterprise,
                    // A sign-in at an identity provider names no resource.
                    resource: ResourceParameter::Ignored,
                    scopes_supported,
                    known_clients,
                    ..IssuerOptions::default()
                })
            }
            Self::Wif => {
                let registration = RegistrationPolicy::Absent;
                let known_clients = vec![KnownClient::public(WORKLOAD_CLIENT)];
                OAuthOptions::with_issuer(IssuerOptions {
                    workloads: true,
                    registration,
                    known_clients,
                    ..IssuerOptions::default()
                })
            }
            Self::Par => {
                let pushed = PushedRequests { required: true, lifetime: Duration::from_secs(60) };
                let pushed = Some(pushed);
                OAuthOptions::with_issuer(IssuerOptions { pushed, ..IssuerOptions::default() })
            }
        }
    }
}

impl FromStr for AuthKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join("`, `");
            format!("there is no way to sign in called `{name}`, only `{known}`")
        })
    }
}
