//! Settings for company networks: proxy credentials, and addresses that replace a look-up.

use super::credential_commands::at_home;
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
        if self.proxy_auth_command(environment).is_some() {
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
    pub fn proxy_auth_command(&self, environment: &Environment) -> Option<CommandLine> {
        let text = self.text(Key::ProxyAuthCommand).filter(|text| !text.is_empty())?;
        CommandLine::parse(text).map(|command| at_home(command, environment))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;

    fn settings(values: &[(Key, &str)]) -> Settings {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        Settings::resolve(None, &flags, &Environment::fixed([])).unwrap()
    }

    #[test]
    fn credentials_for_a_proxy_are_a_name_a_colon_and_a_password() {
        for (text, expected) in [
            ("sara:pw", Some("sara:pw")),
            ("sara:", Some("sara:")),
            ("sara:a:b c", Some("sara:a:b c")),
            // Programs end their output with a line break.
            ("sara:pw\r\n", Some("sara:pw")),
            ("sara:pw\n\n", Some("sara:pw")),
            ("sara", None),
            (":pw", None),
            ("", None),
            ("\n", None),
            ("sara:p\nw", None),
            ("sara:p\tw", None),
        ] {
            let read = proxy_credentials(text);
            assert_eq!(read.as_ref().map(|read| read.expose().as_str()), expected, "{text:?}");
        }
    }

    #[test]
    fn credentials_for_a_proxy_come_from_one_place() {
        let environment = Environment::fixed([("PW", "secret")]);
        let keyring = |name: &str| Ok(Secret::new(format!("kept {name}")));
        let read = |values: &[(Key, &str)]| {
            let read = settings(values).proxy_credentials(&environment, &keyring);
            read.map(|read| read.map(|read| read.expose().clone())).map_err(|e| e.to_string())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[(Key::ProxyAuth, "")]), Ok(None));
        assert_eq!(read(&[(Key::ProxyAuth, "a:${PW}")]), Ok(Some("a:secret".to_owned())));
        assert_eq!(read(&[(Key::ProxyAuth, "a:${keyring:k}")]), Ok(Some("a:kept k".to_owned())));
        let wrong = read(&[(Key::ProxyAuth, "canary")]).unwrap_err();
        assert!(wrong.contains("`--proxy-auth` is not `USER:PASSWORD`"), "{wrong}");
        assert!(!wrong.contains("canary"), "{wrong}");
        let unset = read(&[(Key::ProxyAuth, "a:${NONE}")]).unwrap_err();
        assert!(unset.contains("`NONE` for the proxy is not set"), "{unset}");
        let both = read(&[(Key::ProxyAuth, "a:b"), (Key::ProxyAuthCommand, "get it")]);
        let both = both.unwrap_err();
        assert!(both.contains("`--proxy-auth-command` contradict each other"), "{both}");
    }

    #[test]
    fn the_program_of_a_proxy_command_may_be_below_the_home_folder() {
        let environment = Environment::fixed([("HOME", "/home/sara")]);
        let program = |text: &str| {
            let command = settings(&[(Key::ProxyAuthCommand, text)]);
            let command = command.proxy_auth_command(&environment);
            command.map(|command| command.program().to_owned())
        };
        assert_eq!(program("~/bin/get proxy").as_deref(), Some("/home/sara/bin/get"));
        assert_eq!(program("get proxy").as_deref(), Some("get"));
        assert_eq!(program(""), None);
    }

    #[test]
    fn a_fixed_address_that_is_wrong_is_named() {
        let read = |text: &str| settings(&[(Key::Resolve, text)]).fixed_addresses();
        assert_eq!(read("mcp.example.com:443:10.0.0.7").unwrap()[0].host(), "mcp.example.com");
        for (text, why) in [
            ("mcp.example.com:443", "it has no two colons"),
            ("mcp.example.com:0:10.0.0.7", "its port is not a number"),
            ("mcp.example.com:443:here", "its address is not an IP address"),
            ("*:443:10.0.0.7", "its host is not a name"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("invalid value `{text}` for `--resolve`: {why}")));
        }
        assert!(settings(&[]).fixed_addresses().unwrap().is_empty());
    }
}
