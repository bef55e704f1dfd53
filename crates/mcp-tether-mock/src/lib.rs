//! The embedded mock remote: a real HTTP server on loopback that plays an MCP server of any
//! revision over Streamable HTTP and HTTP+SSE, with chosen faults and a record of every request.
//!
//! The way of a request: `wire` accepts, `transport::record` notes it and lets `faults` have its
//! say, `transport` checks and routes it, `methods` answers it with what a product of `products`
//! offers, `events` carries the answers to the streams; `oauth` protects it all by an authorization
//! server. Uses nothing of the bridge: a mistake shared by both ends of a test would prove nothing.

mod date;
mod events;
mod faults;
mod hostile;
mod html;
mod kept;
mod listens;
mod methods;
mod oauth;
mod options;
mod products;
mod recorder;
mod revisions;
mod rounds;
mod running;
mod seal;
mod session;
mod state;
mod tasks;
mod transport;
mod wire;

pub use date::Date;
pub use faults::{Fault, FaultHelp, InvalidFault};
pub use hostile::{Aim, Attack, Attacker, Finding, Hostile};
pub use kept::{DataFile, DataProblem};
pub use oauth::{
    ChallengeNames, ClientAuthentication, Consent, DeviceOptions, Iss, IssuerAt, IssuerHandle,
    IssuerMetadataAt, IssuerOptions, KnownClient, MockAuthorizationServer, OAuth, OAuthOptions,
    OAuthRequest, RedirectMatch, RefreshTokens, RegistrationPolicy, ResourceMetadataAt,
    ResourceParameter, Reuse, SecretExpiry,
};
pub use options::{Answers, Auth, MockOptions, Mode, ProductName, Served};
pub use products::Overview;
pub use recorder::{Ending, RecordedMessage, RecordedRequest, Recorder};
pub use running::{Address, MockRemote, serve};
pub use session::PushedRequest;
