//! `mcp-tether tools --diff` and `--accept`: shows how a server's tools differ from the pinned
//! ones, and pins the current ones.

use super::pins::error_for_pins;
use super::prepare::{block_on, for_command_without};
use super::readable::counted;
use super::run_bridge::for_host_in_process;
use super::session::{CommandSession, SessionOptions};
use super::tools::all_tools;
use crate::bridge::{PinError, ToolPins};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::platform::STATE_VARIABLE;
use crate::settings::{Flags, Key};

/// Settings that would hide tools from the comparison.
const SET_ASIDE: [Key; 4] = [Key::Pin, Key::OnlyTool, Key::IgnoreTool, Key::ReadOnly];

/// Prints how the tools differ from the pinned ones, and pins them if `accepts`. The exit code is 1
/// if they differ and are not accepted.
///
/// # Errors
/// The server cannot be reached, or the pins cannot be read or written.
pub(crate) fn run(
    url: &str,
    accepts: bool,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    let prepared = for_command_without(&SET_ASIDE, url, flags, environment)?;
    let file = prepared.pin_file.clone().ok_or_else(|| {
        Error::failed("there is no private folder for pinned tools")
            .hint(format!("name one with `{STATE_VARIABLE}`"))
    })?;
    let tools = block_on(for_host_in_process(prepared.into_bridge(), async |lines| {
        let mut session = CommandSession::open(lines, SessionOptions::default()).await?;
        let tools = all_tools(&mut session).await;
        session.close().await;
        tools
    }))?;
    let failed = |error| error_for_pins(&error, url);
    let mut pins = match ToolPins::read(&file) {
        Err(PinError::Damaged) if accepts => ToolPins::empty(&file),
        read => read.map_err(failed)?,
    };
    let differences = pins.differences(&tools);
    for difference in &differences {
        to_stdout(&format!("{difference}\n"));
    }
    if accepts {
        pins.accept(&tools).map_err(failed)?;
        to_stderr(&format!("pinned {}\n", counted(tools.len(), "tool")));
        return Ok(ExitCode::Ok);
    }
    if pins.is_empty() {
        to_stderr(
            "no tools are pinned: `--pin warn` or `--pin block` pins those of the first session\n",
        );
    } else if differences.is_empty() {
        to_stderr("the tools are the pinned ones\n");
    }
    Ok(if differences.is_empty() { ExitCode::Ok } else { ExitCode::Failed })
}
