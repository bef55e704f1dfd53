//! The ports of a bridge that other programs on this machine can reach: none, except the callback
//! while a person signs in (A-76). Read from `/proc`, as a scan would find them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use crate::sign_in_commands::page;
use crate::support::authorization_server::{AuthorizationServer, Config};
use crate::support::fakes::visit;
use crate::support::harness::initialize;
use crate::support::home::Home;
use crate::support::process::Running;

/// Returns the addresses on which this process listens: `address:port` in the kernel's hexadecimal
/// notation, or the path of a socket.
fn listening(process: &Running) -> Vec<String> {
    let own = sockets(process);
    let table = |name: &str| {
        fs::read_to_string(format!("/proc/{}/net/{name}", process.id())).unwrap_or_default()
    };
    let mut found = Vec::new();
    for name in ["tcp", "tcp6"] {
        for line in table(name).lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // `0A` is the state LISTEN.
            if fields[3] == "0A" && own.contains(fields[9]) {
                found.push(fields[1].to_owned());
            }
        }
    }
    for line in table("unix").lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Bit 16 of the flags: it accepts connections.
        if fields[3] == "00010000" && own.contains(fields[6]) {
            found.push(format!("unix {}", fields.get(7).unwrap_or(&"without a name")));
        }
    }
    found
}

/// Returns the inodes of its sockets.
fn sockets(process: &Running) -> BTreeSet<String> {
    let open = fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
    let targets = open.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let socket = |target: std::path::PathBuf| {
        let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        Some(inode)
    };
    targets.filter_map(socket).collect()
}

/// Returns a home with a browser that shows the page to nobody.
fn home_with_idle_browser() -> (Home, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let folder = home.path().join("bin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("xdg-open"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("xdg-open"), PermissionsExt::from_mode(0o755)).unwrap();
    (home, folder)
}

/// A tool call that the server answers.
fn works(bridge: &mut Running) {
    bridge.send(json!({ "jsonrpc": "2.0", "id": "list", "method": "tools/list" }).to_string());
    while let Some(line) = bridge.next_line() {
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        if message["id"] == "list" {
            return assert!(message["result"]["tools"].is_array(), "{message}");
        }
    }
    panic!("no answer");
}

/// A-76, S-01: the callback on loopback while a person is waited for, and nothing before, after and
/// in a bridge that finds the sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_listens_on_nothing_but_the_callback_of_a_sign_in_under_way() {
    let server = AuthorizationServer::start(Config::default()).await;
    let url = server.endpoint().to_string();
    let (home, browser) = home_with_idle_browser();
    let mut bridge = home.program([&url]).env("PATH", &browser).spawn();
    bridge.send(initialize("2025-11-25"));
    let page = page(&bridge);
    let (_, redirect) = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    let port = url::Url::parse(&redirect).unwrap().port().unwrap();
    let callback = listening(&bridge);
    let loopback =
        [format!("0100007F:{port:04X}"), format!("00000000000000000000000001000000:{port:04X}")];
    assert!(!callback.is_empty(), "the callback is waited for");
    assert!(callback.iter().all(|at| loopback.contains(at)), "{callback:?}, port {port:04X}");

    assert_eq!(visit(page).await.status, 200);
    assert!(bridge.next_json()["result"].is_object());
    bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    works(&mut bridge);
    assert_eq!(listening(&bridge), Vec::<String>::new(), "after the sign-in");

    let mut second = home.program([&url, "--login", "never"]).env("PATH", &browser).spawn();
    second.send(initialize("2025-11-25"));
    assert!(second.next_json()["result"].is_object());
    second.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    works(&mut second);
    assert_eq!(listening(&second), Vec::<String>::new(), "with a stored sign-in");
}
