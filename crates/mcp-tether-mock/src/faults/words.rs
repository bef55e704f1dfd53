//! The syntax of faults: `key=value` and `key`, joined by colons.

use std::fmt;

/// Text that does not describe a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFault {
    /// The text.
    pub fault: String,
    /// The mistake, as a phrase for an error message.
    pub reason: String,
}

impl fmt::Display for InvalidFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read fault `{}`: {}", self.fault, self.reason)
    }
}

impl std::error::Error for InvalidFault {}

/// The keys and values of one fault. A colon separates only if a known key follows, so that values
/// such as URLs may contain colons.
#[derive(Debug)]
pub(super) struct Words {
    fault: String,
    words: Vec<(String, Option<String>)>,
}

impl Words {
    /// Splits `text` into words. `known` returns whether a key may follow the first word.
    pub(super) fn split(text: &str, known: impl Fn(&str) -> bool) -> Self {
        let mut words: Vec<(String, Option<String>)> = Vec::new();
        for part in text.split(':') {
            let (key, value) = match part.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (part, None),
            };
            match words.last_mut() {
                Some((_, Some(earlier))) if !known(key) => {
                    earlier.push(':');
                    earlier.push_str(part);
                }
                _ => words.push((key.to_owned(), value.map(str::to_owned))),
            }
        }
        Self { fault: text.to_owned(), words }
    }

    /// Returns the first key, which names the fault.
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", |(key, _)| key)
    }

    /// Takes the value of the first word.
    pub(super) fn main(&mut self) -> Option<String> {
        self.words.first_mut().and_then(|(_, value)| value.take())
    }

    /// Takes the first word's value as a number.
    pub(super) fn main_number<T: std::str::FromStr>(&mut self) -> Result<T, InvalidFault> {
        let name = self.name().to_owned();
        let value = self.main();
        let number = value.as_deref().and_then(|value| value.parse().ok());
        number.ok_or_else(|| {
            self.wrong(format!("`{name}` needs a number, not `{}`", value.unwrap_or_default()))
        })
    }

    /// Takes the first word's value as one of a list.
    pub(super) fn main_choice<T: Clone>(
        &mut self,
        choices: &[(&str, T)],
    ) -> Result<T, InvalidFault> {
        let name = self.name().to_owned();
        let value = self.main();
        self.choice_of(&name, value.as_deref().unwrap_or_default(), choices)
    }

    /// Takes the value of a further word; a word without a value is an empty text.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        let at = self.words.iter().skip(1).position(|(found, _)| found == key)?;
        Some(self.words.remove(at + 1).1.unwrap_or_default())
    }

    /// Takes the value of a further word as a number.
    pub(super) fn take_number<T: std::str::FromStr>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, InvalidFault> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let number = value.parse().ok();
        number.map(Some).ok_or_else(|| self.wrong(format!("`{key}` needs a number, not `{value}`")))
    }

    /// Takes the value of a further word as one of a list.
    pub(super) fn take_choice<T: Clone>(
        &mut self,
        key: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, InvalidFault> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        self.choice_of(key, &value, choices).map(Some)
    }

    /// Checks that every word was taken.
    pub(super) fn finish(mut self) -> Result<(), InvalidFault> {
        let name = self.name().to_owned();
        if self.main().is_some() {
            return Err(self.wrong(format!("`{name}` takes no value")));
        }
        match self.words.get(1) {
            Some((key, _)) => Err(self.wrong(format!("`{key}` has no meaning for `{name}`"))),
            None => Ok(()),
        }
    }

    pub(super) fn wrong(&self, reason: String) -> InvalidFault {
        InvalidFault { fault: self.fault.clone(), reason }
    }

    fn choice_of<T: Clone>(
        &self,
        key: &str,
        value: &str,
        choices: &[(&str, T)],
    ) -> Result<T, InvalidFault> {
        let found = choices.iter().find(|(name, _)| *name == value);
        found.map(|(_, choice)| choice.clone()).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wrong(format!("`{key}` is one of {}, not `{value}`", names.join(", ")))
        })
    }
}
