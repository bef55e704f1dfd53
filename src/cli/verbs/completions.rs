//! The command `completions`: its arguments, its help, and what it runs.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Run;
use crate::cli::about::PROGRAM;
use crate::cli::flags::JsonFlag;
use crate::cli::{Cli, help};
use crate::environment::{CommandOutcome, Environment};
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  mcp-tether completions bash > ~/.local/share/bash-completion/completions/mcp-tether

  mkdir -p ~/.config/fish/completions
  mcp-tether completions fish > ~/.config/fish/completions/mcp-tether.fish

  mkdir -p ~/.zfunc
  mcp-tether completions zsh > ~/.zfunc/_mcp-tether

Zsh looks there after these lines in `~/.zshrc`:
  fpath=(~/.zfunc $fpath)
  autoload -U compinit && compinit

`mcp-tether generate FOLDER` writes man pages too.";

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = help::short(EXAMPLES, false))]
#[command(after_long_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Run for Completions {
    fn run(self, _: Flags, _: &Environment) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        CommandOutcome::copied("completions", script.clone()).member("script", script).print();
        Ok(ExitCode::Ok)
    }
}
