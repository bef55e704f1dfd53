//! Prints the version, shell completions and man pages. Completions and man pages are generated
//! from the definition of the command line, so they always agree with it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::StyledStr;
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde_json::json;

use super::Cli;
use super::flags::JsonFlag;
use crate::environment::{CommandOutcome, to_stdout, to_stdout_unwrapped};
use crate::error::{Error, ExitCode, Result};
use crate::protocol::ProtocolVersion;
use crate::redact::plain;

const PROGRAM: &str = env!("CARGO_PKG_NAME");

#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    #[command(flatten)]
    _json: JsonFlag,
}

#[derive(Args)]
pub struct Generate {
    /// The folder to write into
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    _json: JsonFlag,
}

/// Prints `mcp-tether 1.2.3`, or with `as_json` everything that distinguishes one build from
/// another.
pub fn version(as_json: bool) -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    if !as_json {
        to_stdout(&format!("{PROGRAM} {version}\n"));
        return ExitCode::Ok;
    }
    let features = [("mock", cfg!(feature = "mock")), ("tls-ring", cfg!(feature = "tls-ring"))];
    let features = features.into_iter().filter(|(_, on)| *on).map(|(name, _)| name);
    let revisions = ProtocolVersion::ALL.into_iter().map(ProtocolVersion::name);
    let mut about = json!({
        "name": PROGRAM,
        "version": version,
        "target": target(),
        "features": features.collect::<Vec<_>>(),
        "revisions": revisions.collect::<Vec<_>>(),
    });
    // Known where a release is built.
    if let Some(commit) = option_env!("MCP_TETHER_COMMIT") {
        about["commit"] = commit.into();
    }
    to_stdout_unwrapped(&format!("{about:#}\n"));
    ExitCode::Ok
}

/// Architecture, system and ABI, such as `x86_64-linux-musl`.
fn target() -> String {
    use std::env::consts::{ARCH, OS};
    let abi = ["musl", "gnu", "msvc"];
    let on = [cfg!(target_env = "musl"), cfg!(target_env = "gnu"), cfg!(target_env = "msvc")];
    let abi = abi.into_iter().zip(on).find_map(|(name, on)| on.then_some(name));
    [Some(ARCH), Some(OS), abi].into_iter().flatten().collect::<Vec<_>>().join("-")
}

impl Completions {
    pub fn run(self) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        CommandOutcome::copied("completions", script.clone()).member("script", script).print();
        ExitCode::Ok
    }
}

impl Generate {
    /// Writes `man/*.1` and `completions/*` for packages.
    pub fn run(self) -> Result<ExitCode> {
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
