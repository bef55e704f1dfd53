//! `mcp-tether credentials move`: moves every stored record from the keyring into files, or back.

use super::prepare::{block_on, store};
use crate::environment::{Environment, to_stderr, to_stdout};
use crate::error::{Error, ExitCode, Result};
use crate::redact::plain;
use crate::settings::Flags;
use crate::store::StorageLocation;

/// Moves every record.
///
/// # Errors
/// Both places are the same, the settings are invalid, or the store cannot be listed. A record that
/// cannot be moved is reported, and stays where it is.
pub(crate) fn move_all(
    from: Option<&str>,
    to: &str,
    flags: &Flags,
    environment: &Environment,
) -> Result<ExitCode> {
    if from == Some(to) {
        return Err(Error::usage(format!("`--from {to} --to {to}` moves nothing"))
            .hint("give two places: `keyring` and `file`"));
    }
    let (store, _) = store(flags, environment)?;
    let target = if to == "keyring" { StorageLocation::Keyring } else { StorageLocation::File };
    let moves = block_on(async { Ok(store.move_all(target).await?) })?;
    to_stdout(&format!(
        "moved {}, already there {}, failed {}\n",
        moves.moved.len(),
        moves.unmoved.len(),
        moves.failed.len()
    ));
    for (name, error) in &moves.failed {
        to_stderr(&format!("`{}` stays where it is: {error}\n", plain(name)));
    }
    for (name, place, error) in &moves.left_behind {
        let place = store.describe(*place, name);
        to_stderr(&format!("an older copy is left in {place}: {error}\n"));
    }
    if let Some(hint) = moves.failed.iter().find_map(|(_, error)| error.next_step()) {
        to_stderr(&format!("hint: {hint}\n"));
    }
    if !moves.moved.is_empty() && moves.failed.is_empty() {
        to_stderr(&format!(
            "hint: to store new sign-ins there, set `credential-store = \"{to}\"` in the settings file\n"
        ));
    }
    Ok(if moves.failed.is_empty() { ExitCode::Ok } else { ExitCode::Failed })
}
