//! The commands: a file for each, with its arguments, its help and what it runs, and one list of
//! them. The command line, help, completions, man pages and what is tested of all commands follow
//! from the list.

mod call;
mod completions;
mod config;
mod credentials;
#[cfg(feature = "mock")]
mod demo;
mod doctor;
mod forget;
mod generate;
mod hosts;
mod import;
mod info;
mod install;
mod login;
mod logout;
mod migrate;
#[cfg(feature = "mock")]
mod mock;
mod pack;
mod prompts;
mod read;
mod resources;
mod secret;
mod status;
mod tools;
mod uninstall;

use clap::Subcommand;

use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

/// What a command does.
trait Run {
    /// Runs it. `outer` are the flags before the command's name.
    fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode>;
}

/// Makes an enum of the commands, each of which runs itself.
macro_rules! verbs {
    ($($(#[$attribute:meta])* $name:ident($arguments:path),)+) => {
        #[derive(Subcommand)]
        /// A command with its arguments.
        pub enum Verb {
            $($(#[$attribute])* $name($arguments),)+
        }

        impl Verb {
            /// Runs the command. `outer` are the flags before its name.
            pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
                match self {
                    $($(#[$attribute])* Self::$name(verb) => verb.run(outer, environment),)+
                }
            }
        }
    };
}

// In the order of the help.
verbs! {
    Tools(tools::Tools),
    Call(call::Call),
    Prompts(prompts::Prompts),
    Resources(resources::ListResources),
    Read(read::ReadResource),
    Info(info::Info),
    Login(login::Login),
    Logout(logout::Logout),
    Forget(forget::Forget),
    Doctor(doctor::Doctor),
    Status(status::Status),
    Import(import::Import),
    Install(install::Install),
    Uninstall(uninstall::Uninstall),
    Hosts(hosts::Hosts),
    Migrate(migrate::Migrate),
    Pack(pack::Pack),
    Secret(secret::SecretCommand),
    Credentials(credentials::CredentialsCommand),
    Config(config::ConfigCommand),
    Completions(completions::Completions),
    Generate(generate::Generate),
    #[cfg(feature = "mock")]
    Demo(demo::Demo),
    #[cfg(feature = "mock")]
    Mock(mock::Mock),
}
