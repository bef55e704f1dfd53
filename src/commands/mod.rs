//! What the commands do: a file for each but the small ones, which are in `cli/verbs/`, and what
//! they share.

mod arguments;
pub(crate) mod bridge;
mod cache_key;
pub(crate) mod call;
pub mod chosen_hosts;
pub(crate) mod config;
mod consent;
mod content;
pub(crate) mod credentials;
#[cfg(feature = "mock")]
pub(crate) mod demo;
#[cfg(feature = "mock")]
mod demo_question;
pub(crate) mod displayed_change;
pub(crate) mod doctor;
mod durable_process;
mod entry_account;
pub(crate) mod forget;
mod host_entries;
pub(crate) mod hosts;
pub(crate) mod import;
pub mod install;
mod keyring_wait;
mod literal_secrets;
mod log_repetition;
mod logging;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod migrate;
mod new_entry;
mod no_file;
mod notes;
pub(crate) mod pack;
mod ping;
mod pins;
pub(crate) mod prepare;
pub(crate) mod prompts;
mod proxy_command;
mod questions;
pub(crate) mod readable;
mod recording_file;
pub mod registry;
mod remembered;
pub(crate) mod resources;
pub(crate) mod run_bridge;
pub(crate) mod running;
pub(crate) mod secret;
#[cfg(feature = "mock")]
pub(crate) mod serve_hostile;
#[cfg(feature = "mock")]
pub(crate) mod serve_mock;
#[cfg(feature = "mock")]
pub(crate) mod serve_replay;
mod server_session;
pub(crate) mod session;
mod sign_in;
#[cfg(feature = "mock")]
mod snippets;
pub(crate) mod status;
pub(crate) mod token_job;
pub(crate) mod tool_differences;
pub(crate) mod tools;
pub(crate) mod uninstall;
pub(crate) mod untrusted;
mod vault;
pub(crate) mod waiting;
