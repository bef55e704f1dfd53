//! `mcp-tether secret`: stores API keys for `${keyring:NAME}` in headers. Reads a value from a
//! prompt or from stdin, and never from an argument, which other processes can see.

use std::io::Read;

use serde_json::{Value, json};

use super::prepare::{block_on, store};
use crate::environment::{
    CommandOutcome, Environment, stdin_is_terminal, to_stderr, to_stdout, to_stdout_unwrapped,
    wants_json,
};
use crate::error::{Error, ExitCode, Result};
use crate::redact::Secret;
use crate::settings::Flags;
use crate::shell_words::shell_word;
use crate::store::{ApiKeys, ListedRecord, StoreChoice};

/// The longest value, in bytes: longer than any key, shorter than a file piped in by mistake.
const MAX_VALUE: u64 = 64 * 1024;

/// Stores a secret, or replaces it.
///
/// # Errors
/// The name is invalid, stdin contains no secret, or the store cannot be written.
pub(crate) fn set(name: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let keys = keys(flags, environment)?;
    let value = value(name)?;
    let (place, notice) = block_on(async {
        let saved = keys.set(name, &value).await?;
        Ok((keys.describe(saved.place, name), saved.notice))
    })?;
    if let Some(notice) = notice {
        to_stderr(&format!("{notice}\n"));
    }
    let outcome = CommandOutcome::new("stored", format!("stored the secret `{name}` in {place}"));
    outcome.member("name", name).member("place", place).print();
    to_stderr(&format!("hint: use it as `--header 'X-API-Key: ${{keyring:{name}}}'`\n"));
    Ok(ExitCode::Ok)
}

/// Prints the names of all secrets and where they are stored.
///
/// # Errors
/// The settings are invalid, or the store cannot be listed.
pub(crate) fn list(flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let keys = keys(flags, environment)?;
    let found = block_on(async { Ok(keys.list().await?) })?;
    if wants_json() {
        let row = |listed: &ListedRecord| {
            let place = listed.place.to_string();
            json!({ "name": listed.name, "place": place })
        };
        let rows: Vec<Value> = found.iter().map(row).collect();
        to_stdout_unwrapped(&format!("{:#}\n", Value::from(rows)));
        return Ok(ExitCode::Ok);
    }
    if found.is_empty() {
        to_stderr("there are no secrets\n\nhint: store one with `mcp-tether secret set NAME`\n");
    }
    let width = found.iter().map(|listed| listed.name.len()).max().unwrap_or(0);
    for listed in &found {
        let place = keys.describe(listed.place, &listed.name);
        to_stdout(&format!("{:width$}  {place}\n", listed.name));
    }
    Ok(ExitCode::Ok)
}

/// Removes a secret. It is not an error if there is none.
///
/// # Errors
/// The settings are invalid, or the store cannot be changed.
pub(crate) fn remove(name: &str, flags: &Flags, environment: &Environment) -> Result<ExitCode> {
    let keys = keys(flags, environment)?;
    let removal = block_on(async { Ok(keys.remove(name).await?) })?;
    if let Some((place, error)) = removal.failed.first() {
        let place = keys.describe(*place, name);
        return Err(Error::failed(format!("`{name}` may still be in {place}: {error}"))
            .hint(error.next_step()));
    }
    for place in &removal.removed_from {
        let place = keys.describe(*place, name);
        let sentence = format!("removed the secret `{name}` from {place}");
        CommandOutcome::new("removed", sentence).member("name", name).print();
    }
    if !removal.existed() {
        let sentence = format!("there is no secret `{name}`: nothing to remove");
        CommandOutcome::new("not_stored", sentence).member("name", name).print();
    }
    Ok(ExitCode::Ok)
}

/// The API keys of the store.
///
/// # Errors
/// The settings are invalid, or secrets are only kept in memory.
pub(super) fn keys(flags: &Flags, environment: &Environment) -> Result<ApiKeys> {
    let (store, _) = store(flags, environment)?;
    if store.choice() != StoreChoice::Memory {
        return Ok(store.api_keys());
    }
    Err(Error::usage("a secret in memory is lost when this command ends")
        .hint("use `--credential-store keyring` or `--credential-store file`"))
}

fn value(name: &str) -> Result<Secret<String>> {
    if stdin_is_terminal() {
        let typed = rpassword::prompt_password(format!("value of `{name}` (not shown): "));
        let typed = typed.map_err(|error| error_for_value(&error))?;
        return Ok(Secret::new(typed.trim().to_owned()));
    }
    let mut text = String::new();
    let mut stdin = std::io::stdin().lock().take(MAX_VALUE + 1);
    stdin.read_to_string(&mut text).map_err(|error| error_for_value(&error))?;
    if text.len() as u64 > MAX_VALUE {
        return Err(Error::usage(format!("the value is longer than {MAX_VALUE} bytes")).hint(
            format!("give the key alone: `mcp-tether secret set {} < FILE`", shell_word(name)),
        ));
    }
    // The line ending is not part of the key.
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(value.strip_suffix('\r').unwrap_or(value).to_owned()))
}

fn error_for_value(error: &std::io::Error) -> Error {
    Error::failed(format!("cannot read the value: {error}"))
        .hint("type it at the prompt, or give it on stdin")
}
