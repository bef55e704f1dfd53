//! The command `secret` and those below it: arguments, help, and what they run.

use clap::{Args, Subcommand};

use super::Run;
use crate::cli::flags::{JsonFlag, StoreFlags};
use crate::commands::secret;
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether secret set shop
  mcp-tether secret list
  mcp-tether https://mcp.example.com/mcp --header 'X-API-Key: ${keyring:shop}'";
const SET_EXAMPLES: &str = "\
Examples:
  mcp-tether secret set shop
  pass show shop/api-key | mcp-tether secret set shop";
const LIST_EXAMPLES: &str = "\
Examples:
  mcp-tether secret list";
const REMOVE_EXAMPLES: &str = "\
Examples:
  mcp-tether secret remove shop";

/// Store API keys for headers in the keyring
#[derive(Args)]
#[command(after_help = EXAMPLES, subcommand_required = true)]
pub struct SecretCommand {
    #[command(subcommand)]
    verb: SecretVerb,
}

#[derive(Subcommand)]
enum SecretVerb {
    /// Store a secret, read from a prompt or from stdin
    #[command(after_help = SET_EXAMPLES, args_override_self = true)]
    Set {
        /// Its name in `${keyring:NAME}`
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
    /// List the names of all secrets and where they are stored
    #[command(after_help = LIST_EXAMPLES, args_override_self = true)]
    List {
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
    /// Remove a secret
    #[command(after_help = REMOVE_EXAMPLES, args_override_self = true)]
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        _json: JsonFlag,
        #[command(flatten)]
        flags: StoreFlags,
    },
}

impl Run for SecretCommand {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        self.verb.run(outer, environment)
    }
}

impl SecretVerb {
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        match self {
            Self::Set { name, flags, .. } => {
                secret::set(&name, &outer.overlaid_by(flags.0), environment)
            }
            Self::List { flags, .. } => secret::list(&outer.overlaid_by(flags.0), environment),
            Self::Remove { name, flags, .. } => {
                secret::remove(&name, &outer.overlaid_by(flags.0), environment)
            }
        }
    }
}
