//! The arguments of `login`, `logout` and `forget`.

use clap::Args;

use super::flags::{JsonFlag, SettingFlags};
use crate::commands::{forget, login, logout};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

#[derive(Args)]
pub struct Login {
    /// The server's URL, or none with `--idp`; a number after it is the port to return to
    #[arg(value_name = "URL", required_unless_present = "idp")]
    url: Option<String>,
    /// Open no browser: print the address, and read the one it ends at
    #[arg(long)]
    no_browser: bool,
    /// Sign in again even if the server accepts the sign-in that is stored
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct Logout {
    /// The server's URL
    #[arg(value_name = "URL", required_unless_present_any = ["all", "idp"], conflicts_with = "all")]
    url: Option<String>,
    /// Sign out of every server
    #[arg(long)]
    all: bool,
    /// With `--all`: do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct Forget {
    /// The server's URL
    #[arg(value_name = "URL", required_unless_present = "all", conflicts_with = "all")]
    url: Option<String>,
    /// Forget every server
    #[arg(long)]
    all: bool,
    /// With `--all`: do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    _json: JsonFlag,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Login {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, no_browser, force, flags, .. } = self;
        let how = login::LoginOptions { url, no_browser, force };
        login::run(&how, &outer.overlaid_by(flags.0), environment)
    }
}

impl Logout {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let flags = outer.overlaid_by(self.flags.0);
        match self.url {
            Some(url) => logout::one(&url, &flags, environment),
            None if self.all => logout::everywhere(self.yes, &flags, environment),
            None => logout::identity_provider(&flags, environment),
        }
    }
}

impl Forget {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let flags = outer.overlaid_by(self.flags.0);
        match self.url {
            Some(url) => forget::one(&url, &flags, environment),
            None => forget::everything(self.yes, &flags, environment),
        }
    }
}
