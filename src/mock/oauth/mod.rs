//! The OAuth side of the mock: the protected resource (challenges and RFC 9728 documents) and a
//! complete, strict authorization server (metadata, registration, consent, tokens, device codes,
//! revocation).
//!
//! [`OAuth`] is what a test holds: it changes what is in force, forgets and moves things, and tells
//! what was asked. What is wrong or hostile for a few requests only is a fault, not an option. Knows
//! nothing of MCP beyond the endpoint's address; `transport` hands requests in.

mod answer;
mod assertion;
mod authenticate;
mod authorize;
mod book;
mod challenge;
mod clock;
mod consent;
mod control;
mod device;
mod documents;
mod fetch;
mod issuer;
mod issuer_options;
mod options;
mod records;
mod registration;
mod resource;
mod revocation;
mod routes;
mod standalone;
mod token;

pub(super) use challenge::Presented;
pub use control::OAuth;
pub use issuer::IssuerHandle;
pub use issuer_options::{
    ClientAuthentication, Consent, DeviceOptions, Iss, IssuerMetadataAt, IssuerOptions,
    KnownClient, RedirectMatch, RefreshTokens, RegistrationPolicy, ResourceParameter, Reuse,
    SecretExpiry,
};
pub use options::{ChallengeNames, IssuerAt, OAuthOptions, ResourceMetadataAt};
pub use records::OAuthRequest;
pub(super) use routes::Asked;
pub use standalone::MockAuthorizationServer;
