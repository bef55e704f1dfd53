//! The page about signing in is true: each provider's command is run as it stands there, against
//! the shape of that provider that the mock plays, and signs in, refreshes and signs out.

use std::path::Path;

use mcp_tether_mock::{Auth, MockOptions, MockRemote, Mode, OAuthOptions, Provider};
use url::Url;

use crate::support::browser_program::BrowserProgram;
use crate::support::browsing_person::BrowsingPerson;
use crate::support::home::Home;
use crate::support::ports::KeptPort;
use crate::support::process::Finished;

/// Returns the page's name of a provider.
fn title(provider: Provider) -> &'static str {
    match provider {
        Provider::Entra => "Microsoft Entra ID",
        Provider::Google => "Google",
        Provider::Auth0 => "Auth0",
        Provider::Cognito => "Amazon Cognito",
        Provider::Atlassian => "Atlassian",
        Provider::GitHub => "GitHub",
        Provider::Slack => "Slack",
        Provider::Figma => "Figma",
        Provider::GitLab => "GitLab",
        Provider::Keycloak => "Keycloak",
    }
}

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sign-in.md");
    std::fs::read_to_string(page).unwrap()
}

/// Returns the first block of this language below a heading of the page.
fn block(heading: &str, language: &str) -> String {
    let page = page();
    let (_, section) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let (_, block) = section.split_once(&format!("```{language}\n")).expect(heading);
    block.split_once("\n```").unwrap().0.to_owned()
}

/// Returns the command of the page below this title, as words, without the name of the program.
fn command(title: &str) -> Vec<String> {
    let words = words(&block(&format!("### {title}"), "sh"));
    assert_eq!(words[0], "mcp-tether", "{title}");
    words[1..].to_vec()
}

/// Splits like a shell, as far as the page needs it: at spaces outside single quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, part) in command.split('\'').enumerate() {
        if number % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (position, word) in part.split(' ').enumerate() {
            if position > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(word);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns a mock of this provider, and the page's command for it: at its URL, with a port that is
/// kept for it where the page names one.
fn prepared(provider: Provider) -> (MockRemote, Option<KeptPort>, Vec<String>) {
    let auth = Auth::OAuth(provider.options());
    let mock =
        MockRemote::start(MockOptions { auth, mode: Mode::Stateless, ..MockOptions::default() })
            .unwrap();
    let mut command = command(title(provider));
    let is_port = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let mut kept = None;
    if let Some(port) = command.iter_mut().find(|word| is_port(word)) {
        let free = kept.insert(KeptPort::find()).number();
        *port = free.to_string();
        mock.oauth().change_issuer(|options| {
            for uri in options.known_clients.iter_mut().flat_map(|known| &mut known.redirect_uris) {
                let mut url = Url::parse(uri).unwrap();
                url.set_port(Some(free)).unwrap();
                *uri = url.into();
            }
        });
    }
    let url = command.iter_mut().find(|word| word.starts_with("https://mcp.example.com"));
    *url.unwrap() = mock.url().to_string();
    (mock, kept, command)
}

fn run(home: &Home, words: &[String]) -> (Finished, usize) {
    let browser = BrowserProgram::of(BrowsingPerson::approves());
    let client = block("## A pre-registered client", "json");
    let program = home.program(words).file("client.json", &client);
    let done = program.env("PATH", browser.path()).run();
    (done, browser.finish().len())
}

/// docs/sign-in.md
#[test]
fn the_command_of_the_page_signs_in_at_each_provider() {
    for provider in Provider::ALL {
        let name = provider.name();
        let (mock, _port, login) = prepared(provider);
        let home = Home::new();
        let (done, tabs) = run(&home, &login);
        assert_eq!((done.code, tabs), (Some(0), 1), "{name}: {}", done.stderr);
        // The same flags use it, refresh it and end it, without a person.
        for verb in ["tools", "tools", "logout"] {
            mock.oauth().expire_access_tokens();
            let mut words = login.clone();
            words[0] = verb.to_owned();
            words.extend(["--login".to_owned(), "never".to_owned()]);
            let (done, tabs) = run(&home, &words);
            let refreshes = mock.oauth().refreshed() > 0 || verb == "logout";
            let can_refresh = provider != Provider::GitHub;
            assert_eq!(
                done.code == Some(0),
                can_refresh || verb == "logout",
                "{name}: {}",
                done.stderr
            );
            assert_eq!((tabs, refreshes), (0, can_refresh || verb == "logout"), "{name} {verb}");
        }
        assert_eq!(mock.oauth().reuse_detected(), 0, "{name}");
    }
}

/// docs/sign-in.md: what the page says is needed is needed: each message leads to the next flag.
#[test]
fn each_provider_refuses_what_the_page_says() {
    for (provider, left_out, named) in [
        (Provider::Entra, "--assume-pkce", "--assume-pkce"),
        (Provider::Entra, "--disable-resource-parameter", "--disable-resource-parameter"),
        (Provider::Cognito, "--assume-pkce", "--assume-pkce"),
        (Provider::Atlassian, "--accept-issuer-mismatch", "--accept-issuer-mismatch"),
    ] {
        let (_mock, _port, mut login) = prepared(provider);
        login.retain(|word| word != left_out);
        let (done, _) = run(&Home::new(), &login);
        assert_eq!(done.code, Some(1), "{}: {}", provider.name(), done.stderr);
        assert!(done.stderr.contains(named), "{}: {}", provider.name(), done.stderr);
    }
    let (_mock, _port, mut login) = prepared(Provider::GitLab);
    login.retain(|word| word != "--scope" && word != "mcp");
    let (done, _) = run(&Home::new(), &login);
    assert!(done.code == Some(1) && done.stderr.contains("--scope"), "{}", done.stderr);
}

/// The page has a section for each provider, and no other.
#[test]
fn each_provider_of_the_mock_is_on_the_page() {
    let page = page();
    let titles: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(titles, Provider::ALL.map(title));
    for provider in Provider::ALL {
        assert_eq!(provider.name().parse(), Ok(provider));
        assert_ne!(provider.options(), OAuthOptions::default());
    }
}
