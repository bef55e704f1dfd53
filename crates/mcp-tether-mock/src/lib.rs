//! The embedded mock remote: a real HTTP server on loopback that plays an MCP server of any
//! revision over Streamable HTTP and HTTP+SSE, with chosen faults and a record of every request.
//!
//! The path of a request: `wire` accepts, `transport::record` records it and applies `faults`,
//! `transport` checks and routes it, `methods` answers it with what the product offers, and
//! `events` carries the answers to the streams; `oauth` protects it all with an authorization
//! server.
//!
//! The layers, from the top: `hostile`, `authorization_server`, `overview` → `running` (opens a
//! product) → `transport` → `methods` → `state` → `product`. The folders in `products` import
//! `product`, and only `running` and `overview` import `products`. `product` imports `connections`
//! and `tasks`; these import `session`, `listens` and `events`. `options`, `oauth`, `faults` and
//! `stored_data` know nothing of products. `replay` is a server of its own: it plays a recorded
//! conversation. Nothing here uses the bridge: a mistake shared by both ends of a test would prove
//! nothing.

mod authorization_server;
mod connections;
mod date;
mod events;
mod faults;
mod hostile;
mod html;
mod http_date;
mod listens;
mod methods;
mod notification;
mod oauth;
mod options;
mod overview;
mod own_host;
mod product;
mod product_name;
mod products;
mod recorder;
mod replay;
mod response_batch;
mod revisions;
mod rounds;
mod rpc_error;
mod running;
mod seal;
mod served;
mod session;
mod splitmix;
mod state;
mod stored_data;
mod tasks;
mod transport;
mod wire;

pub use authorization_server::MockAuthorizationServer;
pub use date::Date;
pub use faults::{Fault, FaultHelp, InvalidFault};
pub use hostile::{Aim, Attack, AttackPlace, Attacker, Finding, Hostile};
pub use oauth::{
    AuthKind, CLIENT_ID, CLIENT_SECRET, COMPANY_CLIENT, ChallengeNames, ClientAuthentication,
    ConsentPolicy, DeviceOptions, DpopNonces, DpopOptions, EnterpriseOptions, Iss, IssuerAt,
    IssuerHandle, IssuerMetadataAt, IssuerOptions, KnownClient, OAuth, OAuthOptions, OAuthRequest,
    Provider, ProviderRule, PushedRequests, REDIRECT_PORT, RedirectMatch, RefreshTokens,
    RegistrationPolicy, ResourceMetadataAt, ResourceParameter, Reuse, SecretExpiry,
    WORKLOAD_CLIENT, workload_token,
};
pub use options::{AnswerFormat, Auth, MockOptions, Mode};
pub use overview::Overview;
pub use product_name::ProductName;
pub use recorder::{ExchangeEnd, RecordedMessage, RecordedRequest, RequestRecorder};
pub use replay::{Recording, RecordingError, ReplayNote, ReplayTally, serve_replay};
pub use running::{MockAddress, MockRemote, serve};
pub use served::Served;
pub use session::PushedRequest;
pub use stored_data::{DataFile, DataFileError};
