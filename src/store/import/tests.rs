//! Sign-ins written by the recipe are found, damaged ones reported, originals left alone.

use std::fs;

use super::parameters::Recipe;
use super::*;

const URL: &str = "https://mcp.example.com/mcp";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, layout: &str, key: &str, suffix: &str, text: &str) -> PathBuf {
        let folder = self.0.path().join(layout);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{key}_{suffix}.json"));
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, parameters: &Parameters) -> Findings {
        read(self.0.path(), parameters)
    }
}

fn tokens(access: &str) -> String {
    serde_json::json!({
        "access_token": access, "token_type": "bearer", "refresh_token": "r", "expires_in": 3600,
        "scope": "read", "expires_at": 1_800_000_000_123_u64, "requested_scope": "read write",
        "issuer": "https://as.example.com",
    })
    .to_string()
}

fn access(findings: &Findings) -> &str {
    findings.sign_in.as_ref().unwrap().tokens.as_ref().unwrap().access_token.expose()
}

/// Every combination of the parameters that are part of the key.
fn combinations() -> Vec<Parameters> {
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    (0..32)
        .map(|bits: u32| {
            let on = |bit: u32| bits & (1 << bit) != 0;
            Parameters {
                url: URL.into(),
                resource: on(0).then(|| "https://api.example.com".into()),
                authorize_params: if on(1) { pair("audience", "x") } else { Vec::new() },
                headers: if on(2) { pair("X-Tenant", "${TENANT}") } else { Vec::new() },
                client_metadata_url: on(3).then(|| "https://c.example.com/c.json".into()),
                token_endpoint: on(4).then(|| "https://as.example.com/token".into()),
            }
        })
        .collect()
}

#[test]
fn each_combination_of_parameters_finds_its_own_sign_in_and_no_other() {
    let folder = Folder::new();
    let all = combinations();
    for (position, parameters) in all.iter().enumerate() {
        folder.write(
            "mcp-remote-v1",
            &parameters.key(),
            "tokens",
            &tokens(&format!("t{position}")),
        );
    }
    for (position, parameters) in all.iter().enumerate() {
        assert_eq!(access(&folder.read(parameters)), format!("t{position}"));
    }
    assert_eq!(known_keys(folder.0.path()).len(), all.len());
    let unknown = folder.read(&Parameters::new(format!("{URL}/other")));
    assert!(unknown.sign_in.is_none() && unknown.problems.is_empty());
}

#[test]
fn everything_in_the_files_is_read() {
    let folder = Folder::new();
    let parameters = Parameters::new(URL);
    let key = parameters.key();
    folder.write("mcp-remote-v1", &key, "tokens", &tokens("a"));
    let registration = serde_json::json!({
        "client_id": "id", "client_secret": "s", "client_secret_expires_at": 0,
        "redirect_uris": ["http://localhost:41409/oauth/callback"], "client_name": "x",
        "token_endpoint_auth_method": "client_secret_post", "issuer": "https://as.example.com",
    });
    folder.write("mcp-remote-v1", &key, "client_info", &registration.to_string());

    let sign_in = folder.read(&parameters).sign_in.unwrap();
    assert_eq!((sign_in.url.as_str(), sign_in.key.as_str()), (URL, key.as_str()));
    let tokens = sign_in.tokens.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "r");
    assert_eq!(tokens.scope.as_deref(), Some("read"));
    assert_eq!(tokens.requested_scope.as_deref(), Some("read write"));
    assert_eq!(tokens.issuer.as_deref(), Some("https://as.example.com"));
    let ends = tokens.expires_at.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(ends.as_millis(), 1_800_000_000_123);
    let registration = sign_in.registration.unwrap();
    assert_eq!(registration.client_id, "id");
    assert_eq!(registration.client_secret.unwrap().expose(), "s");
    assert_eq!(registration.client_secret_expires_at, None, "0 means never");
    assert_eq!(registration.redirect_uris, ["http://localhost:41409/oauth/callback"]);
    assert_eq!(registration.token_endpoint_auth_method.as_deref(), Some("client_secret_post"));
}

#[test]
fn each_layout_is_read_by_the_recipe_of_its_time() {
    let headers = vec![("X-Tenant".to_owned(), "a".to_owned())];
    let parameters = Parameters { headers, ..Parameters::new(URL) };
    let layouts = [
        ("mcp-remote-0.0.22", Recipe::Url),
        ("mcp-remote-0.1.29", Recipe::Url),
        ("mcp-remote-0.1.30", Recipe::WithHeaders),
        ("mcp-remote-0.3.3", Recipe::WithHeaders),
        ("mcp-remote-v1", Recipe::Everything),
    ];
    let folder = Folder::new();
    for (layout, recipe) in layouts {
        // Each is newer than the one before and wins over it.
        folder.write(layout, &parameters.key_by(recipe), "tokens", &tokens(layout));
        assert_eq!(access(&folder.read(&parameters)), layout);
    }
}

/// A header may choose a tenant, and then the plain URL's sign-in is somebody else's.
#[test]
fn a_sign_in_of_the_plain_url_is_not_taken_for_one_with_headers() {
    let folder = Folder::new();
    folder.write("mcp-remote-v1", &Parameters::new(URL).key(), "tokens", &tokens("plain"));
    let headers = vec![("X-Tenant".to_owned(), "a".to_owned())];
    let findings = folder.read(&Parameters { headers, ..Parameters::new(URL) });
    assert!(findings.sign_in.is_none());
}

#[test]
fn without_expires_at_the_lifetime_counts_from_the_time_of_the_file() {
    let folder = Folder::new();
    let parameters = Parameters::new(URL);
    for lifetime in ["3600", "\"3600\""] {
        let text = format!(r#"{{"access_token":"a","expires_in":{lifetime}}}"#);
        let path = folder.write("mcp-remote-v1", &parameters.key(), "tokens", &text);
        let saved = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        fs::File::options().write(true).open(path).unwrap().set_modified(saved).unwrap();
        let tokens = folder.read(&parameters).sign_in.unwrap().tokens.unwrap();
        assert_eq!(tokens.expires_at, Some(saved + std::time::Duration::from_secs(3600)));
        assert_eq!(tokens.token_type, "Bearer");
    }
    folder.write("mcp-remote-v1", &parameters.key(), "tokens", r#"{"access_token":"a"}"#);
    let tokens = folder.read(&parameters).sign_in.unwrap().tokens.unwrap();
    assert_eq!(tokens.expires_at, None);
}

/// S-09: and the reason never quotes the file.
#[test]
fn a_damaged_file_is_reported_and_skipped_and_the_rest_is_used() {
    let parameters = Parameters::new(URL);
    let key = parameters.key();
    let broken = [
        "",
        "canary",
        r#"{"access_token":"canary""#,
        r#"["canary"]"#,
        r#"{"access_token":{"canary":1}}"#,
        r#"{"refresh_token":"canary"}"#,
        r#"{"access_token":"canary","expires_at":"soon canary"}"#,
        r#"{"access_token":"canary","scope":7}"#,
    ];
    for text in broken {
        let folder = Folder::new();
        let path = folder.write("mcp-remote-v1", &key, "tokens", text);
        folder.write("mcp-remote-v1", &key, "client_info", r#"{"client_id":"id"}"#);
        let findings = folder.read(&parameters);
        assert_eq!(findings.problems.len(), 1, "{text}");
        assert_eq!(findings.problems[0].path, path);
        assert!(!findings.problems[0].to_string().contains("canary"), "{}", findings.problems[0]);
        let sign_in = findings.sign_in.unwrap();
        assert!(sign_in.tokens.is_none());
        assert_eq!(sign_in.registration.unwrap().client_id, "id");
        assert_eq!(fs::read_to_string(path).unwrap(), text, "originals stay");
    }
}

#[test]
fn damaged_new_tokens_do_not_hide_whole_old_ones() {
    let folder = Folder::new();
    let parameters = Parameters::new(URL);
    folder.write("mcp-remote-v1", &parameters.key(), "tokens", "{");
    folder.write("mcp-remote-v1", &parameters.key(), "client_info", r#"{"client_id":"new"}"#);
    folder.write("mcp-remote-0.3.0", &parameters.key(), "tokens", &tokens("old"));
    let findings = folder.read(&parameters);
    assert_eq!((access(&findings), findings.problems.len()), ("old", 1));
}

#[test]
fn a_folder_that_is_not_there_holds_nothing() {
    let folder = Folder::new();
    assert!(read(&folder.0.path().join("none"), &Parameters::new(URL)).sign_in.is_none());
    assert!(known_keys(&folder.0.path().join("none")).is_empty());
}

#[test]
fn the_variable_names_the_folder_and_the_home_stands_in_for_it() {
    let home = Path::new("/home/sara");
    assert_eq!(folder(Some("/x"), Some(home)).unwrap(), Path::new("/x"));
    assert_eq!(folder(Some(""), Some(home)).unwrap(), Path::new("/home/sara/.mcp-auth"));
    assert_eq!(folder(None, None), None);
}

/// S-09
#[test]
fn nothing_that_was_read_prints_a_secret() {
    let folder = Folder::new();
    let parameters = Parameters::new(URL);
    let text = r#"{"access_token":"canary","refresh_token":"canary","id_token":"canary"}"#;
    folder.write("mcp-remote-v1", &parameters.key(), "tokens", text);
    let client = r#"{"client_id":"id","client_secret":"canary"}"#;
    folder.write("mcp-remote-v1", &parameters.key(), "client_info", client);
    assert!(!format!("{:?}", folder.read(&parameters)).contains("canary"));
}
