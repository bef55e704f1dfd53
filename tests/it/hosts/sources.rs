//! The list of files in `docs/hosts/README.md` is that of the table, with how each row is known.

use std::path::Path;

use mcp_tether::hosts::{Evidence, HOSTS, HostFolders, KnownHost, OperatingSystem, Scope};

use crate::support::{pages::assert_page, sources};

const START: &str = "<!-- written by tests/it/hosts/sources.rs -->\n";

#[test]
fn the_list_of_files_says_how_each_of_them_is_known() {
    let text = sources::read("docs/hosts/README.md");
    let (before, _) = text.split_once(START).expect("the mark of the list");
    let expected = [before, START, &list()].concat();
    assert_page("docs/hosts/README.md", &expected);
}

fn list() -> String {
    let mut list =
        "| host | file on Linux | on macOS | on Windows | in a project | key | comments \
                    | variables that move it | known by |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for host in &HOSTS {
        let systems = [OperatingSystem::Linux, OperatingSystem::MacOs, OperatingSystem::Windows];
        let [linux, macos, windows] = systems.map(|system| file(host, system));
        let same = |path: &str, other: &str| {
            if path == other && path != "–" { "the same".to_owned() } else { path.to_owned() }
        };
        let (macos, windows) = (same(&macos, &linux), same(&windows, &linux));
        let project = host.file(Scope::Project, &folders(OperatingSystem::Linux));
        let project = project.map_or_else(|| "–".to_owned(), |path| shown(&path));
        let key = format!("`{}`", host.sections[0].join("."));
        let comments = if host.accepts_comments { "yes" } else { "no" };
        let mut variables: Vec<String> = host.variables().map(|name| format!("`{name}`")).collect();
        variables.sort();
        variables.dedup();
        let variables = variables.join(", ");
        let known: Vec<String> = host.evidence.iter().map(how).collect();
        let known = known.join("; ");
        let cells =
            [host.title, &linux, &macos, &windows, &project, &key, comments, &variables, &known];
        list += &format!("| {} |\n", cells.join(" | "));
    }
    list
}

fn file(host: &KnownHost, system: OperatingSystem) -> String {
    host.file(Scope::User, &folders(system)).map_or_else(|| "–".to_owned(), |path| shown(&path))
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.to_str().unwrap())
}

fn folders(system: OperatingSystem) -> HostFolders {
    let settings = match system {
        OperatingSystem::Linux => "~/.config",
        OperatingSystem::MacOs => "~/Library/Application Support",
        OperatingSystem::Windows => "%APPDATA%",
    };
    HostFolders {
        system,
        home: Some("~".into()),
        settings: Some(settings.into()),
        config: Some("~/.config".into()),
        local: Some("%LOCALAPPDATA%".into()),
        project: Some("".into()),
        moved: Vec::new(),
    }
}

fn how(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Run(version) => format!("run: {version}"),
        Evidence::Code(place) => format!("its code: {place}"),
        Evidence::Schema(place) => format!("its schema: {place}"),
        Evidence::Documentation(place) => format!("its documentation: {place}"),
        Evidence::Reports(place) => format!("reports: {place}"),
    }
}
