//! The arguments of `doctor`.

use clap::Args;

use super::flags::SettingFlags;
use super::hosts;
use crate::commands::doctor::{self, DoctorOptions};
use crate::environment::Environment;
use crate::error::{ExitCode, Result};
use crate::settings::Flags;

#[derive(Args)]
pub struct Doctor {
    /// The server's URL; without it, only this machine is checked. A number after it is the port
    /// that a sign-in returns to
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print text for a public report, without the name of your home folder
    #[arg(long, conflicts_with = "json")]
    report: bool,
    /// Follow the logs and the state of running bridges, until the last one ends
    #[arg(long, conflicts_with_all = ["json", "report"])]
    watch: bool,
    #[command(flatten)]
    flags: SettingFlags,
}

impl Doctor {
    pub fn run(self, outer: Flags, environment: &Environment) -> Result<ExitCode> {
        let Self { url, json, report, watch, flags } = self;
        if watch {
            return doctor::watch::run(url.as_deref(), environment);
        }
        let options = DoctorOptions { url, as_json: json, as_report: report };
        let flags = outer.overlaid_by(flags.0);
        doctor::run(&options, &hosts::read, &flags, environment)
    }
}
