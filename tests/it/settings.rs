//! Settings from the outside: each of them by flag, by variable and by file, their precedence, and
//! the words of every refusal.

use insta::assert_snapshot;
use mcp_tether::settings::{SETTINGS, Setting, ValueKind};
use serde_json::Value;

use crate::support::process::{Finished, Program};

const URL: &str = "https://mcp.example.com/mcp";

/// Returns a value that fits, as typed and as shown.
fn sample(setting: &Setting) -> (&'static str, &'static str) {
    match setting.kind {
        ValueKind::Switch => ("true", "true"),
        ValueKind::Seconds | ValueKind::SecondsOrOff => ("7", "7 s"),
        ValueKind::Port => ("4321", "4321"),
        ValueKind::Mebibytes => ("128", "128 MiB"),
        ValueKind::Text | ValueKind::Texts => ("some text", "some text"),
        ValueKind::Path | ValueKind::Paths => ("/some/file", "/some/file"),
        ValueKind::SecretUrl => ("http://u:p@proxy:8080", "http://proxy:8080/"),
        ValueKind::SecretText => ("secret", "[redacted]"),
        ValueKind::Choice(words) => (words[words.len() - 1], words[words.len() - 1]),
        ValueKind::Command => ("op read 'a b'", "op read 'a b'"),
        ValueKind::HeaderCommands => ("X-Some: op read x", "X-Some: op read x"),
        ValueKind::Headers => ("X-Some: secret", "X-Some: [redacted]"),
    }
}

fn show(program: Program) -> Value {
    let finished = program.run();
    assert_eq!(finished.code, Some(0), "{}", finished.shown());
    assert!(!finished.stdout.contains("secret"), "{}", finished.stdout);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// Returns the value and the source of a setting; of the first value for lists.
fn held(shown: &Value, setting: &Setting) -> (String, String) {
    let held = &shown["settings"][setting.name];
    let held = if setting.kind.is_list() { &held[0] } else { held };
    let text = |member: &str| held[member].as_str().unwrap_or_default().to_owned();
    (text("value"), text("source"))
}

#[test]
fn each_setting_can_be_set_by_flag_variable_and_file_and_is_shown() {
    let in_file: String = SETTINGS
        .iter()
        .map(|setting| match setting.kind {
            ValueKind::Switch
            | ValueKind::Seconds
            | ValueKind::SecondsOrOff
            | ValueKind::Port
            | ValueKind::Mebibytes => {
                format!("{} = {}\n", setting.name, sample(setting).0)
            }
            _ => format!("{} = \"{}\"\n", setting.name, sample(setting).0),
        })
        .collect();
    let command = || Program::new(["config", "show", URL, "--json"]);
    let by_defaults = show(command().settings(&format!("[defaults]\n{in_file}")));
    let by_server = show(command().settings(&format!("[server.\"{URL}\"]\n{in_file}")));
    let by_variable =
        show(SETTINGS.iter().fold(command(), |program, setting| {
            program.env(&setting.variable(), sample(setting).0)
        }));
    let flags = SETTINGS.iter().map(|setting| match setting.kind {
        ValueKind::Switch => format!("--{}", setting.name),
        _ => format!("--{}={}", setting.name, sample(setting).0),
    });
    let words = ["config", "show", URL, "--json"].map(str::to_owned);
    let by_flag = show(Program::new(words.into_iter().chain(flags)));
    for (line, setting) in SETTINGS.iter().enumerate() {
        let (name, shown) = (setting.name, sample(setting).1.to_owned());
        let line = line + 2;
        for (source, settings) in [
            (format!("settings file, [defaults], line {line}"), &by_defaults),
            (format!("settings file, [server.\"{URL}\"], line {line}"), &by_server),
            (format!("environment {}", setting.variable()), &by_variable),
            ("flag".to_owned(), &by_flag),
        ] {
            assert_eq!(held(settings, setting), (shown.clone(), source), "{name}");
        }
    }
    let listed = by_flag["settings"].as_object().unwrap();
    assert_eq!(listed.len(), SETTINGS.len());
}

#[test]
fn flag_wins_over_variable_over_server_over_defaults_over_built_in() {
    let file = format!("[defaults]\nproxy = 'http://d'\n[server.\"{URL}\"]\nproxy = 'http://s'\n");
    let proxy = |settings: &str, variable: &str, flag: &[&str]| {
        let words = ["config", "show", URL, "--json"].into_iter().chain(flag.iter().copied());
        let program = Program::new(words).settings(settings).env("MCP_TETHER_PROXY", variable);
        show(program)["settings"]["proxy"]["value"].as_str().unwrap_or("-").to_owned()
    };
    let defaults = file.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(proxy(&file, "http://v", &["--proxy", "http://f"]), "http://f/");
    assert_eq!(proxy(&file, "http://v", &[]), "http://v/");
    assert_eq!(proxy(&file, "", &[]), "http://s/");
    assert_eq!(proxy(&defaults, "", &[]), "http://d/");
    assert_eq!(proxy("", "", &[]), "-");
}

#[test]
fn lists_add_up_nearest_first_until_an_empty_list() {
    let tools = |server: &str| {
        let file = format!("[defaults]\nignore-tool = 'd'\n[server.\"{URL}\"]\n{server}\n");
        let program = Program::new(["config", "show", URL, "--json", "--ignore-tool", "f"])
            .settings(&file)
            .env("MCP_TETHER_IGNORE_TOOL", "v1\nv2\n");
        let shown = show(program);
        let held = shown["settings"]["ignore-tool"].as_array().unwrap().clone();
        held.iter().map(|held| held["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(tools("ignore-tool = ['s1', 's2']"), ["f", "v1", "v2", "s1", "s2", "d"]);
    assert_eq!(tools("ignore-tool = []"), ["f", "v1", "v2"]);
}

#[test]
fn node_extra_ca_certs_is_one_more_authority() {
    let program = Program::new(["config", "show", "--json", "--ca-cert", "/a.pem"])
        .env("NODE_EXTRA_CA_CERTS", "/node.pem");
    let held = &show(program)["settings"]["ca-cert"];
    assert_eq!(held[0]["value"], "/a.pem");
    assert_eq!(held[1]["value"], "/node.pem");
    assert_eq!(held[1]["source"], "environment NODE_EXTRA_CA_CERTS");
}

#[test]
fn config_show_is_reviewed() {
    let program = Program::new(["config", "show", URL, "--header", "X-Key: secret", "--debug"])
        .env("MCP_TETHER_CONNECT_TIMEOUT", "2.5")
        .settings(concat!(
            "[defaults]\n",
            "proxy = 'http://sara:secret@proxy.example.com:8080'\n",
            "[server.\"https://mcp.example.com\"]\n",
            "header = { Authorization = 'Bearer ${TOKEN}' }\n",
            "ca-cert = ['certs/company.pem']\n",
            "resource = 'https://mcp.example.com'\n",
            "body-timeout = 0\n",
            "[server.\"https://mcp.example.com\".env]\n",
            "TOKEN = 'secret'\n",
        ))
        .run();
    assert!(!program.stdout.contains("secret") && !program.stderr.contains("secret"));
    assert_snapshot!(program.shown());
}

#[test]
fn config_path_names_the_file_whether_it_is_there_or_not() {
    let path = |program: Program| program.run().stdout_shown();
    let usual = "[HOME]/config/mcp-tether/config.toml\n";
    if cfg!(target_os = "linux") {
        assert_eq!(path(Program::new(["config", "path"])), usual);
        assert_eq!(path(Program::new(["config", "path"]).settings("")), usual);
    }
    assert_eq!(path(Program::new(["config", "path"]).env("MCP_TETHER_CONFIG", "/v")), "/v\n");
    let flag = Program::new(["config", "path", "--config", "/f"]).env("MCP_TETHER_CONFIG", "/v");
    assert_eq!(path(flag), "/f\n");
}

fn refused(program: Program) -> Finished {
    let finished = program.run();
    assert_eq!(finished.code, Some(2), "{}", finished.shown());
    assert_eq!(finished.stdout, "");
    assert!(!finished.stderr.contains("secret"), "{}", finished.stderr);
    finished
}

/// Every refusal of the command line and of the settings, in the words a user sees.
#[test]
fn every_refusal_is_reviewed() {
    let mut out = String::new();
    let command_lines: &[&[&str]] = &[
        &["3334"],
        &["mcp.example.com/mcp"],
        &["nonsense"],
        &["https://"],
        &["ftp://mcp.example.com"],
        &["http://mcp.example.com/mcp"],
        &["https://sara:secret@mcp.example.com/mcp"],
        &[URL, "https://other.example.com"],
        &[URL, "tools"],
        &[URL, "1", "2"],
        &[URL, "--heder", "X: secret"],
        &[URL, "--transport", "carrier-pigeon"],
        &[URL, "--connect-timeout", "soon"],
        &[URL, "--connect-timeout", "0"],
        &[URL, "--callback-port", "70000"],
        &[URL, "--proxy", "proxy:8080"],
        &[URL, "--proxy", "http://proxy", "--no-proxy"],
        &[URL, "--device-code", "--client-credentials"],
        &[URL, "--token-endpoint", "http://as.example.com/token", "--client-credentials"],
        &[URL, "--login", "sometimes"],
        &[URL, "--host", "a/b"],
        &[URL, "--callback-path", "callback"],
        &[URL, "--auth-success-url", "https://sara:secret@example.com/"],
        &[URL, "--auth-success-url", "https://example.com/?x=1"],
        &[URL, "--resource", "mcp.example.com"],
        &[URL, "--authorize-param", "secret"],
        &[URL, "--authorize-param", "state=secret"],
        &[URL, "--static-oauth-client-metadata", "[]"],
        &[URL, "--static-oauth-client-info", "{secret"],
        &[URL, "--static-oauth-client-info", "@absent.json"],
        &[URL, "--static-oauth-client-info", "{\"client_id\":\"${NOT_SET}\"}"],
        &[URL, "--client-metadata-url", "https://example.com/"],
        &[URL, "--token-file", "absent.txt"],
        &[URL, "--token-command", "'open"],
        &[URL, "--header-command", "X-Key"],
        &[URL, "--header-command", "X-Key: "],
        &[URL, "--header-command", "Mcp-Session-Id: op read x"],
        &[URL, "--token-command", "op", "--header", "Authorization: secret"],
        &["login"],
        &["login", URL, "--header", "Authorization: Bearer secret"],
        &["login", URL, "--credential-store", "memory"],
        &["logout"],
        &["logout", URL, "--all"],
        &["credentials", "move", "--from", "file", "--to", "file"],
        &[URL, "--header", "secret"],
        &[URL, "--header", "X Y: secret"],
        &[URL, "--header", "Content-Type: secret"],
        &[URL, "--header", "Authorization: Bearer ${NOT_SET}"],
        &[URL, "--header", "Authorization: Bearer ${NOT CLOSED"],
        &[URL, "--header", "X-Key: sec\nret"],
        &[URL, "--header-file", "absent.txt"],
        &[URL, "--config", "absent.toml"],
        &[URL, "--log-file", "absent/log.txt"],
        &["tools"],
        &["call", URL],
        &["call", URL, "tool", "--json", "{"],
        &["call", URL, "tool", "--json", "{}", "key=value"],
        &["config"],
        &["config", "shwo"],
    ];
    for words in command_lines {
        out += &format!("$ mcp-tether {}\n", words.join(" "));
        out += &format!("{}\n", refused(Program::new(words.iter().copied())).shown());
    }
    let variables = [("MCP_TETHER_ALLOW_HTTP", "maybe"), ("MCP_TETHER_HEADER", "X: 1\nsecret")];
    for (name, value) in variables {
        out += &format!("$ {name}={value:?} mcp-tether {URL}\n");
        out += &format!("{}\n", refused(Program::new([URL]).env(name, value)).shown());
    }
    let files = [
        "[defaults]\nconect-timeout = 5\n",
        "[defaults]\ndebug = 'yes'\n",
        "[defaults]\nheader = [1]\n",
        "[defaults]\nheader = ['secret']\n",
        "[defaults]\ntoken-command = []\n",
        "[defaults]\nheader-command = { X-Key = 7 }\n",
        "[defaults]\nproxy = \n",
        "proxy = 'http://proxy'\n",
        "[server.'mcp.example.com']\n",
    ];
    for file in files {
        out += &format!("$ cat config.toml\n{file}$ mcp-tether {URL}\n");
        let shown = refused(Program::new([URL]).settings(file)).shown();
        out += &format!("{}\n", shown.replace("Library/Application Support", "config"));
    }
    assert_snapshot!(out);
}

/// The warnings on stderr.
#[cfg(unix)]
#[test]
fn every_warning_is_reviewed() {
    let program = Program::new([
        "config",
        "show",
        "--resource",
        "https://r",
        "--auth-timeout",
        "9",
        "--enable-proxy",
        "--ping-interval",
        "5",
        "--answer-within",
        "20",
        "--account",
        "work",
    ])
    .settings("[defaults]\nheader = 'X: secret'\nuse-id-token = true\n")
    .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
    .mode("config/mcp-tether/config.toml", 0o644);
    let finished = program.run();
    assert_eq!(finished.code, Some(0));
    assert_snapshot!(finished.shown().split_once("--- stderr ---\n").unwrap().1);
}
