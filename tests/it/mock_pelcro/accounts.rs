//! A token is for one account, and nothing of another can be seen with it.

use mcp_tether_mock::{Auth, ConsentPolicy, IssuerOptions, MockOptions, OAuthOptions};
use serde_json::{Value, json};

use super::{bad, good, options, tools};
use crate::mock_oauth::signing::Signing;
use crate::raw_host::{RawHost, json_of};
use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::BrowsingPerson;
use crate::support::home::Home;

const ACCOUNTS: [&str; 3] = ["The Daily Meridian", "Harbor & Pine", "Northwind Research"];

/// Returns a mock behind its consent page.
fn behind_consent() -> RawHost {
    let accounts = ACCOUNTS.map(str::to_owned).to_vec();
    let issuer =
        IssuerOptions { consent: ConsentPolicy::Page, accounts, ..IssuerOptions::default() };
    RawHost::new(MockOptions { auth: Auth::OAuth(OAuthOptions::with_issuer(issuer)), ..options() })
}

/// Returns the token of an account that a person picks on the page.
async fn token_of(host: &RawHost, account: usize) -> String {
    let mut signing = Signing::registered(&host.mock).await;
    signing.redirect = host.mock.url().join("/callback").unwrap().to_string();
    let answer = signing.register(&json!({ "redirect_uris": [signing.redirect] })).await;
    signing.id = json_of(answer).await["client_id"].as_str().unwrap().to_owned();
    let page = BrowsingPerson::picks(account).open(&signing.page(&[])).await;
    let code = page.parameter("code").unwrap();
    let tokens = signing.exchange(&code, &[]).await.unwrap();
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn use_account(host: &mut RawHost, account: usize) -> Value {
    let token = token_of(host, account).await;
    host.set("authorization", &format!("Bearer {token}"));
    host.open("2025-11-25").await;
    good(host, "get_account", json!({})).await
}

#[tokio::test]
async fn a_person_picks_the_account_that_the_token_is_for() {
    let mut host = behind_consent();
    let opening = crate::raw_host::initialize("2025-11-25");
    assert_eq!(host.post(&opening).await.status(), 401);
    for (position, name) in ACCOUNTS.iter().enumerate() {
        let account = use_account(&mut host, position).await;
        assert_eq!(account["company"], *name);
        assert!(!account["sites"].as_array().unwrap().is_empty());
    }
}

/// Several entries of one URL in a host's file, each with an account of its own, as Pelcro
/// promises.
#[cfg(unix)]
#[test]
fn two_entries_of_one_host_file_use_an_account_each() {
    let host = behind_consent();
    let url = host.mock.url().to_string();
    let home = Home::new();
    for name in ["pelcro-acme", "pelcro-other"] {
        home.ok(&["install", &url, "--host", "cursor", "--name", name]);
    }
    let file = std::fs::read_to_string(home.path().join(".cursor/mcp.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let words = |name: &str| -> Vec<String> {
        let args = file["mcpServers"][name]["args"].as_array().unwrap();
        args.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let run = |verb: &str, words: Vec<String>, picked: usize| {
        let browser = BrowserProgram::of(BrowsingPerson::picks(picked));
        let words = [vec![verb.to_owned()], words].concat();
        let done = home.program(&words).env("PATH", browser.path()).run();
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.shown());
        done.stdout
    };
    for (picked, name) in ["pelcro-acme", "pelcro-other"].into_iter().enumerate() {
        run("login", words(name), picked);
    }
    for (picked, name) in ["pelcro-acme", "pelcro-other"].into_iter().enumerate() {
        let mut words = words(name);
        words.insert(1, "get_account".to_owned());
        words.extend(["--login", "never", "--json"].map(str::to_owned));
        // Nobody is asked again, and each entry sees its own.
        let answer: Value = serde_json::from_str(&run("call", words, 9)).unwrap();
        assert!(answer.to_string().contains(ACCOUNTS[picked]), "{name}: {answer}");
        assert!(!answer.to_string().contains(ACCOUNTS[1 - picked]), "{name}: {answer}");
    }
    assert_eq!(home.status().len(), 2);
}

/// Every id that the first account has is unknown to the second, whatever tool asks for it, and
/// changes of one are not seen by the other.
#[tokio::test]
async fn no_record_of_an_account_can_be_reached_from_another() {
    let mut host = behind_consent();
    let account = use_account(&mut host, 0).await;
    let own_site = account["sites"][0]["id"].clone();
    let listed = tools(&host).await;
    let mut ids: Vec<(String, Value)> = Vec::new();
    for tool in &listed {
        let name = tool["name"].as_str().unwrap();
        if let Some(kind) = name.strip_prefix("list_") {
            let found = good(&host, name, json!({ "site_id": own_site, "limit": 3 })).await;
            let entries = found["data"].as_array().unwrap();
            assert!(!entries.is_empty(), "{name}");
            ids.extend(entries.iter().map(|entry| (kind.to_owned(), entry["id"].clone())));
        }
    }
    let account = use_account(&mut host, 1).await;
    let other_site = account["sites"][0]["id"].clone();
    let mut asked = 0;
    for tool in listed.iter().filter(|tool| tool["annotations"]["readOnlyHint"] == true) {
        let name = tool["name"].as_str().unwrap();
        let foreign = bad_on(&host, name, &own_site, None).await;
        assert!(foreign.is_none_or(|status| status == 404), "{name} sees the site");
        let Some(one) = name.strip_prefix("get_") else { continue };
        let many = |kind: &str| {
            kind.trim_end_matches("es").trim_end_matches('s') == one.trim_end_matches('s')
        };
        for (_, id) in ids.iter().filter(|(kind, _)| many(kind)) {
            let field = listed_id(tool);
            let status = bad_on(&host, name, &other_site, Some((&field, id))).await;
            assert_eq!(status, Some(404), "{name} {id}");
            asked += 1;
        }
    }
    assert!(asked >= 40, "{asked} ids were tried");
    let made = json!({ "site_id": other_site, "email": "only.here@mail.example" });
    good(&host, "create_customer", made).await;
    use_account(&mut host, 0).await;
    let looked = json!({ "site_id": own_site, "email": "only.here@mail.example" });
    assert_eq!(good(&host, "list_customers", looked).await["meta"]["total"], 0);
}

/// Returns the argument that names a record.
fn listed_id(tool: &Value) -> String {
    let required = tool["inputSchema"]["required"].as_array().unwrap();
    required.last().unwrap().as_str().unwrap().to_owned()
}

/// Returns the status of the error that a tool gives; `None` if it takes no site.
async fn bad_on(
    host: &RawHost,
    tool: &str,
    site: &Value,
    id: Option<(&str, &Value)>,
) -> Option<u64> {
    if tool == "get_account" {
        return None;
    }
    let mut arguments = json!({ "site_id": site });
    match id {
        Some((field, id)) => arguments[field] = id.clone(),
        None if tool.starts_with("list_") => {}
        None => return None,
    }
    bad(host, tool, arguments).await["status"].as_u64()
}

#[tokio::test]
async fn exports_are_for_enterprise_accounts() {
    let mut host = behind_consent();
    let account = use_account(&mut host, 2).await;
    assert_eq!(account["is_enterprise"], false);
    let site = account["sites"][0]["id"].clone();
    for (tool, arguments) in [
        ("request_export", json!({ "site_id": site, "type": "vendors" })),
        ("export_vendors", json!({ "site_id": site })),
        ("export_bills", json!({ "site_id": site })),
    ] {
        assert_eq!(bad(&host, tool, arguments).await["status"], 403, "{tool}");
    }
}
