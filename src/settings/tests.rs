//! Which source of a setting wins, and what is said of settings without effect.

use super::*;

const URL: &str = "https://mcp.example.com/mcp";

fn flags(values: &[(Key, &str)]) -> Flags {
    let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
    Flags { config: None, values: values.iter().map(own).collect() }
}

/// The settings with this file, these flags and this environment.
fn resolved(
    file: &str,
    values: &[(Key, &str)],
    environment: &Environment,
) -> std::result::Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let flags = Flags { config: path.to_str().map(str::to_owned), ..flags(values) };
    let url = Url::parse(URL).unwrap();
    Settings::resolve(Some(&url), &flags, environment).map_err(|error| error.to_string())
}

fn none() -> Environment {
    Environment::fixed([])
}

fn texts(settings: &Settings, key: Key) -> Vec<&str> {
    settings.texts(key).collect()
}

const FILE: &str = "[server.\"https://mcp.example.com/mcp\"]\nscope = \"server\"\n\
                    [enterprise]\nservers = [\"https://*.example.com\"]\nscope = \"company\"\n\
                    account = \"company\"\n\
                    [defaults]\nscope = \"defaults\"\naccount = \"defaults\"\n\
                    host = \"127.0.0.1\"\n";

#[test]
fn the_first_source_of_a_single_value_wins() {
    let variable = Environment::fixed([("MCP_TETHER_SCOPE", "variable")]);
    let flag = [(Key::Scope, "flag")];
    for (values, environment, text, source) in [
        (&flag[..], &variable, "flag", "flag"),
        (&[], &variable, "variable", "environment MCP_TETHER_SCOPE"),
        (&[], &none(), "server", {
            "settings file, [server.\"https://mcp.example.com/mcp\"], line 2"
        }),
    ] {
        let settings = resolved(FILE, values, environment).unwrap();
        let held = &settings.all(Key::Scope)[0];
        assert_eq!((settings.text(Key::Scope), held.source.to_string()), {
            (Some(text), source.to_owned())
        });
        assert_eq!(settings.all(Key::Scope).len(), 1);
    }
    let settings = resolved(FILE, &[], &none()).unwrap();
    let source = |key| settings.all(key)[0].source.to_string();
    assert_eq!(source(Key::Account), "settings file, [enterprise], line 6");
    assert_eq!(source(Key::CallbackHost), "settings file, [defaults], line 10");
    assert_eq!(source(Key::Login), "built in");
    assert!(settings.is_set(Key::CallbackHost) && !settings.is_set(Key::Login));
}

#[test]
fn of_a_flag_that_is_given_twice_the_last_counts() {
    let settings = resolved("", &[(Key::Scope, "a"), (Key::Scope, "b")], &none()).unwrap();
    assert_eq!(texts(&settings, Key::Scope), ["b"]);
    let overlaid = flags(&[(Key::Scope, "a"), (Key::OnlyTool, "x")])
        .overlaid_by(flags(&[(Key::Scope, "b"), (Key::OnlyTool, "y")]));
    let settings = Settings::resolve(None, &overlaid, &none()).unwrap();
    assert_eq!(texts(&settings, Key::Scope), ["b"]);
    assert_eq!(texts(&settings, Key::OnlyTool), ["x", "y"]);
    let named =
        |config: Option<&str>| Flags { config: config.map(str::to_owned), ..Flags::default() };
    let config = |one, other| named(one).overlaid_by(named(other)).config;
    assert_eq!(config(Some("a"), None).as_deref(), Some("a"));
    assert_eq!(config(Some("a"), Some("b")).as_deref(), Some("b"));
}

#[test]
fn lists_are_joined_until_an_empty_one_ends_them() {
    let file = |server: &str| {
        format!("[server.\"{URL}\"]\nonly-tool = {server}\n[defaults]\nonly-tool = [\"d\"]\n")
    };
    let environment = Environment::fixed([("MCP_TETHER_ONLY_TOOL", "v1\r\n\nv2")]);
    let flag = [(Key::OnlyTool, "f")];
    let joined = resolved(&file("[\"s1\", \"s2\"]"), &flag, &environment).unwrap();
    assert_eq!(texts(&joined, Key::OnlyTool), ["f", "v1", "v2", "s1", "s2", "d"]);
    let ended = resolved(&file("[]"), &flag, &environment).unwrap();
    assert_eq!(texts(&ended, Key::OnlyTool), ["f", "v1", "v2"]);
}

#[test]
fn a_value_that_is_invalid_is_named_with_its_source() {
    let variable = Environment::fixed([("MCP_TETHER_CALLBACK_PORT", "70000")]);
    let error = resolved("", &[], &variable).err().unwrap();
    assert!(error.contains("invalid value `70000` for `MCP_TETHER_CALLBACK_PORT`: "), "{error}");
    assert!(error.contains("what `--callback-port` takes"), "{error}");
    let error = resolved("", &[(Key::Login, "soon")], &none()).err().unwrap();
    assert!(error.contains("invalid value `soon` for `--login`: "), "{error}");
    // A secret is not repeated.
    let environment = Environment::fixed([("MCP_TETHER_CALLBACK_PORT", "")]);
    assert!(resolved("", &[], &environment).is_ok(), "an empty variable counts as unset");
}

#[test]
fn a_setting_can_be_reset_to_its_built_in_value() {
    let mut settings = resolved(FILE, &[(Key::Login, "never")], &none()).unwrap();
    settings.reset(Key::Login);
    settings.reset(Key::Scope);
    settings.reset(Key::CallbackHost);
    let built_in = Settings::resolve(None, &Flags::default(), &none()).unwrap();
    for key in [Key::Login, Key::Scope, Key::CallbackHost] {
        assert_eq!(texts(&settings, key), texts(&built_in, key), "{}", key.setting().name);
        assert!(!settings.is_set(key), "{}", key.setting().name);
    }
}

#[test]
fn variables_of_node_are_followed_as_far_as_is_safe() {
    let environment = Environment::fixed([
        ("NODE_EXTRA_CA_CERTS", "/node.pem"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
    ]);
    let settings = resolved("", &[(Key::CaCert, "/mine.pem")], &environment).unwrap();
    assert_eq!(texts(&settings, Key::CaCert), ["/mine.pem", "/node.pem"]);
    let warnings = &settings.warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("certificates are always checked"));
    for harmless in ["1", ""] {
        let environment = Environment::fixed([("NODE_TLS_REJECT_UNAUTHORIZED", harmless)]);
        assert!(resolved("", &[], &environment).unwrap().warnings.is_empty(), "{harmless}");
    }
}

#[test]
fn a_setting_without_effect_is_a_warning() {
    let warnings = |values: &[(Key, &str)]| resolved("", values, &none()).unwrap().warnings;
    let interval = (Key::PingInterval, "10");
    assert_eq!(warnings(&[interval]), ["`--ping-interval` has no effect without `--keep-alive`"]);
    assert!(warnings(&[interval, (Key::KeepAlive, "true")]).is_empty());
    let proxy = warnings(&[(Key::EnableProxy, "true")]);
    assert!(proxy.len() == 1 && proxy[0].starts_with("`--enable-proxy` has no effect: "));
    assert!(warnings(&[(Key::EnableProxy, "false")]).is_empty());
    let file = "[defaults]\nping-interval = 9\n";
    let settings = resolved(file, &[], &none()).unwrap();
    let place = "`ping-interval` in the settings file, line 2";
    assert_eq!(settings.warnings, [format!("{place} has no effect without `--keep-alive`")]);
}

#[cfg(unix)]
#[test]
fn secrets_in_a_file_that_others_can_read_are_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let flags = Flags { config: path.to_str().map(str::to_owned), values: Vec::new() };
    let warnings = |text: &str, mode: u32| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        Settings::resolve(None, &flags, &none()).unwrap().warnings.len()
    };
    let secret = "[defaults]\nheader = [\"X-Key: a\"]\n";
    assert_eq!(warnings(secret, 0o644), 1);
    assert_eq!(warnings(secret, 0o600), 0);
    assert_eq!(warnings("[defaults]\nscope = \"a\"\n", 0o644), 0, "it holds no secret");
    assert_eq!(warnings("[defaults.env]\nKEY = \"a\"\n", 0o644), 1);
}
