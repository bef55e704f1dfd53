//! Which client and which tokens are taken over, and how the files of `mcp-remote` are named.

use std::time::Duration;

use url::Url;

use super::*;
use crate::auth::PreRegistered;
use crate::hosts::{EntryPlace, Nesting};
use crate::redact::Secret;

const URL: &str = "https://mcp.example.com/mcp";

fn settings(values: &[(Key, &str)]) -> Settings {
    let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
    let flags = Flags { config: None, values: values.iter().map(own).collect() };
    Settings::resolve(None, &flags, &Environment::fixed([])).unwrap()
}

fn auth(client_info: Option<PreRegistered>) -> AuthOptions {
    AuthOptions { client_info, ..AuthOptions::new(Url::parse(URL).unwrap()) }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn registration() -> ForeignRegistration {
    ForeignRegistration {
        client_id: "stored".to_owned(),
        client_secret: Some(Secret::new("s".to_owned())),
        client_secret_expires_at: Some(at(9)),
        redirect_uris: vec!["http://localhost:3334/oauth/callback".to_owned()],
        token_endpoint_auth_method: Some("client_secret_basic".to_owned()),
        issuer: Some("https://as.example.com".to_owned()),
    }
}

fn tokens() -> ForeignTokens {
    ForeignTokens {
        access_token: Secret::new("a".to_owned()),
        token_type: "Bearer".to_owned(),
        refresh_token: Some(Secret::new("r".to_owned())),
        id_token: None,
        scope: Some("read".to_owned()),
        requested_scope: Some("read write".to_owned()),
        issuer: None,
        expires_at: Some(at(1060)),
        saved_at: Some(at(1000)),
    }
}

#[test]
fn the_users_client_counts_before_the_stored_one() {
    let (stored, issuer) = client(Some(registration()), &auth(None)).unwrap();
    assert_eq!((stored.id.as_str(), stored.auth_method), ("stored", Some(AuthMethod::Basic)));
    assert_eq!((stored.secret_expires_at, stored.redirect_uris.len()), (Some(9), 1));
    assert_eq!(issuer.as_deref(), Some("https://as.example.com"));
    let unknown = ForeignRegistration {
        token_endpoint_auth_method: Some("magic".to_owned()),
        client_secret_expires_at: None,
        ..registration()
    };
    let (stored, _) = client(Some(unknown), &auth(None)).unwrap();
    assert_eq!((stored.auth_method, stored.secret_expires_at), (None, None));
    let given = PreRegistered {
        issuer: Some("https://mine.example.com".to_owned()),
        ..PreRegistered::new("mine")
    };
    let (mine, issuer) = client(Some(registration()), &auth(Some(given.clone()))).unwrap();
    assert_eq!((mine.id.as_str(), mine.secret), ("mine", None));
    assert_eq!(issuer.as_deref(), Some("https://mine.example.com"));
    assert!(client(None, &auth(Some(given))).is_some(), "it needs no registration");
    assert!(client(None, &auth(None)).is_none());
}

#[test]
fn the_issuer_of_the_tokens_counts_before_the_clients() {
    let of =
        |tokens: ForeignTokens| foreign(tokens, client(Some(registration()), &auth(None)).unwrap());
    let taken = of(tokens());
    assert_eq!(taken.issuer.as_deref(), Some("https://as.example.com"));
    assert_eq!(taken.scopes_asked.as_deref(), Some("read write"));
    assert_eq!((taken.tokens.obtained_at, taken.tokens.expires_at), (1000, Some(1060)));
    assert_eq!(taken.tokens.scope.as_deref(), Some("read"));
    assert!(taken.tokens.refresh_token.is_some() && !taken.tokens.is_dpop);
    let issuer = Some("https://tokens.example.com".to_owned());
    let taken = of(ForeignTokens { issuer, saved_at: None, expires_at: None, ..tokens() });
    assert_eq!(taken.issuer.as_deref(), Some("https://tokens.example.com"));
    assert_eq!((taken.tokens.obtained_at, taken.tokens.expires_at), (0, None));
    assert_eq!(seconds(UNIX_EPOCH - Duration::from_secs(1)), 0, "a clock before 1970");
}

/// docs/from-mcp-remote.md#sign-ins
#[test]
fn the_names_of_the_files_follow_from_what_was_typed() {
    let typed = parameters(
        " https://mcp.example.com/mcp ",
        &settings(&[
            (Key::Header, "X-A: 1"),
            (Key::Header, "X-B : ${KEY}"),
            (Key::AuthorizeParam, "audience=x=y"),
            (Key::Resource, "https://r.example.com"),
            (Key::TokenEndpoint, ""),
        ]),
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(typed.url, URL);
    assert_eq!(typed.headers, [pair("X-B", "${KEY}"), pair("X-A", "1")], "the last wins there");
    assert_eq!(typed.authorize_params, [pair("audience", "x=y")]);
    assert_eq!(typed.resource.as_deref(), Some("https://r.example.com"));
    assert_eq!((typed.token_endpoint, typed.client_metadata_url), (None, None));
}

fn entry(scope: Scope, flags: Vec<(Key, Vec<String>)>) -> McpRemoteEntry {
    let entry = HostEntry {
        place: EntryPlace { section: vec!["mcpServers".to_owned()], name: "shop".to_owned() },
        line: 7,
        words: Vec::new(),
        variables: Vec::new(),
        nesting: Nesting::None,
    };
    let host = KnownHost::from_id("cursor").unwrap();
    let flags = Flags { config: None, values: flags };
    let command = Untrusted::new(EntryCommand { url: URL.to_owned(), flags });
    McpRemoteEntry::new(host, scope, &entry, vec![URL.to_owned(), "--debug".to_owned()], command)
}

#[test]
fn an_entry_of_a_project_is_described_with_how_to_import_it() {
    assert_eq!(describe_ignored(&[]), "");
    let note = describe_ignored(&[entry(Scope::Project, Vec::new())]);
    let place = "note: Cursor (project), `shop` (line 7)";
    let line = format!("{place} starts `mcp-remote` for `{URL}`: {URL} --debug\n");
    assert!(note.starts_with(&line), "{note}");
    assert!(note.ends_with("import --scope project` asks about each of them\n"), "{note}");
}

#[test]
fn why_nothing_was_imported_is_said_in_one_line_with_the_flags_that_had_no_effect() {
    let header = || (Key::Header, vec!["Authorization: Bearer x".to_owned()]);
    let proxy = || (Key::Proxy, vec!["http://proxy:8080".to_owned()]);
    let environment = Environment::fixed([]);
    let notes = |flags| {
        let entry = entry(Scope::User, flags);
        entry.import(&Flags::default(), &environment).err().unwrap()
    };
    let reason = "no sign-in was imported for `shop`: its `Authorization` header, token file or \
                  command replaces signing in";
    let without_effect = "`--header`, `--proxy` of the entry had no effect here; you can give \
                          them to `mcp-tether import URL`";
    assert_eq!(notes(vec![header(), proxy()]), [reason, without_effect]);
    let nowhere = notes(Vec::new());
    assert_eq!(nowhere.len(), 1, "{nowhere:?}");
    assert!(nowhere[0].contains("there is no home folder") && !nowhere[0].contains('\n'));
}

#[test]
fn a_folder_without_the_urls_of_its_sign_ins_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(report_unnamed(folder.path()).unwrap(), ExitCode::Ok, "there is nothing");
    let layout = folder.path().join("mcp-remote-0.1.29");
    std::fs::create_dir(&layout).unwrap();
    let name = |digit: &str| layout.join(format!("{}_tokens.json", digit.repeat(32)));
    for (digit, words) in [("a", "contains 1 sign-in, but"), ("b", "contains 2 sign-ins, but")] {
        std::fs::write(name(digit), "{}").unwrap();
        let error = report_unnamed(folder.path()).unwrap_err();
        assert!(error.message().contains(words), "{}", error.message());
        assert!(error.hints()[0].contains("mcp-tether import URL"));
    }
    let homeless = usual_folder(&Environment::fixed([])).unwrap_err();
    assert!(homeless.hints()[0].contains("MCP_REMOTE_CONFIG_DIR"));
}
