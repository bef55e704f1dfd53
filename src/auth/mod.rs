//! Signing in to a remote. [`Authorizer`] gives the `Authorization` header for the next request and
//! deals with refusals; everything else here serves it. Where records rest is behind [`Vault`].
//!
//! The way of a refusal: `single_flight` shares it among all requests, `incident` decides (store,
//! renewal, sign-in), `refresh` renews, `browser_sign_in`, `device_code` and `client_credentials`
//! sign in; `errand` runs what must not break off; `examination` looks for `doctor`; `discovery`
//! and `registration` find and make what those need. DPoP (a proof beside the header),
//! enterprise-managed authorization and workload identity (two more grants) belong beside
//! `client_credentials` (D-08).

mod addresses;
mod adoption;
mod authenticated_client;
mod authorization_code;
mod authorizer;
mod browser_sign_in;
mod by_person;
mod callback;
mod challenge;
mod client_authentication;
mod client_credentials;
mod context;
mod device_code;
mod discovery;
mod errand;
mod examination;
mod held;
mod incident;
mod metadata;
mod options;
mod outside;
mod page;
mod pre_registered;
mod reach;
mod record;
mod redemption;
mod redirect;
mod refresh;
mod registration;
mod revocation;
mod scopes;
mod secret_text;
mod single_flight;
mod token;
mod token_endpoint;
mod token_file;
mod typed_answer;
mod vault;
mod well_known;

pub use adoption::{Foreign, ForeignClient, adopt};
pub use authorization_code::CallbackParameters;
pub use authorizer::{Authorization, Authorizer, Interaction, SignedIn, SignedOut, World};
pub use challenge::Challenge;
pub use client_authentication::{AuthMethod, SigningKey};
pub use context::{Notice, SignInState, Waiting};
pub use errand::{Errands, NotRun};
pub use examination::{Examined, callback_port, examine};
pub use metadata::{AuthorizationServer, ProtectedResource};
pub use options::{AuthOptions, Grant, Login, ResourceIndicator};
pub use pre_registered::PreRegistered;
pub use record::{Names, Pending, Record, Refusal, Registered, Registration, SignIn};
pub use revocation::Revocation;
pub use token::TokenSet;
pub use token_file::TokenFile;
pub use typed_answer::LineSource;
pub use vault::{MemoryVault, Vault, VaultError, VaultLock};
