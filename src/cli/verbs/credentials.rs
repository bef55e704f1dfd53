//! The command `credentials` and those below it: arguments, help, and what they run.

use clap::{Args, Subcommand};

use super::Run;
use crate::cli::flags::{JsonFlag, StoreFlags};
use crate::commands::credentials;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether credentials move --from file --to keyring";
const MOVE_EXAMPLES: &str = "\
Examples:
  mcp-tether credentials move --from file --to keyring
  mcp-tether credentials move --to file

Whatever cannot be moved stays where it is.";

/// Move stored credentials to another place
#[derive(Args)]
#[command(after_help = EXAMPLES, subcommand_required = true)]
pub struct CredentialsCommand {
    #[command(subcommand)]
    verb: CredentialsVerb,
}

#[derive(Subcommand)]
enum CredentialsVerb {
    /// Move every sign-in and secret
    #[command(after_help = MOVE_EXAMPLES, args_override_self = true)]
    Move {
        /// Where they are stored now
        #[arg(long, value_name = "PLACE", value_parser = ["keyring", "file"])]
        from: Option<String>,
        /// Where to store them
        #[arg(long, value_name = "PLACE", value_parser = ["keyring", "file"])]
        to: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
}

impl Run for CredentialsCommand {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        self.verb.run(outer, environment)
    }
}

impl CredentialsVerb {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self::Move { from, to, flags, .. } = self;
        let flags = outer.overlaid_by(flags.0);
        credentials::move_all(from.as_deref(), &to, &flags, environment)
    }
}
