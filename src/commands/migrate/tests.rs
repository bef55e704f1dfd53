//! Which entries are rewritten, how, and what is said of the others.

use super::*;
use crate::commands::untrusted::{EntryCommand, Untrusted};
use crate::hosts::Nesting;

const URL: &str = "https://mcp.example.com/mcp";

fn entry(name: &str, line: &[&str], variables: &[(&str, &str)]) -> HostEntry {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    HostEntry {
        place: EntryPlace { section: vec!["mcpServers".to_owned()], name: name.to_owned() },
        line: 7,
        words: line.iter().map(|word| (*word).to_owned()).collect(),
        variables: variables.iter().map(own).collect(),
        nesting: Nesting::None,
    }
}

/// Reads the arguments of an entry: a URL, and `--record` if it is there.
fn read(arguments: &[String]) -> Result<Untrusted<EntryCommand>> {
    if arguments.iter().any(|word| word == "--wrong") {
        return Err(Error::usage("unknown flag `--wrong`").hint("leave it out"));
    }
    let records = arguments.iter().any(|word| word == "--record");
    let values = if records { vec![(Key::Record, vec!["x".to_owned()])] } else { Vec::new() };
    let url = url_of(arguments).unwrap_or_default().to_owned();
    Ok(Untrusted::new(EntryCommand { url, flags: Flags { config: None, values } }))
}

fn survey_of(scope: Scope) -> Survey {
    Survey {
        scope,
        planned: Vec::new(),
        notes: Vec::new(),
        files: 1,
        ignored: 0,
        code: ExitCode::Ok,
    }
}

/// The new command line of an entry, and what is noted about it.
fn examined(
    scope: Scope,
    line: &[&str],
    variables: &[(&str, &str)],
) -> (Option<String>, Vec<String>) {
    let mut survey = survey_of(scope);
    let host = KnownHost::from_id("cursor").unwrap();
    let entry = entry("shop", line, variables);
    let candidate = survey.examine_entry(host, scope, &entry, "/bin/mcp-tether", &read);
    (candidate.map(|candidate| candidate.words.join(" ")), survey.notes)
}

#[test]
fn an_entry_of_another_bridge_is_rewritten_with_its_arguments() {
    for (line, words) in [
        (&["npx", "-y", "mcp-remote", URL, "--debug"][..], format!("{URL} --debug")),
        (&["mcp-proxy", URL], format!("{URL} --transport sse-first")),
    ] {
        let (rewritten, notes) = examined(Scope::User, line, &[]);
        assert_eq!(rewritten, Some(format!("/bin/mcp-tether {words}")));
        assert!(notes.is_empty(), "{notes:?}");
        // The other users of a project have this program elsewhere.
        let (rewritten, _) = examined(Scope::Project, line, &[]);
        assert_eq!(rewritten, Some(format!("mcp-tether {words}")));
    }
    for line in [&["node", "server.js"][..], &["mcp-tether", URL], &[]] {
        assert_eq!(examined(Scope::User, line, &[]), (None, Vec::new()), "{line:?}");
    }
}

#[test]
fn an_entry_that_cannot_be_rewritten_says_where_it_is_and_why() {
    let place = "Cursor (user), `shop` (line 7)";
    for (line, note) in [
        (
            &["ssh", "host", "npx", "mcp-remote", URL][..],
            "mentions `mcp-remote` and cannot be rewritten: what `ssh` does for it would be lost",
        ),
        (
            &["npx", "mcp-remote", URL, "--wrong"],
            "cannot be rewritten: error: unknown flag `--wrong`\n\nhint: leave it out",
        ),
    ] {
        let (rewritten, notes) = examined(Scope::User, line, &[]);
        assert_eq!((rewritten, notes), (None, vec![format!("{place} {note}")]));
    }
}

#[test]
fn a_secret_in_plain_text_is_noted_and_never_shown() {
    let secret = "Authorization: Bearer canary-0123456789abcdef0123456789abcdef";
    let line = ["npx", "mcp-remote", URL, "--header", secret];
    let (rewritten, notes) = examined(Scope::User, &line, &[]);
    assert!(rewritten.is_some() && notes.len() == 1, "{notes:?}");
    assert!(notes[0].contains("mcp-tether secret set NAME") && !notes[0].contains("canary"));
    let reference = ["npx", "mcp-remote", URL, "--header", "Authorization: Bearer ${TOKEN}"];
    assert!(examined(Scope::User, &reference, &[]).1.is_empty());
}

/// O-30
#[test]
fn an_entry_of_a_project_does_not_record_others() {
    let by_flag = ["npx", "mcp-remote", URL, "--record", "x"];
    let plain = ["npx", "mcp-remote", URL];
    let variable = [("MCP_TETHER_RECORD", "x")];
    for (line, variables) in [(&by_flag[..], &[][..]), (&plain, &variable)] {
        let (rewritten, notes) = examined(Scope::Project, line, variables);
        assert_eq!(rewritten, None);
        assert!(notes[0].ends_with("`--record` is not allowed in a project file"), "{notes:?}");
        assert!(examined(Scope::User, line, variables).0.is_some(), "it is the user's own");
    }
}

#[test]
fn each_further_entry_for_a_url_gets_an_account_unless_it_says_who_the_user_is() {
    let candidate = |name: &str, rest: &[&str]| {
        let line = [&["npx", "mcp-remote", URL], rest].concat();
        let entry = entry(name, &line, &[]);
        let host = KnownHost::from_id("cursor").unwrap();
        survey_of(Scope::User).examine_entry(host, Scope::User, &entry, "x", &read).unwrap()
    };
    let mut entries = [
        candidate("a", &[]),
        candidate("b", &[]),
        candidate("c", &["--header", "X: 1"]),
        candidate("d", &["--header=X: 1"]),
        candidate("e", &["--account=home"]),
        candidate("f", &["--header-file", "x"]),
        candidate("-g", &[]),
    ];
    give_accounts(&mut entries);
    let lines: Vec<_> = entries.iter().map(|entry| entry.words[2..].join(" ")).collect();
    assert_eq!(
        lines,
        [
            "",
            "--account b",
            "--header X: 1",
            "--header=X: 1",
            "--account=home",
            "--header-file x --account f",
            "--account=-g",
        ]
    );
}

#[test]
fn nothing_to_rewrite_is_said_in_words_that_fit() {
    let said = |scope, ignored, notes: &[&str], files| {
        let notes = notes.iter().map(|note| (*note).to_owned()).collect();
        Survey { ignored, notes, files, ..survey_of(scope) }.nothing_to_rewrite()
    };
    for (said, words) in [
        (said(Scope::User, 0, &[], 1), "no entry runs another bridge (checked 1 configuration)"),
        (said(Scope::User, 0, &["x"], 2), "no entry can be rewritten (checked 2 configurations)"),
        (
            said(Scope::User, 1, &[], 0),
            "no entry of yours runs another bridge (checked 0 configurations)",
        ),
        (said(Scope::Project, 0, &[], 1), "no entry of this project is rewritten"),
    ] {
        assert_eq!(said, words);
    }
}

#[test]
fn a_user_who_cannot_be_asked_is_told_both_ways() {
    let error = error_without_terminal(Scope::Project);
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.hints()[0].contains("migrate --scope project --yes"), "{error}");
    assert!(error_without_terminal(Scope::User).hints()[1].contains("migrate --dry-run"));
}
