//! The pinned tools (`--pin`) of a server and account, and their file.

use std::path::PathBuf;

use super::cache_key::CacheKey;
use super::prepare::CommandContext;
use crate::bridge::{PinError, ToolPinning, ToolPins};
use crate::error::{Error, Result};
use crate::platform::STATE_VARIABLE;
use crate::settings::Key;
use crate::shell_words::url_argument;

impl CommandContext {
    /// The file of the pinned tools of this server and account.
    pub(super) fn pin_file(&self, key: Option<&CacheKey>) -> Option<PathBuf> {
        let account = self.settings.text(Key::Account).unwrap_or_default();
        let name = format!("{}.json", key?.of_pins(&self.url, account));
        Some(self.paths.state().ok()?.join("pins").join(name))
    }

    /// The pinned tools, by this machine's key, if `--pin` is set.
    ///
    /// # Errors
    /// As for [`Self::pins`].
    pub(super) fn pins_of_machine(&self, url: &str) -> Result<Option<ToolPins>> {
        if self.settings.choice::<ToolPinning>(Key::Pin) == ToolPinning::Off {
            return Ok(None);
        }
        self.pins(CacheKey::of_machine(&self.paths).as_ref(), url)
    }

    /// The pinned tools, if `--pin` is set.
    ///
    /// # Errors
    /// They cannot be read, or there is no folder for them. Neither makes a tool trusted.
    pub(super) fn pins(&self, key: Option<&CacheKey>, url: &str) -> Result<Option<ToolPins>> {
        if self.settings.choice::<ToolPinning>(Key::Pin) == ToolPinning::Off {
            return Ok(None);
        }
        let file = self.pin_file(key).ok_or_else(|| {
            Error::failed("tools cannot be pinned: there is no private folder for them")
                .hint(format!("name one with `{STATE_VARIABLE}`, or leave out `--pin`"))
        })?;
        ToolPins::read(&file).map(Some).map_err(|error| error_for_pins(&error, url))
    }
}

/// The error of a command that needs the pinned tools of the server at `url`.
pub(super) fn error_for_pins(error: &PinError, url: &str) -> Error {
    let url = url_argument(url);
    let hint = match error {
        PinError::File(_) => {
            format!("make the file yours, or name another folder with `{STATE_VARIABLE}`")
        }
        PinError::Damaged => format!(
            "look at the tools with `mcp-tether tools {url} --json`, then pin them again with \
             `mcp-tether tools {url} --accept`"
        ),
        PinError::TooLarge => "leave out `--pin` for this server".to_owned(),
    };
    Error::failed(format!("the pinned tools cannot be used: {error}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-73
    #[test]
    fn what_helps_depends_on_what_is_wrong_with_the_pins() {
        let hint = |error| error_for_pins(&error, "https://a.example/mcp").to_string();
        let damaged = hint(PinError::Damaged);
        assert!(damaged.contains("mcp-tether tools https://a.example/mcp --accept"), "{damaged}");
        let large = hint(PinError::TooLarge);
        assert!(large.contains("leave out `--pin`"), "{large}");
        let folder = tempfile::tempdir().unwrap();
        let file = hint(ToolPins::read(folder.path()).expect_err("a folder"));
        assert!(file.contains("MCP_TETHER_STATE"), "{file}");
    }
}
