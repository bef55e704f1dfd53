//! The OAuth side of the mock: the protected resource (challenges and RFC 9728 documents) and a
//! complete, strict authorization server (metadata, registration, consent, tokens, device codes,
//! revocation).
//!
//! [`OAuth`] is the handle of a test: it changes the options in force, revokes tokens, moves the
//! server, and lists the requests. This module knows nothing of MCP beyond the endpoint's address;
//! `transport` passes requests in.
//!
//! Wrong or hostile behaviour is a fault, not an option, so that it can apply to single requests:
//! `metadata=javascript`, `document=html`, `callback=wrong-state`, `token=text-expiry`,
//! `oauth-error=invalid_grant:times=1`. Faults of the transport work here too, chosen by the path:
//! `status=503:path=/oauth/token`, `late=500:path=/oauth/token` (the work is done at once),
//! `disconnect=before-headers:http=POST:path=/oauth/token` (its answer is lost),
//! `redirect=302:hops=5:path=/.well-known`.

mod answer;
mod assertion;
mod auth_kind;
mod authenticate;
mod authorize;
mod book;
mod challenge;
mod clock;
mod consent;
mod control;
mod device;
mod documents;
mod dpop;
mod dpop_options;
mod fetch;
mod fields;
mod identity;
mod issuer;
mod issuer_options;
mod jwt;
mod options;
mod provider_refusals;
mod provider_rule;
mod providers;
mod pushed;
mod records;
mod registration;
mod resource;
mod revocation;
mod routes;
mod token;

pub use auth_kind::{AuthKind, COMPANY_CLIENT, WORKLOAD_CLIENT};
pub(super) use challenge::PresentedToken;
pub use control::OAuth;
pub use dpop_options::{DpopNonces, DpopOptions};
pub use identity::workload_token;
pub use issuer::IssuerHandle;
pub use issuer_options::{
    ClientAuthentication, ConsentPolicy, DeviceOptions, EnterpriseOptions, Iss, IssuerMetadataAt,
    IssuerOptions, KnownClient, PushedRequests, RedirectMatch, RefreshTokens, RegistrationPolicy,
    ResourceParameter, Reuse, SecretExpiry,
};
pub use options::{ChallengeNames, IssuerAt, OAuthOptions, ResourceMetadataAt};
pub use provider_rule::ProviderRule;
pub use providers::{CLIENT_ID, CLIENT_SECRET, Provider, REDIRECT_PORT};
pub use records::OAuthRequest;
pub(super) use routes::OAuthCall;
