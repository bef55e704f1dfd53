//! Several entries for one URL: an account for each, which is asked for, and which signs in for
//! itself.

use serde_json::{Value, json};

use super::{Home, URL};
use crate::sign_in_commands::page;
use crate::support::fakes::outbound;
use crate::support::process::Program;

fn entries(home: &Home) -> Value {
    let file: Value = serde_json::from_str(&home.read(".cursor/mcp.json")).unwrap();
    file["mcpServers"].clone()
}

#[cfg(target_os = "linux")]
#[test]
fn the_account_of_a_second_entry_is_asked_for_on_a_terminal() {
    let home = Home::new();
    let install = |name: &str, typed: &str| {
        let words = ["install", URL, "--host", "cursor", "--name", name];
        home.program(words).run_at_a_terminal(typed)
    };
    let first = install("acme", "");
    assert_eq!(first.code, Some(0), "{}", first.shown());
    assert!(!first.stderr.contains("account"), "nothing is asked: {}", first.shown());
    let second = install("other", "work\n");
    assert_eq!(second.code, Some(0), "{}", second.shown());
    assert!(second.stderr.contains("Cursor has `acme` for this URL already"), "{}", second.shown());
    assert!(second.stderr.contains("called here? [other] "), "{}", second.shown());
    assert_eq!(entries(&home)["other"]["args"], json!([URL, "--account", "work"]));
    // The account that was chosen stays, and so does the first entry.
    for name in ["other", "acme"] {
        let again = install(name, "");
        assert!(again.stdout.contains("already"), "{}", again.shown());
        assert!(!again.stderr.contains("account"), "{}", again.shown());
    }
    assert_eq!(entries(&home)["acme"]["args"], json!([URL]));
    assert_eq!(install("third", "\n").code, Some(0));
    assert_eq!(entries(&home)["third"]["args"], json!([URL, "--account", "third"]));
    assert_eq!(install("fourth", "--x\n").code, Some(0));
    assert_eq!(entries(&home)["fourth"]["args"], json!([URL, "--account=--x"]));
    let refused = install("fifth", "a\u{1}b\n");
    assert_eq!(refused.code, Some(2), "{}", refused.shown());
    assert!(entries(&home).get("fifth").is_none());
}

/// Pelcro's page promises it: one URL, an entry for each account, and both connect.
#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_pelcro_are_side_by_side_in_one_file() {
    let mut mock = Program::new(["mock", "pelcro"]).spawn();
    let url = mock.next_line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let home = Home::new();
    for name in ["pelcro-first", "pelcro-second"] {
        home.ok(&["install", &url, "--host", "cursor", "--name", name]);
    }
    let mut seen = Vec::new();
    for (name, position) in [("pelcro-first", 0), ("pelcro-second", 1)] {
        let entry = entries(&home)[name].clone();
        let words: Vec<&str> =
            entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let mut login = home.program([&["login", "--no-browser"][..], &words].concat()).spawn();
        let landed = approved(page(&login), position).await;
        login.send(&landed);
        let signed_in = login.finish();
        assert_eq!(signed_in.code, Some(0), "{}", signed_in.shown());
        seen.push(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    }
    let account = |words: &Vec<String>| {
        let call =
            ["call".to_owned(), words[0].clone(), "get_account".to_owned(), "--json".to_owned()];
        let called = home.program(call.iter().chain(&words[1..])).run();
        assert_eq!(called.code, Some(0), "{}", called.shown());
        called.stdout
    };
    let (first, second) = (account(&seen[0]), account(&seen[1]));
    assert_ne!(first, second, "each entry sees its own account");
    assert_eq!(first, account(&seen[0]), "and the other sign-in left it as it was");
}

/// Chooses the account at this position and approves; where the browser is sent to.
async fn approved(page: url::Url, position: usize) -> String {
    let consent = outbound().get(page).send().await.unwrap().text().await.unwrap();
    let after = |start: &str, text: &str| {
        let rest = text.split_once(start).unwrap_or_else(|| panic!("{start}: {text}")).1;
        rest.split('"').next().unwrap().replace("&amp;", "&")
    };
    let action = after("action=\"", &consent);
    let request = after("name=\"request\" value=\"", &consent);
    let accounts: Vec<&str> = consent.split("name=\"account\" value=\"").skip(1).collect();
    let account = accounts[position].split('"').next().unwrap().replace("&amp;", "&");
    let form =
        [("request", request.as_str()), ("account", account.as_str()), ("decision", "approve")];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let answer = outbound().post(action).header(kind.0, kind.1).body(form).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}
