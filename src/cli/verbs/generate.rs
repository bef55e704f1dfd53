//! The command `generate`: its arguments, its help, and what it runs.

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::StyledStr;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::Run;
use crate::cli::Cli;
use crate::cli::about::PROGRAM;
use crate::cli::flags::JsonFlag;
use crate::environment::{CommandOutcome, Environment};
use crate::error::{Error, ExitCode, Result};
use crate::redact::plain;
use crate::settings::Flags;

const EXAMPLES: &str = "\
Examples:
  mcp-tether generate ~/.local/share/mcp-tether
  man ~/.local/share/mcp-tether/man/mcp-tether.1

Writes `man/*.1` and `completions/*`. Packages of this program contain them already.";

/// Write man pages and completions into a folder
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Generate {
    /// The folder to write into
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    _json: JsonFlag,
}

impl Run for Generate {
    /// Writes `man/*.1` and `completions/*` for packages.
    fn run(self, _: Flags, _: &Environment) -> Result<ExitCode> {
        let man = create_folder(&self.folder.join("man"))?;
        let mut command = Cli::command();
        command.build();
        pages(&command, PROGRAM, &man)?;
        let completions = create_folder(&self.folder.join("completions"))?;
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            clap_complete::generate_to(shell, &mut Cli::command(), PROGRAM, &completions)
                .map_err(|error| cannot_write(&completions, &error))?;
        }
        let folder = self.folder.display().to_string();
        let sentence = format!("wrote man pages and completions into `{}`", plain(&folder));
        CommandOutcome::new("written", sentence).member("folder", folder).print();
        Ok(ExitCode::Ok)
    }
}

/// Writes the page of a command and those of its subcommands.
#[expect(clippy::disallowed_methods, reason = "a packager named this folder, for everyone to read")]
fn pages(command: &Command, name: &str, folder: &Path) -> Result<()> {
    let path = folder.join(format!("{name}.1"));
    let written = page(command, name).and_then(|page| fs::write(&path, page));
    written.map_err(|error| cannot_write(&path, &error))?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        pages(verb, &format!("{name}-{}", verb.get_name()), folder)?;
    }
    Ok(())
}

fn page(command: &Command, name: &str) -> std::io::Result<Vec<u8>> {
    let notes = command.get_after_long_help().or(command.get_after_help());
    let notes = notes.map(StyledStr::to_string).unwrap_or_default();
    let command = command.clone().display_name(name.to_owned()).version(env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).manual("mcp-tether manual");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    // The line breaks of examples and tables must be preserved.
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]).control("nf", []).text([roman(notes)]).control("fi", []);
    roff.to_writer(&mut page)?;
    Ok(page)
}

fn create_folder(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    Ok(folder.to_path_buf())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::failed(format!("cannot write `{}`: {error}", plain(&path.display().to_string())))
        .hint("name a folder that you can write")
}
