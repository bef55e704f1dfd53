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
    if let Some(own) = own {
        add_account(&mut entry.arguments, &own);
    }
}

/// Adds the flag for this account; a name that looks like a flag is attached to it.
pub(super) fn add_account(words: &mut Vec<String>, account: &str) {
    if account.starts_with('-') {
        words.push(format!("{FLAG}={account}"));
    } else {
        words.extend([FLAG.to_owned(), account.to_owned()]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::{KnownHost, Scope};

    const URL: &str = "https://mcp.example.com/mcp";

    /// A file with these entries of Cursor, as JSON.
    fn file(entries: &str) -> HostFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        std::fs::write(&path, format!("{{\"mcpServers\":{{{entries}}}}}")).unwrap();
        let opened = HostFile::open(KnownHost::from_id("cursor").unwrap(), Scope::User, &path);
        opened.map_err(Error::from).unwrap()
    }

    fn entry(name: &str, arguments: &[&str]) -> String {
        let arguments = serde_json::to_string(arguments).unwrap();
        format!(r#""{name}":{{"command":"mcp-tether","args":{arguments}}}"#)
    }

    fn new_entry(name: &str) -> NewEntry {
        NewEntry {
            name: name.to_owned(),
            command: "mcp-tether".to_owned(),
            arguments: vec![URL.to_owned()],
            variables: Vec::new(),
        }
    }

    #[test]
    fn an_entry_whose_headers_say_who_the_user_is_gets_no_account() {
        let with = |key| Flags { config: None, values: vec![(key, vec!["x".to_owned()])] };
        for key in [
            Key::Account,
            Key::Header,
            Key::HeaderCommand,
            Key::HeaderFile,
            Key::TokenCommand,
            Key::TokenFile,
        ] {
            assert!(!may_have_account(&with(key)), "{}", key.setting().name);
        }
        assert!(may_have_account(&Flags::default()) && may_have_account(&with(Key::Scope)));
    }

    #[test]
    fn an_account_is_read_from_both_forms_of_the_flag() {
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (line, account) in [
            (&["--account", "work"][..], Some("work")),
            (&["--account=work"], Some("work")),
            (&["--account="], Some("")),
            (&["--account"], None),
            (&["--accounts=a", "--account-x"], None),
            (&[], None),
        ] {
            assert_eq!(account_in(&words(line)).as_deref(), account, "{line:?}");
        }
    }

    #[test]
    fn only_a_further_entry_for_a_url_gets_an_account() {
        let first = entry("shop", &[URL]);
        let arguments = |entries: &str, name: &str, account: &str| {
            let mut new = new_entry(name);
            give_account(&file(entries), &mut new, account);
            new.arguments[1..].join(" ")
        };
        assert_eq!(arguments("", "shop", "work"), "");
        assert_eq!(arguments(&first, "shop", "work"), "", "it is the entry itself");
        assert_eq!(arguments(&first, "second", "work"), "--account work");
        assert_eq!(arguments(&first, "second", "-work"), "--account=-work", "it is not a flag");
        let elsewhere = entry("other", &["https://other.example.com"]);
        assert_eq!(arguments(&elsewhere, "second", "work"), "");
        let foreign = format!(r#""a":{{"command":"npx","args":["mcp-remote","{URL}"]}}"#);
        assert_eq!(arguments(&foreign, "second", "work"), "", "it is another program's");
    }

    #[test]
    fn an_entry_keeps_the_account_that_it_has() {
        let both = [entry("shop", &[URL]), entry("second", &[URL, "--account", "home"])].join(",");
        let mut again = new_entry("second");
        give_account(&file(&both), &mut again, "work");
        assert_eq!(again.arguments[1..], ["--account", "home"]);
        assert_eq!(first_for_its_url(&file(&both), &again), None, "it is not a further one");
        let third = new_entry("third");
        assert_eq!(first_for_its_url(&file(&both), &third).as_deref(), Some("shop"));
        let other = [entry("second", &["https://other.example.com"]), entry("shop", &[URL])];
        let taken = first_for_its_url(&file(&other.join(",")), &new_entry("second"));
        assert_eq!(taken.as_deref(), Some("shop"), "an entry of this name for another URL");
    }
}
