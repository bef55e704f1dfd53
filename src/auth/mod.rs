//! Signing in to a remote. [`Authorizer`] gives the `Authorization` header for the next request and
//! recovers from refusals; everything else here serves it. Where records are stored is behind
//! [`Vault`].
//!
//! The folders: `discovery` finds the authorization server, `guarded_http` sends requests to URLs
//! that a server names, `client` is our OAuth client, `dpop` binds tokens to a key, `grants` gets
//! tokens, `browser` signs in with a browser, `records` holds the stored records, `durable` runs
//! work that must not be interrupted.
//!
//! After a refusal, `coalesce` shares one recovery among all requests, `recovery` decides what to
//! try (store, refresh, sign-in), and `refresh` refreshes. `browser::sign_in`,
//! `grants::device_code`, `grants::client_credentials`, `grants::workload` and `enterprise` sign
//! in, each with one `SignInPlan`; `one_sign_in` allows only one sign-in by a person across all
//! processes. `login` serves the commands `login` and `logout`, `diagnosis` serves `doctor`, and
//! `import` imports another program's sign-in.

mod authorizer;
mod browser;
mod client;
mod coalesce;
mod command_value;
mod context;
mod diagnosis;
mod discovery;
mod dpop;
mod durable;
mod enterprise;
mod grants;
mod guarded_http;
mod header_commands;
mod import;
mod login;
mod one_sign_in;
mod options;
mod records;
mod recovery;
mod refresh;
mod refresh_at_issuer;
mod sign_in_plan;
mod state;
mod token_cache;
mod token_file;

pub use crate::platform::CommandLine;
pub use authorizer::{Authorization, Authorizer};
pub use browser::pasted_answer::LineSource;
pub use client::assertion_source::AssertionSource;
pub use client::auth_method::AuthMethod;
pub use client::pre_registered::PreRegistered;
pub use client::signing_key::SigningKey;
pub use context::{AuthServices, SignInState, UserNotice};
pub use diagnosis::{callback_port, diagnose};
pub use discovery::challenge::Challenge;
pub use discovery::metadata::{AuthorizationServer, ProtectedResource};
pub use durable::job::{JobRunner, NotRun};
pub use grants::authorization_response::CallbackParameters;
pub use grants::revocation::Revocation;
pub use grants::token::TokenSet;
pub use header_commands::HeaderCommands;
pub use import::{ImportedClient, ImportedSignIn, import_sign_in};
pub use login::{Interaction, SignedIn, SignedOut};
pub use options::{
    AuthOptions, DpopPolicy, Grant, IdentityProvider, LoginPolicy, ResourceIndicator,
};
pub use records::names::Names;
pub use records::record::{Pending, SignIn, StoredRecord};
pub use records::registration::{Registered, Registration};
pub use records::vault::{MemoryVault, Vault, VaultError, VaultLock};
pub use token_file::TokenFile;

#[cfg(test)]
mod tests;
