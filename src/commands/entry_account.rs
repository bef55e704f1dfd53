//! The account of a further entry for the same URL. Its sign-in is stored separately, under a name
//! that is asked for on a terminal; otherwise it is the name of the entry.

use super::host_entries::are_for_one_server;
use crate::environment::{Asking, stdin_is_terminal};
use crate::error::{Error, Result};
use crate::hosts::{HostEntry, HostFile, NewEntry};
use crate::redact::plain;
use crate::settings::{Flags, Key};

const FLAG: &str = "--account";

/// Whether an entry with these flags may get an account: not if its headers say who the user is.
pub(super) fn may_have_account(flags: &Flags) -> bool {
    use Key::{Account, Header, HeaderCommand, HeaderFile, TokenCommand, TokenFile};
    let says_who = [Account, Header, HeaderCommand, HeaderFile, TokenCommand, TokenFile];
    !flags.values.iter().any(|(key, _)| says_who.contains(key))
}

/// The name of another entry of ours for this URL, if the file does not have this entry yet.
pub(super) fn first_for_its_url(file: &HostFile, entry: &NewEntry) -> Option<String> {
    if same_entry(file, entry).is_some() {
        return None;
    }
    let words = entry.words();
    let is_other = |other: &&HostEntry| {
        other.place.name != entry.name
            && !file.document.is_local(&other.place)
            && are_for_one_server(&other.words, &words)
    };
    Some(file.document.entries().iter().find(is_other)?.place.name.clone())
}

/// Gives the entry the account that it has in the file, or this one if it is a further entry for
/// its URL.
pub(super) fn give_account(file: &HostFile, entry: &mut NewEntry, account: &str) {
    let own = match same_entry(file, entry) {
        Some(there) => account_in(&there.words),
        None => first_for_its_url(file, entry).map(|_| account.to_owned()),
    };
    match own {
        Some(own) if own.starts_with('-') => entry.arguments.push(format!("{FLAG}={own}")),
        Some(own) => entry.arguments.extend([FLAG.to_owned(), own]),
        None => {}
    }
}

/// The entry with this name, if it is ours and for the same URL.
fn same_entry<'a>(file: &'a HostFile, entry: &NewEntry) -> Option<&'a HostEntry> {
    let words = entry.words();
    let there = file.document.entry(&entry.name)?;
    are_for_one_server(&there.words, &words).then_some(there)
}

fn account_in(words: &[String]) -> Option<String> {
    let attached = |word: &String| word.strip_prefix(FLAG)?.strip_prefix('=').map(str::to_owned);
    let place = words.iter().position(|word| word == FLAG);
    place
        .and_then(|place| words.get(place + 1).cloned())
        .or_else(|| words.iter().find_map(attached))
}

/// Asks for the name of the account if there is a terminal; otherwise, or if nothing is typed, it
/// is the name of the entry.
///
/// # Errors
/// The answer cannot be read or is not a name.
pub(super) fn ask(title: &str, first: &str, entry: &NewEntry) -> Result<String> {
    let usual = &entry.name;
    if !stdin_is_terminal() {
        return Ok(usual.clone());
    }
    let first = plain(first);
    let question = format!(
        "{title} has `{first}` for this URL already; `{usual}` signs in with an account of its \
         own\n\
         what is that account to be called here? [{usual}] "
    );
    let mut answer = String::new();
    {
        let _asking = Asking::start(&question);
        std::io::stdin().read_line(&mut answer).map_err(|error| {
            Error::failed(format!("cannot read the answer: {error}"))
                .hint("name the account with `--account NAME`")
        })?;
    }
    let answer = answer.trim();
    if answer.is_empty() {
        return Ok(usual.clone());
    }
    if answer.chars().any(char::is_control) || answer.len() > 64 {
        return Err(Error::usage(format!("`{}` is not a name for an account", plain(answer)))
            .hint("use at most 64 characters, such as `--account work`"));
    }
    Ok(answer.to_owned())
}
