//! Values that a registry's document leaves to the user: from `--set`, its defaults, or questions
//! on a terminal. Secrets are stored in the keyring, and only their names leave this file.

use std::collections::BTreeMap;

use super::input::Input;
use crate::commands::prepare::block_on;
use crate::commands::secret;
use crate::environment::{Environment, stdin_is_terminal, to_stderr};
use crate::error::{Error, Result};
use crate::redact::{Secret, plain, shown_words};
use crate::settings::Flags;
use crate::shell_words::shell_word;

/// The source of values.
pub(super) struct Answers<'a> {
    given: BTreeMap<String, String>,
    entry_name: &'a str,
    flags: &'a Flags,
    environment: &'a Environment,
}

impl<'a> Answers<'a> {
    /// Parses `NAME=VALUE`.
    ///
    /// # Errors
    /// A text is not of this form.
    pub(super) fn new(
        values: &[String],
        entry_name: &'a str,
        flags: &'a Flags,
        environment: &'a Environment,
    ) -> Result<Self> {
        let pair = |text: &String| {
            let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
            let (name, value) = pair.ok_or_else(|| {
                Error::usage(format!(
                    "`--set {}` is not of the form `NAME=VALUE`",
                    shown_words(text)
                ))
                .hint("for example `--set tenant=acme`")
            })?;
            Ok((name.to_owned(), value.to_owned()))
        };
        let given = values.iter().map(pair).collect::<Result<_>>()?;
        Ok(Self { given, entry_name, flags, environment })
    }

    /// The value of a variable in a URL.
    ///
    /// # Errors
    /// It is missing and nobody can be asked, or it is not one of the choices.
    pub(super) fn value(&self, name: &str, input: Option<&Input>) -> Result<String> {
        let nothing = Input::default();
        let input = input.unwrap_or(&nothing);
        let fixed = self.given.get(name).or(input.value.as_ref()).or(input.default.as_ref());
        let value = match fixed {
            Some(value) => value.clone(),
            None => self.asked(name, input)?,
        };
        if !input.choices.is_empty() && !input.choices.contains(&value) {
            let choices: Vec<String> = input.choices.iter().map(|choice| plain(choice)).collect();
            let message = format!("`{}={}` is not one of the choices", plain(name), plain(&value));
            return Err(Error::usage(message).hint(format!("choose one of {}", choices.join(", "))));
        }
        Ok(value)
    }

    /// The value of a variable in a header.
    ///
    /// # Errors
    /// As [`Answers::value`], or a secret cannot be stored.
    pub(super) fn header_value(
        &self,
        header: &str,
        variable: &str,
        input: Option<&Input>,
    ) -> Result<String> {
        if input.is_some_and(|input| input.is_secret) {
            return self.secret(header, variable);
        }
        self.value(variable, input)
    }

    /// The value of a header that has no template. `None` if it is not required.
    ///
    /// # Errors
    /// As [`Answers::header_value`].
    pub(super) fn optional_header_value(
        &self,
        header: &str,
        input: &Input,
    ) -> Result<Option<String>> {
        if input.is_secret && input.is_required {
            return self.secret(header, header).map(Some);
        }
        let is_known = self.given.contains_key(header) || input.default.is_some();
        if !input.is_required && !is_known {
            return Ok(None);
        }
        self.value(header, Some(input)).map(Some)
    }

    fn asked(&self, name: &str, input: &Input) -> Result<String> {
        let name = plain(name);
        if !stdin_is_terminal() {
            return Err(Error::usage(format!("the server needs a value for `{name}`"))
                .hint(format!("give it: `--set {}`", shell_word(&format!("{name}=VALUE")))));
        }
        let choices: Vec<String> = input.choices.iter().map(|choice| plain(choice)).collect();
        let mut question = format!("{name}: {}", plain(&input.description));
        if !choices.is_empty() {
            question += &format!(" ({})", choices.join(", "));
        }
        to_stderr(&format!("{question}\n> "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(|error| {
            Error::failed(format!("cannot read the answer: {error}"))
                .hint("run the command at a terminal")
        })?;
        Ok(answer.trim().to_owned())
    }

    /// Asks for a secret, stores it, and returns the reference to it.
    fn secret(&self, header: &str, variable: &str) -> Result<String> {
        let (header, what) = (plain(header), plain(variable));
        let name = format!("{}-{}", self.entry_name, what.to_ascii_lowercase());
        let valid = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let name: String = name.chars().map(valid).take(64).collect();
        if !stdin_is_terminal() {
            return Err(Error::usage(format!(
                "the server needs a secret in the header `{header}`"
            ))
            .hint(format!("store it: `mcp-tether secret set {name}`"))
            .hint(format!("and refer to it: `--header '{header}: ${{keyring:{name}}}'`")));
        }
        let typed =
            rpassword::prompt_password(format!("{what} (not shown): ")).map_err(|error| {
                Error::failed(format!("cannot read the secret: {error}"))
                    .hint("store it first with `mcp-tether secret set NAME`")
            })?;
        let keys = secret::keys(self.flags, self.environment)?;
        let value = Secret::new(typed.trim().to_owned());
        block_on(async { Ok(keys.set(&name, &value).await?) })?;
        to_stderr(&format!("stored the secret `{name}`\n"));
        Ok(format!("${{keyring:{name}}}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `check` with answers that were given with `--set`.
    fn with<T>(given: &[&str], check: impl FnOnce(&Answers<'_>) -> T) -> Result<T> {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let (flags, environment) = (Flags::default(), Environment::fixed([]));
        Answers::new(&given, "shop", &flags, &environment).map(|answers| check(&answers))
    }

    fn input(value: Option<&str>, default: Option<&str>) -> Input {
        Input {
            value: value.map(str::to_owned),
            default: default.map(str::to_owned),
            ..Input::default()
        }
    }

    fn choices(choices: &[&str]) -> Input {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Input { choices, ..input(None, Some("eu")) }
    }

    #[test]
    fn what_is_given_is_a_name_an_equals_sign_and_a_value() {
        assert_eq!(with(&["a=b=c"], |it| it.value("a", None).unwrap()).unwrap(), "b=c");
        assert_eq!(with(&["a="], |it| it.value("a", None).unwrap()).unwrap(), "");
        assert_eq!(with(&["a=1", "a=2"], |it| it.value("a", None).unwrap()).unwrap(), "2");
        for wrong in ["a", "=b", ""] {
            let error = with(&[wrong], |_| ()).unwrap_err();
            assert!(error.message().contains("is not of the form `NAME=VALUE`"), "{wrong}");
        }
    }

    #[test]
    fn a_given_value_counts_before_a_fixed_one_and_a_default_last() {
        let value = |given: &[&str], input: &Input| {
            with(given, |it| it.value("region", Some(input)).unwrap()).unwrap()
        };
        assert_eq!(value(&["region=a"], &input(Some("b"), Some("c"))), "a");
        assert_eq!(value(&["other=a"], &input(Some("b"), Some("c"))), "b");
        assert_eq!(value(&[], &input(None, Some("c"))), "c");
        assert_eq!(value(&[], &choices(&["us", "eu"])), "eu");
    }

    #[test]
    fn a_value_is_one_of_the_choices() {
        let wrong = with(&["region=mars"], |it| it.value("region", Some(&choices(&["us", "eu"]))));
        let error = wrong.unwrap().unwrap_err();
        assert_eq!(error.message(), "`region=mars` is not one of the choices");
        assert_eq!(error.hints(), ["choose one of us, eu"]);
        let wrong = with(&[], |it| it.value("region", Some(&choices(&["us"]))));
        assert!(wrong.unwrap().is_err(), "even a default of the document");
    }

    #[test]
    fn a_header_that_is_not_required_may_be_left_out() {
        let required = |is_required| Input { is_required, ..Input::default() };
        let header = |given: &[&str], input: &Input| {
            with(given, |it| it.optional_header_value("X-Key", input).unwrap()).unwrap()
        };
        assert_eq!(header(&[], &required(false)), None);
        assert_eq!(header(&["X-Key=a"], &required(false)).as_deref(), Some("a"));
        assert_eq!(header(&["X-Key=a"], &required(true)).as_deref(), Some("a"));
        assert_eq!(header(&[], &input(None, Some("d"))).as_deref(), Some("d"));
    }
}
