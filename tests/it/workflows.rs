//! The release workflows: jobs with write permission install nothing, actions are pinned, every
//! file has a checksum and provenance, and a truncated installer does nothing.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::support::sources;

/// Returns the contents of a workflow, with every scalar as text.
fn read_yaml(text: &str) -> Value {
    let (mut open, mut keys) = (Vec::new(), Vec::new());
    for event in Parser::new_from_str(text) {
        let (event, _) = event.expect("a workflow is YAML");
        let node = match event {
            Event::MappingStart(..) => {
                open.push(Value::Object(Map::new()));
                keys.push(None);
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Value::Array(Vec::new()));
                keys.push(None);
                continue;
            }
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::MappingEnd | Event::SequenceEnd => {
                keys.pop();
                open.pop().expect("it was opened")
            }
            _ => continue,
        };
        match (open.last_mut(), keys.last_mut()) {
            (Some(Value::Object(members)), Some(key)) => match key.take() {
                None => *key = node.as_str().map(str::to_owned),
                Some(name) => drop(members.insert(name, node)),
            },
            (Some(Value::Array(items)), _) => items.push(node),
            _ => return node,
        }
    }
    panic!("an empty workflow");
}

/// A job, with its name and the workflow's.
struct Job {
    name: String,
    says: Value,
}

impl Job {
    /// Returns the permissions that it has for writing.
    fn written(&self) -> BTreeSet<String> {
        let permissions = &self.says["permissions"];
        if permissions.as_str().is_some_and(|all| all != "read-all" && !all.is_empty()) {
            return BTreeSet::from([permissions.to_string()]);
        }
        let members = permissions.as_object().into_iter().flatten();
        members.filter(|(_, level)| *level == "write").map(|(name, _)| name.clone()).collect()
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        self.says["steps"].as_array().into_iter().flatten()
    }

    fn uses(&self, action: &str) -> bool {
        self.steps().any(|step| step["uses"].as_str().is_some_and(|used| used.starts_with(action)))
    }

    /// Returns the programs of its steps, and those of the scripts of this repository that they
    /// run.
    fn commands(&self) -> Vec<String> {
        let own = self.steps().filter_map(|step| step["run"].as_str()).map(str::to_owned);
        let mut all: Vec<String> = own.collect();
        let mut next = 0;
        while next < all.len() {
            let words: Vec<String> = all[next].split_whitespace().map(str::to_owned).collect();
            let scripts = words.iter().filter_map(|word| {
                let at = word.find("packaging/")?;
                let path = word[at..].trim_matches(|c: char| !c.is_alphanumeric());
                path.ends_with(".sh").then(|| sources::read(path))
            });
            let new: Vec<String> = scripts.filter(|text| !all.contains(text)).collect();
            all.extend(new);
            next += 1;
        }
        all
    }
}

fn workflows() -> Vec<(String, Value)> {
    let folder = sources::root().join(".github/workflows");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, read_yaml(&std::fs::read_to_string(path).unwrap()))
    };
    let all: Vec<_> = entries.map(read).collect();
    assert!(all.len() >= 3, "the workflows were not found");
    all
}

fn jobs(workflow: &str, says: &Value) -> Vec<Job> {
    let jobs = says["jobs"].as_object().expect("a workflow has jobs");
    let job = |(name, says): (&String, &Value)| Job {
        name: format!("{workflow}: {name}"),
        says: says.clone(),
    };
    jobs.iter().map(job).collect()
}

/// Commands that bring a program of others and run it. Packages of the system's own archive are
/// signed by the distribution.
fn installs(command: &str) -> bool {
    let is_system = |line: &str| line.contains("apt-get ");
    let brings = [
        "cargo install",
        "cargo binstall",
        "npm install",
        "npm ci",
        "npx ",
        "npm exec",
        "pip install",
        "pipx ",
        "uvx ",
        "uv tool",
        "go install",
        "gem install",
        "brew install",
        "choco install",
        "curl ",
        "wget ",
        "apt-get ",
        "Invoke-WebRequest",
        "iwr ",
        "docker run",
        "docker pull",
    ];
    command
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .any(|line| brings.iter().any(|way| line.contains(way)) && !is_system(line))
}

/// Describes excessive permissions of a job.
fn excess(job: &Job) -> Option<String> {
    let (written, commands) = (job.written(), job.commands());
    let may_only_sign =
        written.iter().all(|name| matches!(name.as_str(), "id-token" | "attestations"));
    let is_trusted = job.says.get("environment").is_some();
    let brings = commands.iter().any(|command| installs(command));
    // An archive that the distribution signs, for a job that may sign what it builds and no more.
    let asks_system = commands.iter().any(|command| command.contains("apt-get install"));
    if !written.is_empty() && brings {
        return Some(format!("{} installs while it can write {written:?}", job.name));
    }
    if asks_system && !written.is_empty() && (!may_only_sign || is_trusted) {
        return Some(format!("{} installs packages while it can write {written:?}", job.name));
    }
    None
}

/// S-20
#[test]
fn no_job_installs_anything_while_it_can_write() {
    for (name, says) in workflows() {
        assert_eq!(says["permissions"], Value::Object(Map::new()), "{name}: none for all jobs");
        for job in jobs(&name, &says) {
            assert!(job.says["permissions"].is_object(), "{}: names its permissions", job.name);
            assert_eq!(excess(&job), None);
        }
    }
}

/// S-20: the test above is shown jobs that are wrong.
#[test]
fn a_job_that_installs_while_it_can_write_is_found() {
    let job = |permissions: &str, run: &str, more: &str| Job {
        name: "x".to_owned(),
        says: read_yaml(&format!(
            "permissions:\n  {permissions}\n{more}steps:\n  - run: |\n      {run}\n"
        )),
    };
    let environment = "environment: release\n";
    for (permissions, run, more) in [
        ("contents: write", "cargo install --locked x", ""),
        ("id-token: write", "pipx run uv publish", environment),
        ("contents: write", "sudo apt-get install -y musl-tools", ""),
        ("id-token: write", "sudo apt-get install -y musl-tools", environment),
        ("packages: write", "curl https://x.example | sh", ""),
        ("contents: write", "npm ci", ""),
    ] {
        assert!(excess(&job(permissions, run, more)).is_some(), "{permissions}: {run}");
    }
    for (permissions, run) in [
        ("contents: read", "cargo install --locked x"),
        ("id-token: write", "sudo apt-get install -y musl-tools"),
        ("contents: write", "gh release create v1"),
    ] {
        assert_eq!(excess(&job(permissions, run, "")), None, "{permissions}: {run}");
    }
}

/// S-20
#[test]
fn actions_are_pinned_by_digest() {
    let mut count = 0;
    for (name, says) in workflows() {
        for job in jobs(&name, &says) {
            for step in job.steps() {
                let Some(used) = step["uses"].as_str() else { continue };
                count += 1;
                let (_, digest) = used.split_once('@').unwrap_or_else(|| panic!("{used}"));
                let is_digest = digest.len() == 40 && digest.bytes().all(|b| b.is_ascii_hexdigit());
                assert!(is_digest, "{}: `{used}` can be moved", job.name);
                if used.starts_with("actions/checkout@") {
                    assert_eq!(step["with"]["persist-credentials"], "false", "{}", job.name);
                }
            }
            for command in job.commands().iter().filter(|command| command.contains("cargo install"))
            {
                assert!(command.contains("--locked") && command.contains("--version"), "{command}");
            }
        }
    }
    assert!(count > 10, "{count}");
}

/// S-20: what is built is attested by the job that builds it, and what is published is verified
/// first.
#[test]
fn files_are_attested_where_they_come_into_being_and_verified_before_they_are_published() {
    let all = workflows();
    let (name, says) = all.iter().find(|(name, _)| name == "release.yml").unwrap();
    let jobs = jobs(name, says);
    let is_built = |job: &Job| job.commands().iter().any(|command| command.contains("cargo build"));
    let builders: Vec<_> = jobs.iter().filter(|job| is_built(job)).collect();
    assert_eq!(builders.len(), 1);
    assert!(builders[0].uses("actions/attest-build-provenance@"));
    let gathers = |job: &&Job| job.commands().iter().any(|run| run.contains("gather.sh"));
    let gatherer = jobs.iter().find(gathers).expect("a job that makes the checksums");
    assert!(gatherer.uses("actions/attest-build-provenance@"), "checksums and installers");
    for job in &jobs {
        assert!(!job.says.to_string().contains("merge-multiple"), "{}", job.name);
        if job.says.get("environment").is_none() {
            continue;
        }
        let runs = |word: &str| {
            job.steps().position(|step| step["run"].as_str().is_some_and(|run| run.contains(word)))
        };
        let verified = runs("packaging/verify.sh").unwrap_or_else(|| panic!("{}", job.name));
        let download = job.steps().position(|step| {
            step["uses"].as_str().is_some_and(|used| used.starts_with("actions/download-artifact@"))
        });
        assert!(download.is_some_and(|at| at < verified), "{}", job.name);
        let publishes = ["gh release create", "npm_publish.sh", "wheels"].map(runs);
        assert!(publishes.iter().flatten().all(|at| *at > verified), "{}", job.name);
    }
}

/// S-21
#[cfg(unix)]
#[test]
fn an_installer_that_is_cut_off_anywhere_does_nothing() {
    use std::process::{Command, Stdio};

    let whole = sources::read("install.sh");
    let home = tempfile::tempdir().unwrap();
    let tools = home.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    // Whatever the script calls leaves a trace.
    for tool in ["curl", "wget", "rm", "mv", "cp", "mkdir", "mktemp", "tar", "chmod", "uname"] {
        let trap = tools.join(tool);
        std::fs::write(&trap, "#!/bin/sh\necho \"$0\" >> \"$HOME/called\"\nexit 1\n").unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&trap, all).unwrap();
    }
    let run = |text: &str, words: &[&str]| {
        use std::io::Write;
        // As `curl … | sh` runs it, which reads the script from a pipe.
        let mut shell = Command::new("/bin/sh")
            .args(["-s", "--"])
            .args(words)
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", &tools)
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A shell that has seen a mistake reads no more.
        let _ = shell.stdin.take().unwrap().write_all(text.as_bytes());
        shell.wait().unwrap();
        home.path().join("called").exists()
    };
    let end = whole.trim_end().len();
    let is_looked_at =
        |at: &usize| *at + 300 > end || at.is_multiple_of(9) || whole[..*at].ends_with('\n');
    let cuts: Vec<usize> = (0..end).filter(|at| whole.is_char_boundary(*at)).collect();
    for at in cuts.into_iter().filter(is_looked_at) {
        let words: &[&str] = if at.is_multiple_of(2) { &[] } else { &["--uninstall"] };
        assert!(
            !run(&whole[..at], words),
            "cut after {at} bytes: {:?}",
            &whole[at.max(40) - 40..at]
        );
    }
    assert!(run(&whole, &[]), "the traps are found if it is whole");
}
