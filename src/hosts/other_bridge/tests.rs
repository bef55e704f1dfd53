//! Forms in which entries start other bridges.

use super::*;

fn found(words: &[&str]) -> Option<OtherBridge> {
    other_bridge(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), &[])
}

fn started(program: &'static str, arguments: &[&str]) -> Option<OtherBridge> {
    let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    Some(OtherBridge::Started { program, arguments })
}

const URL: &str = "https://mcp.example.com/mcp";

/// docs/from-mcp-remote.md: the ways in which configurations start it.
#[test]
fn every_usual_way_to_start_it_is_seen_and_what_follows_is_kept() {
    for start in [
        &["npx", "mcp-remote"][..],
        &["npx", "-y", "mcp-remote@latest"],
        &["npx", "--yes", "mcp-remote@0.1.29"],
        &["/usr/local/bin/npx", "-y", "mcp-remote"],
        &["C:\\Program Files\\nodejs\\npx.cmd", "-y", "mcp-remote"],
        &["cmd", "/c", "npx", "-y", "mcp-remote"],
        &["cmd.exe", "/C", "npx", "mcp-remote"],
        &["npx", "-p", "mcp-remote@latest", "mcp-remote"],
        &["npm", "exec", "--yes", "mcp-remote", "--"],
        &["pnpm", "dlx", "mcp-remote"],
        &["bunx", "mcp-remote"],
        &["bun", "x", "mcp-remote"],
        &["mcp-remote"],
        &["/opt/bin/mcp-remote"],
        &["node", "/usr/lib/node_modules/mcp-remote/dist/proxy.js"],
        &["docker", "run", "-i", "--rm", "node:24", "npx", "-y", "mcp-remote"],
        &["podman", "run", "--rm", "-i", "--pull=always", "-e", "TOKEN", "x/mcp-remote:1"],
        &[
            "docker",
            "run",
            "-i",
            "-v",
            "/home/a/.mcp-auth:/root/.mcp-auth",
            "node",
            "npx",
            "mcp-remote",
        ],
        &["docker", "container", "run", "-ti", "--network=host", "node", "npx", "mcp-remote"],
        &["docker", "run", "-i", "--entrypoint", "npx", "-p", "3334:3334", "node", "mcp-remote"],
        &["pnpm", "--package=mcp-remote", "dlx", "mcp-remote"],
        &["npm", "x", "-y", "--", "mcp-remote@latest"],
        &["bunx", "--bun", "mcp-remote@latest"],
        &["yarn", "dlx", "-q", "mcp-remote"],
        &["corepack", "pnpm", "dlx", "mcp-remote"],
        &["deno", "run", "-A", "npm:mcp-remote@0.1"],
        &["npx", "-y", "@geelen/mcp-remote@1"],
        &["npx", "-y", "github:geelen/mcp-remote#main"],
        &["volta", "run", "--node", "22", "npx", "mcp-remote"],
        &["mise", "x", "node@22", "--", "npx", "-y", "mcp-remote"],
        &["fnm", "exec", "--using=v22.1", "npx", "mcp-remote"],
        &["/usr/bin/env", "npx", "mcp-remote"],
        &["wsl.exe", "-d", "Ubuntu", "npx", "-y", "mcp-remote"],
        &["cmd", "/d", "/s", "/c", "call", "npx.cmd", "mcp-remote"],
        &["C:\\tools\\node_modules\\.bin\\mcp-remote.cmd"],
        &["mise", "exec", "npm:mcp-remote", "--", "mcp-remote"],
        &["mise", "x", "node@lts/iron", "nodejs@22", "--", "npx", "mcp-remote"],
        &["nvm", "exec", "lts/iron", "npx", "mcp-remote"],
        &["volta", "run", "--node", "22.1.0", "--npm", "10", "npx", "mcp-remote"],
        &["proto", "run", "node", "--", "npx", "mcp-remote"],
        &["n", "exec", "22", "npx", "mcp-remote"],
        &["nix", "shell", "nixpkgs#nodejs", "-c", "npx", "mcp-remote"],
        &["asdf", "exec", "npx", "mcp-remote"],
        &["npx", "--loglevel", "error", "-y", "mcp-remote"],
        &["npx", "--cache", "/tmp/cache", "mcp-remote"],
        &["npx", "git+https://github.com/geelen/mcp-remote.git"],
        &["npx", "https://github.com/geelen/mcp-remote"],
        &["npx -y", "mcp-remote"],
        &["node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "-y", "mcp-remote"],
        &["tsx", "/src/mcp-remote/src/proxy.ts"],
        &["wsl.exe", "-u", "root", "--cd", "~", "npx", "mcp-remote"],
        &["CMD.EXE", "/C", "NPX.CMD", "mcp-remote"],
        &["cmd", "/v:on", "/k", "npx", "mcp-remote"],
        &["cmd", "/c", "npx -y mcp-remote"],
        &["env", "-u", "NODE_OPTIONS", "npx", "mcp-remote"],
        &["nohup", "nice", "-n", "10", "npx", "mcp-remote"],
    ] {
        let words = [start, &[URL, "--header", "X: a b"]].concat();
        let expected = started(MCP_REMOTE, &[URL, "--header", "X: a b"]);
        assert_eq!(found(&words), expected, "{start:?}");
    }
    // A line that a shell splits, or that people put into `command` as it is.
    let line = format!("npx -y mcp-remote {URL}");
    for start in [
        &["cmd", "/c"][..],
        &["cmd.exe", "/s", "/c"],
        &["sh", "-c"],
        &["/bin/zsh", "-lc"],
        &["bash", "-l", "-c"],
        &["wsl", "bash", "-ic"],
        &["npx", "-c"],
        &["powershell.exe", "-NoProfile", "-ExecutionPolicy", "Bypass", "-Command"],
        &["docker", "run", "-i", "--rm", "node", "sh", "-c"],
        &["bash", "-o", "pipefail", "-c"],
        &["bash", "-c", "--"],
        &["bash", "--rcfile", "/dev/null", "-c"],
        &["mise", "exec", "node@22", "--command"],
        &["mise", "x", "-c"],
        &["nix-shell", "-p", "nodejs", "--run"],
        &["npx", "-p", "mcp-remote", "-c"],
        &["powershell.exe"],
        &["powershell", "-WindowStyle", "Hidden", "/c"],
        &["pwsh", "-nop", "-w", "hidden", "-comm"],
        &[],
    ] {
        let words = [start, &[line.as_str()]].concat();
        assert_eq!(found(&words), started(MCP_REMOTE, &[URL]), "{start:?}");
    }
    for (shell, line) in [
        ("sh", format!("npx mcp-remote '{URL}?a=1&b=(2)'")),
        ("powershell", format!("& npx mcp-remote@latest \"{URL}?a=1&b=(2)\"")),
        ("cmd", format!("\"npx -y mcp-remote \"{URL}?a=1&b=(2)\"\"")),
    ] {
        let option = if shell == "cmd" { "/c" } else { "-c" };
        let url = format!("{URL}?a=1&b=(2)");
        assert_eq!(found(&[shell, option, &line]), started(MCP_REMOTE, &[&url]), "{line}");
    }
    let quoted = format!("exec npx mcp-remote {URL} --header \"X-Key: ${{KEY}} b\"");
    let expected = started(MCP_REMOTE, &[URL, "--header", "X-Key: ${KEY} b"]);
    assert_eq!(found(&["sh", "-c", &quoted]), expected);
}

#[test]
fn other_bridges_are_translated() {
    for start in [
        &["uvx", "mcp-proxy"][..],
        &["uvx", "--from", "mcp-proxy==0.8", "mcp-proxy"],
        &["pipx", "run", "mcp-proxy"],
        &["uv", "tool", "run", "mcp-proxy@latest"],
        &["python3", "-m", "mcp_proxy"],
        &["docker", "run", "-i", "--rm", "ghcr.io/sparfenyuk/mcp-proxy:latest"],
        &["python3.12", "-um", "mcp_proxy"],
        &["python", "-u", "-X", "utf8", "-m", "mcp_proxy"],
        &["py", "-3.12", "-m", "mcp_proxy"],
    ] {
        let words = [start, &["--transport", "streamablehttp", "-H", "X-Key", "a b", URL]].concat();
        assert_eq!(found(&words), started(MCP_PROXY, &[URL, "--header", "X-Key:a b"]), "{start:?}");
    }
    let expected = started(MCP_PROXY, &[URL, "--transport", "sse-first"]);
    assert_eq!(found(&["mcp-proxy", URL]), expected);
    let token = [("API_ACCESS_TOKEN".to_owned(), "x".to_owned())];
    let words = ["mcp-proxy".to_owned(), URL.to_owned()];
    let Some(OtherBridge::Started { arguments, .. }) = other_bridge(&words, &token) else {
        panic!("it is started");
    };
    assert_eq!(arguments.last().unwrap(), "Authorization:Bearer ${API_ACCESS_TOKEN}");
    let words = [
        "npx",
        "-y",
        "supergateway",
        "--streamableHttp",
        URL,
        "--header",
        "A: b",
        "--oauth2Bearer=t",
        "--logLevel",
        "none",
        "--outputTransport",
        "stdio",
    ];
    let expected = [
        URL,
        "--transport",
        "http-first",
        "--header",
        "A: b",
        "--header",
        "Authorization:Bearer t",
    ];
    assert_eq!(found(&words), started(SUPERGATEWAY, &expected));
}

#[test]
fn what_cannot_be_replaced_says_why() {
    for (words, reason) in [
        (&["sh", "-c", "cd /srv && npx mcp-remote https://mcp.example.com/mcp"][..], "directly"),
        (&["sh", "-c", "npx mcp-remote $URL"], "directly"),
        (&["bash", "-c", "npx mcp-remote https://a.example --header \"X: $(key)\""], "directly"),
        (&["pwsh", "-c", "npx mcp-remote $env:URL"], "directly"),
        (&["sh", "-c", "npx mcp-remote https://a.example --header X:\\ b"], "directly"),
        (&["sh", "-c", "npx mcp-remote \"https://a.example/$KEY\""], "directly"),
        (&["sh", "-c", "npx mcp-remote https://a.example # mine"], "directly"),
        (&["sh", "-c", "NODE_OPTIONS=-x npx mcp-remote https://a.example"], "sets `NODE_OPTIONS`"),
        (&["powershell", "-File", "x.ps1", "mcp-remote", URL], "directly"),
        (&["cmd", "/c", "chcp 65001 >nul && npx mcp-remote https://a.example"], "directly"),
        (&["op", "run", "--", "npx", "mcp-remote", URL], "what `op` does"),
        (&["ssh", "host", "npx", "mcp-remote", URL], "what `ssh` does"),
        (&["sudo", "-u", "a", "npx", "mcp-remote", URL], "what `sudo` does"),
        (&["npx", "-y", "other-package", "mcp-remote", URL], "directly"),
        (&["env", "TOKEN=x", "npx", "mcp-remote", URL], "sets `TOKEN`"),
        (&["npx", "-y", "mcp-remote"], "no URL"),
        (&["npx", "-y mcp-remote https://mcp.example.com/mcp"], "directly"),
        (&["docker", "run", "-v", "/a:/b", "node", "npx", "mcp-remote", URL], "has `-v`"),
        (&["docker", "run", "-e", "A=b", "node", "npx", "mcp-remote", URL], "has `-e`"),
        (
            &["docker", "run", "node", "npx", "mcp-remote", "http://host.docker.internal/"],
            "containers",
        ),
        (&["docker", "exec", "x", "npx", "mcp-remote", URL], "directly"),
        (&["cmd", "/c", "npx mcp-remote %URL%"], "directly"),
        (&["mcp-proxy", "--port", "8080", "uvx", "mcp-server-fetch"], "`--port`"),
        (&["mcp-proxy", "uvx"], "to others"),
        (&["npx", "supergateway", "--stdio", "npx x", "--port", "8000"], "to others"),
        (&["npx", "supergateway", "--sse", URL, "--cors"], "`--cors`"),
    ] {
        let Some(OtherBridge::Kept { reason: said, .. }) = found(words) else {
            panic!("{words:?}");
        };
        assert!(said.contains(reason), "{words:?}: {said}");
    }
}

#[test]
fn other_programs_are_left_alone() {
    for words in [
        &["npx", "-y", "other-package", URL][..],
        &["mcp-tether", URL],
        &["docker", "run", "x", URL],
        &[],
    ] {
        assert_eq!(found(words), None, "{words:?}");
    }
}
