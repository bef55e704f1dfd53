//! `--json`: results on stdout and errors on stderr are JSON for programs, of every command.

use mcp_tether_mock::{Auth, MockOptions, MockRemote, OAuthOptions};
use serde_json::Value;

use crate::cli_help::commands;
use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::BrowsingPerson;
use crate::support::home::Home;
use crate::support::process::{Finished, Program};

/// Returns the lines of stdout, each of which is a JSON object.
fn objects(finished: &Finished) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str::<Value>(line);
    let lines = finished.stdout.lines();
    let objects: Result<Vec<_>, _> = lines.map(read).collect();
    let objects = objects.unwrap_or_else(|error| panic!("{error}: {}", finished.shown()));
    assert!(objects.iter().all(Value::is_object), "{}", finished.shown());
    objects
}

/// Returns the only line of stderr, which is an error.
fn error(finished: &Finished) -> Value {
    let error: Value = serde_json::from_str(finished.stderr.trim_end())
        .unwrap_or_else(|error| panic!("{error}: {}", finished.shown()));
    let error = error["error"].clone();
    assert!(error["message"].is_string() && error["hints"].is_array(), "{error}");
    assert_eq!(error["exit_code"], finished.code.unwrap(), "{error}");
    error
}

#[test]
fn an_error_of_any_command_is_json_and_the_exit_code_stays() {
    for command in commands() {
        let words = [&command[..], &["--json", "--no-such-flag"]].concat();
        let refused = Program::new(words).run();
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{command:?}");
        let message = error(&refused)["message"].as_str().unwrap().to_owned();
        assert!(!message.contains("error:") && !message.contains('\u{1b}'), "{message}");
    }
    let mut gone = MockRemote::start(MockOptions::default()).unwrap();
    let url = gone.url().to_string();
    gone.stop();
    for verb in ["tools", "info", "prompts", "resources"] {
        let failed = Program::new([verb, &url, "--json"]).run();
        assert_eq!(failed.code, Some(1), "{}", failed.shown());
        let message = error(&failed)["message"].as_str().unwrap().to_owned();
        assert!(message.contains("cannot connect to"), "{message}");
    }
    let auth = Auth::OAuth(OAuthOptions::default());
    let guarded = MockRemote::start(MockOptions { auth, ..MockOptions::default() }).unwrap();
    let url = guarded.url();
    let words = ["tools", url.as_str(), "--login", "never", "--json"];
    let needed = Program::new(words).run();
    assert_eq!(needed.code, Some(4), "{}", needed.shown());
    assert!(error(&needed)["hints"].to_string().contains("mcp-tether login"));
}

/// Groups of commands, the bridge and `demo` have nothing to print.
#[test]
fn every_command_with_a_result_takes_the_flag() {
    for command in commands() {
        let is_without =
            matches!(command[..], [] | ["demo"] | ["secret"] | ["credentials"] | ["config"]);
        let help = Program::new([&command[..], &["--help"]].concat()).run().stdout;
        assert!(is_without || help.contains("--json"), "{command:?}");
    }
}

#[test]
fn each_command_reports_its_result_as_a_line_of_json() {
    let home = Home::new();
    let url = "https://mcp.example.com/mcp";
    let one = |words: &[&str]| {
        let done = home.ok(&[words, &["--json"][..]].concat());
        let objects = objects(&done);
        assert_eq!(objects.len(), 1, "{words:?}: {}", done.shown());
        objects.into_iter().next().unwrap()
    };
    let result = |words: &[&str]| one(words)["result"].as_str().unwrap().to_owned();

    let added = one(&["install", url, "--host", "cursor", "--name", "shop"]);
    assert_eq!((added["result"].as_str(), added["host"].as_str()), (Some("added"), Some("cursor")));
    assert!(added["file"].as_str().unwrap().ends_with("mcp.json") && added["undo"].is_string());
    assert_eq!(result(&["install", url, "--host", "cursor", "--name", "shop"]), "present");
    assert_eq!(result(&["install", url, "--host", "zed", "--dry-run"]), "would_change");
    assert_eq!(result(&["install", url, "--host", "zed", "--print"]), "entry");
    assert_eq!(result(&["uninstall", "shop"]), "removed");
    assert_eq!(result(&["migrate"]), "nothing_to_rewrite");
    assert_eq!(result(&["import"]), "nothing_imported");
    assert_eq!(result(&["logout", url]), "not_signed_in");
    assert_eq!(result(&["forget", url]), "nothing_stored");
    assert_eq!(result(&["config", "path"]), "path");
    assert_eq!(result(&["generate", "pages"]), "written");
    assert_eq!(result(&["completions", "fish"]), "completions");
    let to_file = ["--credential-store", "file", "--json"];
    let removed = home.ok(&[&["secret", "remove", "shop"][..], &to_file].concat());
    assert_eq!(objects(&removed)[0]["result"], "not_stored");
    let listed = home.ok(&[&["secret", "list"][..], &to_file].concat());
    assert_eq!(listed.stdout.trim(), "[]");
    let mock: Value = serde_json::from_str(&home.ok(&["mock", "--list", "--json"]).stdout).unwrap();
    assert!(
        mock["products"].as_array().unwrap().len() >= 4 && mock["faults"][0]["name"].is_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_and_out_is_told_as_json() {
    let auth = Auth::OAuth(OAuthOptions::default());
    let mock = MockRemote::start(MockOptions { auth, ..MockOptions::default() }).unwrap();
    let (home, url) = (Home::new(), mock.url().to_string());
    let browser = BrowserProgram::of(BrowsingPerson::approves());
    let run = |words: &[&str]| {
        let program = home.program([words, &["--json"][..]].concat());
        let done = program.env("PATH", browser.path()).run();
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.shown());
        objects(&done)
    };
    let signed_in = run(&["login", &url]);
    assert_eq!(signed_in[0]["result"], "signed_in");
    assert_eq!(signed_in[0]["server"], url);
    assert!(signed_in[0]["expires_at"].is_u64() && signed_in[0]["stored_in"].is_string());
    assert_eq!(run(&["login", &url])[0]["result"], "already_signed_in");
    let moved = run(&["credentials", "move", "--to", "file"]);
    assert!(moved[0]["failed"] == 0, "{moved:?}");
    let forgotten = run(&["forget", &url]);
    assert!(forgotten.iter().any(|one| one["result"] == "signed_out"), "{forgotten:?}");
}

/// Whoever types `call` has asked for the tool: `on-demand` is about what a host does by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_a_demand() {
    let auth = Auth::OAuth(OAuthOptions::default());
    let mock = MockRemote::start(MockOptions { auth, ..MockOptions::default() }).unwrap();
    let browser = BrowserProgram::of(BrowsingPerson::approves());
    let url = mock.url();
    let words = ["tools", url.as_str(), "--login", "on-demand"];
    let done = Program::new(words).env("PATH", browser.path()).run();
    assert_eq!(done.code, Some(0), "{}", done.shown());
}
