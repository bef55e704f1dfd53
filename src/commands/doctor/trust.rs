//! Checks the pins of `--pin` and the file of `--record`. Pins nothing and records nothing.

use std::fs::Metadata;
use std::path::Path;

use serde_json::value::RawValue;

use super::check::Check;
use crate::bridge::ToolPins;
use crate::commands::readable::counted;
use crate::environment::Environment;
use crate::error::Result;
use crate::redact::plain;
use crate::settings::{Key, Settings};
use crate::shell_words::{shell_word, url_argument};

/// Settings that hide tools, so that a list cannot be compared with the pins.
const HIDING: [Key; 3] = [Key::OnlyTool, Key::IgnoreTool, Key::ReadOnly];

/// The state of pinned tools.
pub(super) struct PinState {
    pins: Result<Option<ToolPins>>,
    hides: bool,
    url: String,
}

impl PinState {
    pub(super) fn new(pins: Result<Option<ToolPins>>, settings: &Settings, url: &str) -> Self {
        let hides = HIDING.iter().any(|key| settings.is_set(*key));
        Self { pins, hides, url: url_argument(url) }
    }

    /// Compares these tools with the pinned ones; `None` without `--pin`.
    pub(super) fn check(&self, tools: Option<&[Box<RawValue>]>) -> Option<Check> {
        let pins = match &self.pins {
            Err(error) => return Some(Check::error("pinned tools", error)),
            Ok(pins) => pins.as_ref()?,
        };
        if pins.is_empty() {
            let says = "none yet: `--pin` pins those of the first session";
            return Some(Check::ok("pinned tools", says));
        }
        let look = format!("look at them with `mcp-tether tools {} --diff`", self.url);
        let count = counted(pins.len(), "tool");
        let Some(tools) = tools.filter(|_| !self.hides) else {
            let says = format!("{count} pinned, not compared here");
            return Some(Check::ok("pinned tools", says).next(look));
        };
        let differences = pins.differences(tools);
        Some(if differences.is_empty() {
            Check::ok("pinned tools", format!("{count} pinned, none differs"))
        } else {
            let first = differences[0].lines().next().unwrap_or_default().trim_end_matches(':');
            let more = match differences.len() {
                1 => String::new(),
                number => format!(", and {} more", number - 1),
            };
            Check::warn("pinned tools", format!("{first}{more}")).next(look)
        })
    }
}

/// Where the conversation is recorded; `None` without `--record`.
pub(super) fn recording(settings: &Settings, environment: &Environment) -> Option<Check> {
    let path = settings.text(Key::Record).filter(|path| !path.is_empty())?;
    let path = environment.expand_home(path);
    let shown = plain(&path.display().to_string());
    let own = "it holds arguments and results: read it before you share it, and remove `--record` \
               when you have what you need";
    let check = match path.symlink_metadata() {
        Ok(found) if !found.is_file() => {
            Check::fail("recording", format!("`{shown}` is not a regular file"))
                .next("name a file that does not exist yet: `--record FILE`")
        }
        Ok(found) if is_readable_by_others(&found) => {
            Check::warn("recording", format!("others may read `{shown}`"))
                .next(format!("close it with `chmod 600 {}`", shell_word(&shown)))
        }
        Ok(found) => {
            let size = found.len().div_ceil(1024);
            Check::warn("recording", format!("to `{shown}`, {size} KiB so far")).next(own)
        }
        Err(_) if path.parent().is_some_and(is_folder) => {
            Check::warn("recording", format!("to `{shown}`, which is not there yet")).next(own)
        }
        Err(error) => Check::fail("recording", format!("`{shown}` cannot be used: {error}"))
            .next("name a file in a folder that exists: `--record FILE`"),
    };
    Some(check)
}

fn is_folder(folder: &Path) -> bool {
    folder.as_os_str().is_empty() || folder.is_dir()
}

#[cfg(unix)]
fn is_readable_by_others(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_readable_by_others(_found: &Metadata) -> bool {
    false
}
