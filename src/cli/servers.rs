//! The arguments of the commands that show or use what a server offers.

use clap::Args;

use super::flags::SettingFlags;
use crate::commands::call::CallOptions;
use crate::commands::{call, info, prompts, resources, tool_differences, tools};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

#[derive(Args)]
pub struct Tools {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Show this tool with its arguments
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    /// Print how the tools differ from those that `--pin` remembers
    #[arg(long, conflicts_with_all = ["json", "name"])]
    diff: bool,
    /// Remember the tools as they are now, for `--pin`
    #[arg(long, conflicts_with_all = ["json", "name", "diff"])]
    accept: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct Call {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// The tool's name
    #[arg(value_name = "TOOL")]
    tool: String,
    /// The arguments of the tool
    #[arg(value_name = "KEY=VALUE")]
    arguments: Vec<String>,
    /// Print the result as JSON; a JSON object after it is the arguments
    #[arg(long)]
    json: bool,
    /// The arguments as a JSON object
    #[arg(long = "arguments", value_name = "JSON", id = "json-arguments")]
    json_arguments: Option<String>,
    /// Accept confirmations that the tool asks for
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct Prompts {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print the messages of this prompt
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The arguments of the prompt
    #[arg(value_name = "KEY=VALUE", requires = "name")]
    arguments: Vec<String>,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct ListResources {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct ReadResource {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// The resource's URI
    #[arg(value_name = "URI")]
    uri: String,
    /// Print JSON, as the server sent it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

#[derive(Args)]
pub struct Info {
    /// The server's URL; a number after it is the port that a sign-in returns to
    #[arg(value_name = "URL")]
    url: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Tools {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, json, diff, accept, flags } = self;
        let flags = outer.overlaid_by(flags.0);
        if diff || accept {
            return tool_differences::run(&url, accept, &flags, environment);
        }
        tools::run(&url, name.as_deref(), json, &flags, environment)
    }
}

impl Call {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, tool, arguments: words, json: as_json, json_arguments, yes, flags } = self;
        let options = CallOptions { url, tool, words, as_json, json_arguments, yes };
        call::run(&options, &outer.overlaid_by(flags.0), environment)
    }
}

impl Prompts {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, name, arguments, json, flags } = self;
        let flags = outer.overlaid_by(flags.0);
        match name {
            None => prompts::list(&url, json, &flags, environment),
            Some(name) => prompts::show(&url, &name, &arguments, json, &flags, environment),
        }
    }
}

impl ListResources {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, flags } = self;
        resources::list(&url, json, &outer.overlaid_by(flags.0), environment)
    }
}

impl ReadResource {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, uri, json, flags } = self;
        resources::read(&url, &uri, json, &outer.overlaid_by(flags.0), environment)
    }
}

impl Info {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, flags } = self;
        info::run(&url, json, &outer.overlaid_by(flags.0), environment)
    }
}
