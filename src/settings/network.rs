//! Settings for company networks: proxy credentials, and addresses that replace a look-up.

use super::headers::{KeyringLookup, expand};
use super::{Key, Settings};
use crate::auth::CommandLine;
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::http::FixedAddress;
use crate::redact::{Secret, plain};

impl Settings {
    /// User name and password for the proxy, as `USER:PASSWORD`.
    ///
    /// # Errors
    /// There is no colon, a `${…}` cannot be expanded, or a command is set as well.
    pub(super) fn proxy_credentials(
        &self,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<Option<Secret<String>>> {
        let text = self.text(Key::ProxyAuth).filter(|text| !text.is_empty());
        let Some(text) = text else { return Ok(None) };
        let setting = Key::ProxyAuth.setting();
        let place = self.all(Key::ProxyAuth).first().map(|held| held.source.describe(setting));
        let place = place.unwrap_or_default();
        if self.proxy_auth_command().is_some() {
            let message = format!("{place} and `--proxy-auth-command` contradict each other");
            return Err(Error::usage(message).hint("remove one of them"));
        }
        let lookup = |name: &str| self.value_of(name, environment, keyring);
        let credentials =
            expand(text, &lookup).map_err(|problem| problem.into_error("the proxy", &place))?;
        proxy_credentials(credentials.expose()).map(Some).ok_or_else(|| {
            Error::usage(format!("{place} is not `USER:PASSWORD`"))
                .hint("for example `--proxy-auth 'sara:${keyring:proxy}'`")
        })
    }

    /// The command that prints user name and password for the proxy, if one is set.
    pub fn proxy_auth_command(&self) -> Option<CommandLine> {
        let text = self.text(Key::ProxyAuthCommand).filter(|text| !text.is_empty())?;
        CommandLine::parse(text)
    }

    /// The addresses that replace a look-up.
    pub(super) fn fixed_addresses(&self) -> Result<Vec<FixedAddress>> {
        let parse = |text: &str| {
            FixedAddress::parse(text).map_err(|why| {
                let message = format!("invalid value `{}` for `--resolve`: {why}", plain(text));
                Error::usage(message).hint("it looks like `mcp.example.com:443:10.0.0.7`")
            })
        };
        self.texts(Key::Resolve).map(parse).collect()
    }
}

/// Reads `USER:PASSWORD`, optionally with a line ending, as programs print it. `None` for anything
/// else.
pub fn proxy_credentials(text: &str) -> Option<Secret<String>> {
    let text = text.trim_end_matches(['\r', '\n']);
    let is_fit = text.split_once(':').is_some_and(|(user, _)| !user.is_empty())
        && !text.contains(char::is_control);
    is_fit.then(|| Secret::new(text.to_owned()))
}
