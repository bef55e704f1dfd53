//! The network as companies have it: proxies, own certificate authorities, cookies of load
//! balancers (S-13, T-27, docs/hosts/README.md#environment).

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::post;
use mcp_tether_mock::{MockOptions, MockRemote};
use serde_json::{Value, json};

use crate::support::harness::{initialize, kind};
use crate::support::process::{Finished, Program};
use crate::support::tls::TlsFront;

fn opened(program: Program) -> (Value, Finished) {
    let mut bridge = program.spawn();
    bridge.send(initialize("2025-11-25"));
    let answer = bridge.next_json();
    (answer, bridge.finish())
}

/// S-13
#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_with_the_way_out() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let (answer, _) = opened(Program::new([front.url("/mcp")]));
    assert_eq!(kind(&answer), "network", "{answer}");
    let hint = answer["error"]["data"]["bridge"]["hint"].as_str().unwrap();
    assert!(hint.contains("--ca-cert"), "{answer}");
    assert!(mock.recorder().requests().is_empty());
}

/// S-13, docs/hosts/README.md#environment: by flag, by variable and by the settings file
#[test]
fn an_own_authority_can_be_named_in_every_place() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let url = front.url("/mcp");
    let authority = front.authority();
    let by_flag = Program::new([url.as_str(), "--ca-cert", authority.to_str().unwrap()]);
    let by_node = Program::new([&url]).env("NODE_EXTRA_CA_CERTS", &authority);
    let by_system = Program::new([&url]).env("SSL_CERT_FILE", &authority);
    let settings = format!("[defaults]\nca-cert = [{:?}]\n", authority.to_str().unwrap());
    let by_file = Program::new([&url]).settings(&settings);
    for program in [by_flag, by_node, by_system, by_file] {
        mock.recorder().clear();
        let (answer, finished) = opened(program);
        // The mock knows itself under another port and says so; what counts is that it was reached.
        assert_eq!(mock.recorder().requests().len(), 1, "{answer} {}", finished.stderr);
    }
}

/// S-38: whoever names authorities instead of the system's trusts no others, least of all the
/// bundled ones.
#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn authorities_that_are_named_and_cannot_be_read_leave_none_to_trust() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let url = front.url("/mcp");
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("ca.pem"), "no certificate").unwrap();
    for (variable, value) in [
        ("SSL_CERT_FILE", empty.path().join("absent.pem")),
        ("SSL_CERT_FILE", empty.path().join("ca.pem")),
        ("SSL_CERT_DIR", empty.path().to_owned()),
        ("SSL_CERT_DIR", empty.path().join("absent")),
    ] {
        let (answer, finished) = opened(Program::new([&url]).env(variable, &value));
        assert_eq!(kind(&answer), "network", "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(variable), "{message}");
        assert!(!finished.stderr.contains("bundled"), "{}", finished.stderr);
    }
    assert!(mock.recorder().requests().is_empty());
}

/// The mock stands in for the proxy: what matters is who was asked for which host.
#[test]
fn a_proxy_is_used_for_other_hosts_and_never_for_this_machine() {
    let proxy = MockRemote::start(MockOptions::default()).unwrap();
    let proxy_url = format!("http://127.0.0.1:{}", proxy.url().port().unwrap());
    let remote = MockRemote::start(MockOptions::default()).unwrap();
    let host = format!("mcp.example.invalid:{}", remote.url().port().unwrap());
    let (url, address) = (&*format!("http://{host}/mcp"), &*format!("{host}:127.0.0.1"));
    let by_flag = Program::new([url, "--allow-http", "--proxy", &proxy_url]);
    let by_variable = Program::new([url, "--allow-http"]).env("HTTP_PROXY", &proxy_url);
    let settings = format!("[server.\"{url}\"]\nallow-http = true\nproxy = {proxy_url:?}\n");
    let by_file = Program::new([url]).settings(&settings);
    for program in [by_flag, by_variable, by_file] {
        proxy.recorder().clear();
        opened(program);
        let requests = proxy.recorder().requests();
        assert_eq!(requests[0].header("host"), Some(&*host));
    }
    proxy.recorder().clear();
    assert!(remote.recorder().requests().is_empty());
    let words = [url, "--allow-http", "--resolve", address];
    let off = Program::new([&words[..], &["--no-proxy"]].concat());
    for bypassed in [off, Program::new(words).env("NO_PROXY", "*")] {
        remote.recorder().clear();
        opened(bypassed.env("HTTP_PROXY", &proxy_url));
        assert_eq!(remote.recorder().requests()[0].header("host"), Some(&*host));
    }
    assert!(proxy.recorder().requests().is_empty());

    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let direct = Program::new([mock.url().as_str()]).env("HTTP_PROXY", "http://127.0.0.1:1");
    assert!(opened(direct).0["result"].is_object(), "loopback is always direct");
}

/// T-42: load balancers keep a session on one machine with a cookie
#[tokio::test(flavor = "multi_thread")]
async fn cookies_come_back_unless_they_are_switched_off() {
    type Seen = Arc<Mutex<Vec<Option<String>>>>;
    async fn answer(
        State(seen): State<Seen>,
        headers: HeaderMap,
        body: String,
    ) -> impl IntoResponse {
        let cookie = headers.get("cookie").and_then(|v| v.to_str().ok()).map(str::to_owned);
        seen.lock().unwrap().push(cookie);
        let request: Value = serde_json::from_str(&body).unwrap_or_default();
        let result =
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {} });
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result });
        (
            [("set-cookie", "lb=machine-7; Path=/"), ("content-type", "application/json")],
            answer.to_string(),
        )
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let seen = Seen::default();
    let router = axum::Router::new().route("/mcp", post(answer)).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    for (flag, expected) in [(None, Some("lb=machine-7")), (Some("--disable-cookies"), None)] {
        seen.lock().unwrap().clear();
        let words: Vec<String> = [url.clone()].into_iter().chain(flag.map(str::to_owned)).collect();
        tokio::task::spawn_blocking(move || {
            let mut bridge = Program::new(words).spawn();
            bridge.send(initialize("2025-06-18"));
            bridge.next_json();
            bridge.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
            bridge.send(r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#);
            bridge.next_json();
            bridge.finish();
        })
        .await
        .unwrap();
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen[0], None);
        assert_eq!(seen.last().unwrap().as_deref(), expected, "{flag:?}");
    }
}

/// `--ipv4` reaches a host whose IPv6 address leads nowhere, and says so for one that has no other
#[test]
fn ipv4_alone_can_be_asked_for() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let port = mock.url().port().unwrap();
    let (answer, _) =
        opened(Program::new([format!("http://127.0.0.1:{port}/mcp"), "--ipv4".into()]));
    assert!(answer["result"].is_object(), "{answer}");
    let (answer, _) = opened(Program::new([format!("http://[::1]:{port}/mcp"), "--ipv4".into()]));
    assert_eq!(kind(&answer), "network", "{answer}");
}

/// S-13: the certificate that a file names byte for byte is trusted, as curl and Node have it; its
/// name and dates are still checked
#[test]
fn a_certificate_that_is_named_byte_for_byte_is_trusted_for_its_name_and_time() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let port = mock.url().port().unwrap();
    for (names, ends, is_trusted) in [
        (&["localhost"][..], 2099, true),
        (&["other.example"], 2099, false),
        (&["localhost"], 2002, false),
    ] {
        let front = TlsFront::self_signed(port, names, ends);
        let (url, file) = (front.url("/mcp"), front.authority());
        let by_flag = Program::new([url.as_str(), "--ca-cert", file.to_str().unwrap()]);
        let by_node = Program::new([&url]).env("NODE_EXTRA_CA_CERTS", &file);
        for program in [by_flag, by_node] {
            mock.recorder().clear();
            let (answer, _) = opened(program);
            let reached = mock.recorder().requests().len();
            assert_eq!(reached, usize::from(is_trusted), "{names:?} {ends}: {answer}");
        }
        let (_, finished) = opened(Program::new([&url]));
        assert_eq!(
            mock.recorder().requests().len(),
            usize::from(is_trusted),
            "{}",
            finished.stderr
        );
    }
}

/// S-13: a variable that is meant for Node stops nothing; a damaged certificate costs itself
#[test]
fn a_stale_or_damaged_file_of_authorities_is_only_warned_about() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(mock.url().port().unwrap());
    let (url, authority) = (front.url("/mcp"), front.authority());
    let authority = authority.to_str().unwrap();
    let text = std::fs::read_to_string(authority).unwrap();
    let damaged = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
    let mixed = Program::new([&url]).file("mixed.pem", &format!("{text}{damaged}"));
    let file = mixed.home().join("mixed.pem");
    let gone = Program::new([url.as_str(), "--ca-cert", authority])
        .env("NODE_EXTRA_CA_CERTS", "/nonexistent/ca.pem");
    for program in [gone, mixed.env("NODE_EXTRA_CA_CERTS", file)] {
        mock.recorder().clear();
        let (answer, finished) = opened(program);
        assert_eq!(mock.recorder().requests().len(), 1, "{answer} {}", finished.stderr);
        assert!(finished.stderr.contains("certificate") || finished.stderr.contains("CA file"));
    }
    let refused = Program::new([url.as_str(), "--ca-cert", "/nonexistent/ca.pem"]).run();
    assert_eq!(refused.code, Some(2), "our own flag is an error: {}", refused.stderr);
}

/// docs/hosts/README.md#environment: `NO_PROXY` in the forms that other programs read
#[test]
fn hosts_that_the_environment_excludes_are_not_asked_of_the_proxy() {
    let proxy = MockRemote::start(MockOptions::default()).unwrap();
    let proxy_url = format!("http://127.0.0.1:{}", proxy.url().port().unwrap());
    let remote = MockRemote::start(MockOptions::default()).unwrap();
    let host = format!("mcp.example.invalid:{}", remote.url().port().unwrap());
    let (url, address) = (&*format!("http://{host}/mcp"), &*format!("{host}:127.0.0.1"));
    for entries in ["*.example.invalid", &host, "localhost mcp.example.invalid"] {
        remote.recorder().clear();
        let program = Program::new([url, "--allow-http", "--resolve", address])
            .env("HTTP_PROXY", &proxy_url)
            .env("NO_PROXY", entries);
        opened(program);
        assert!(!remote.recorder().requests().is_empty(), "{entries}");
        assert!(proxy.recorder().requests().is_empty(), "{entries}");
    }
}

/// A proxy that speaks SOCKS5 is told the name, and carries plain and encrypted connections.
#[test]
fn a_socks_proxy_is_spoken_to_and_another_kind_refused_at_the_start() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let (port, names) = socks_proxy(mock.url().port().unwrap());
    let url = "http://mcp.example.invalid/mcp";
    for scheme in ["socks5", "socks5h", "socks"] {
        mock.recorder().clear();
        let proxy = format!("{scheme}://127.0.0.1:{port}");
        let (answer, _) = opened(Program::new([url, "--allow-http"]).env("ALL_PROXY", &proxy));
        let requests = mock.recorder().requests();
        assert_eq!(requests[0].header("host"), Some("mcp.example.invalid"), "{answer}");
        assert_eq!(names.recv().unwrap(), "mcp.example.invalid:80");
    }
    let refused =
        Program::new([url, "--allow-http"]).env("ALL_PROXY", "socks4://127.0.0.1:1").run();
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("socks4") && refused.stderr.contains("--no-proxy"));
}

/// Answers every request for a connection with one to this port; tells who was asked for.
fn socks_proxy(behind: u16) -> (u16, std::sync::mpsc::Receiver<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for front in listener.incoming() {
            let mut front = front.unwrap();
            let mut head = [0; 2];
            front.read_exact(&mut head).unwrap();
            front.read_exact(&mut vec![0; usize::from(head[1])]).unwrap();
            front.write_all(&[5, 0]).unwrap();
            let mut request = [0; 5];
            front.read_exact(&mut request).unwrap();
            let mut rest = vec![0; usize::from(request[4]) + 2];
            front.read_exact(&mut rest).unwrap();
            let (name, number) = rest.split_at(rest.len() - 2);
            let number = u16::from_be_bytes([number[0], number[1]]);
            let _ = tell.send(format!("{}:{number}", String::from_utf8_lossy(name)));
            front.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            let mut back = std::net::TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let (mut from, mut to) = (front.try_clone().unwrap(), back.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut back, &mut front);
                let _ = front.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    (port, told)
}

/// O-21: some proxies compare the names of headers as they are usually written.
#[test]
fn a_proxy_that_forwards_gets_headers_in_their_usual_spelling() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://sara:pw@127.0.0.1:{}", listener.local_addr().unwrap().port());
    let asked = std::thread::spawn(move || {
        let (mut front, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            front.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let refusal = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        front.write_all(refusal).unwrap();
        String::from_utf8(head).unwrap()
    });
    let url = "http://mcp.example.invalid/mcp";
    let (answer, _) = opened(Program::new([url, "--allow-http", "--proxy", &proxy]));
    assert!(answer.to_string().contains("--proxy-auth"), "{answer}");
    let head = asked.join().unwrap();
    assert!(head.contains("\r\nProxy-Authorization: Basic "), "{head}");
}

/// O-21: a proxy of SOCKS4a is told the name and the user.
#[test]
fn a_socks4a_proxy_is_told_the_name() {
    use std::io::{Read, Write};
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let behind = mock.url().port().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for front in listener.incoming() {
            let mut front = front.unwrap();
            let mut request = vec![0; b"\x04\x01\0P\0\0\0\x01sara\0mcp.example.invalid\0".len()];
            front.read_exact(&mut request).unwrap();
            let is_right = request == b"\x04\x01\0P\0\0\0\x01sara\0mcp.example.invalid\0";
            front.write_all(&[0, if is_right { 90 } else { 91 }, 0, 0, 0, 0, 0, 0]).unwrap();
            let mut back = std::net::TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let (mut from, mut to) = (front.try_clone().unwrap(), back.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut back, &mut front));
        }
    });
    let url = "http://mcp.example.invalid/mcp";
    for (user, is_reached) in [("sara@", true), ("", false)] {
        mock.recorder().clear();
        let proxy = format!("socks4a://{user}127.0.0.1:{port}");
        let program = Program::new([url, "--allow-http", "--connect-timeout", "3"]);
        let (answer, _) = opened(program.env("ALL_PROXY", &proxy));
        assert_eq!(!mock.recorder().requests().is_empty(), is_reached, "{answer}");
    }
}

/// O-21: user name and password for a proxy from the environment, the keyring or a command; none of
/// them is shown.
#[cfg(unix)]
#[test]
fn a_proxy_is_signed_in_to_without_a_password_in_its_url() {
    use crate::support::home::Home;
    let proxy = MockRemote::start(MockOptions::default()).unwrap();
    let proxy_url = format!("http://127.0.0.1:{}", proxy.url().port().unwrap());
    let (home, url) = (Home::new(), "http://mcp.example.invalid/mcp");
    let mut set = home.program(["secret", "set", "proxy"]).spawn();
    set.send("canary:pass");
    assert_eq!(set.finish().code, Some(0));
    let command = "/bin/sh -c 'echo sara:canary:pass'";
    for flags in [
        &["--proxy-auth", "sara:${PASSWORD}"][..],
        &["--proxy-auth", "sara:${keyring:proxy}"],
        &["--proxy-auth-command", command],
    ] {
        proxy.recorder().clear();
        let words = [&[url, "--allow-http", "--proxy", &proxy_url][..], flags].concat();
        let (_, finished) = opened(home.program(words).env("PASSWORD", "canary:pass"));
        let requests = proxy.recorder().requests();
        // `sara:canary:pass`
        let expected = Some("Basic c2FyYTpjYW5hcnk6cGFzcw==");
        assert_eq!(requests[0].header("proxy-authorization"), expected, "{flags:?}");
        assert!(!finished.stderr.contains("canary"), "{}", finished.stderr);
    }
    for flags in [
        &["--proxy-auth", "canary"][..],
        &["--proxy-auth", ":canary"],
        &["--proxy-auth", "a:${NOT_SET}"],
        &["--proxy-auth", "a:b", "--proxy-auth-command", command],
        &["--proxy-auth-command", "/bin/sh -c 'echo canary'"],
        &["--proxy-auth-command", "/bin/sh -c 'exit 3'"],
        &["--proxy-auth-command", "'"],
    ] {
        proxy.recorder().clear();
        let words = [&["tools", url, "--allow-http", "--proxy", &proxy_url][..], flags].concat();
        let refused = home.run(&words);
        assert_ne!(refused.code, Some(0), "{}", refused.shown());
        assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
        assert!(proxy.recorder().requests().is_empty(), "nothing is sent");
    }
    let unused = ["tools", &proxy_url, "--proxy-auth-command", "/bin/sh -c 'exit 3'"];
    let _ = home.run(&unused);
    assert!(!proxy.recorder().requests().is_empty(), "not run where no proxy is on the way");
}

/// O-21: a proxy over TLS is trusted like a server, also for an address without TLS.
#[test]
fn a_proxy_over_tls_is_checked_like_a_server() {
    let proxy = MockRemote::start(MockOptions::default()).unwrap();
    let front = TlsFront::start(proxy.url().port().unwrap());
    let proxy_url = front.url("/").replace("127.0.0.1", "localhost");
    let url = "http://mcp.example.invalid/mcp";
    let authority = front.authority();
    let trusted = ["--ca-cert", authority.to_str().unwrap()];
    for (more, is_reached) in [(&trusted[..], true), (&[], false)] {
        proxy.recorder().clear();
        let words = [&[url, "--allow-http", "--proxy", proxy_url.as_str()][..], more].concat();
        let (answer, _) = opened(Program::new(words));
        assert_eq!(!proxy.recorder().requests().is_empty(), is_reached, "{answer}");
    }
}

/// O-21: another address for a name, with the name still in the certificate and the header.
#[test]
fn a_name_can_be_given_another_address() {
    let mock = MockRemote::start(MockOptions::default()).unwrap();
    let port = mock.url().port().unwrap();
    let url = format!("http://mcp.example.invalid:{port}/mcp");
    let at = |address: &str| format!("mcp.example.invalid:{port}:{address}");
    for address in ["127.0.0.1", "192.0.2.1,127.0.0.1"] {
        mock.recorder().clear();
        let words = [url.as_str(), "--allow-http", "--no-proxy", "--resolve", &at(address)];
        let (answer, _) = opened(Program::new(words));
        let requests = mock.recorder().requests();
        let host = requests.first().and_then(|request| request.header("host"));
        assert_eq!(host, Some(format!("mcp.example.invalid:{port}").as_str()), "{answer}");
    }
    let doctor =
        Program::new(["doctor", &url, "--allow-http", "--resolve", &at("127.0.0.1")]).run();
    assert!(doctor.stdout.contains("`--resolve` gives the address"), "{}", doctor.stdout);
    let other = format!("mcp.example.invalid:{}:127.0.0.1", if port == 1 { 2 } else { 1 });
    for (value, code) in [(other.as_str(), 1), ("mcp.example.invalid:0:127.0.0.1", 2), ("x", 2)] {
        mock.recorder().clear();
        let refused = Program::new(["tools", &url, "--allow-http", "--resolve", value]).run();
        assert_eq!(refused.code, Some(code), "{}", refused.shown());
        assert!(mock.recorder().requests().is_empty());
    }
}
