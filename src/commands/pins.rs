//! Where the tools of a server and account are pinned (`--pin`), and what is pinned there.

use std::path::PathBuf;

use super::cache_key::CacheKey;
use super::prepare::CommandContext;
use crate::bridge::{ToolPinning, ToolPins};
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

    /// The pinned tools under the key of this machine, if they are wanted.
    ///
    /// # Errors
    /// As [`Self::pins`].
    pub(super) fn pins_of_machine(&self, url: &str) -> Result<Option<ToolPins>> {
        if self.settings.choice::<ToolPinning>(Key::Pin) == ToolPinning::Off {
            return Ok(None);
        }
        self.pins(CacheKey::of_machine(&self.paths).as_ref(), url)
    }

    /// The pinned tools, if they are wanted.
    ///
    /// # Errors
    /// They cannot be read, or there is nowhere to keep them: nothing is trusted because of that.
    pub(super) fn pins(&self, key: Option<&CacheKey>, url: &str) -> Result<Option<ToolPins>> {
        if self.settings.choice::<ToolPinning>(Key::Pin) == ToolPinning::Off {
            return Ok(None);
        }
        let file = self.pin_file(key).ok_or_else(|| {
            Error::failed("tools cannot be pinned: there is no private folder for them")
                .hint(format!("name one with `{STATE_VARIABLE}`, or leave out `--pin`"))
        })?;
        let pins = ToolPins::read(&file).map_err(|error| {
            let url = url_argument(url);
            Error::failed(format!("the pinned tools cannot be used: {error}")).hint(format!(
                "look at the tools with `mcp-tether tools {url} --json`, then pin them again with \
                 `mcp-tether tools {url} --accept`"
            ))
        })?;
        Ok(Some(pins))
    }
}
