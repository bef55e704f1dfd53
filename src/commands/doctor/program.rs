//! Checks which program this is. Its path shows how it was installed and how to update it.

use std::path::Path;

use super::check::Check;
use crate::commands::host_entries::own_program;
use crate::environment::Environment;
use crate::redact::plain;

/// Checks version, file, how it was installed, and `PATH`.
pub(super) fn checks(environment: &Environment) -> Vec<Check> {
    use std::env::consts::{ARCH, OS};
    let version = env!("CARGO_PKG_VERSION");
    let mut checks = vec![Check::ok("version", format!("mcp-tether {version}, {ARCH}-{OS}"))];
    match own_program(environment) {
        Ok(program) => {
            let (origin, update) = origin(&program.replace('\\', "/"));
            checks.push(Check::ok("file", format!("`{}`", plain(&program))));
            checks.push(Check::ok("installed", format!("{origin}; to update, {update}")));
        }
        Err(error) => checks.push(Check::error("file", &error)),
    }
    checks.push(on_path(environment));
    checks
}

/// Checks `PATH`, in which hosts look for a program without a path; theirs is often shorter than a
/// shell's.
fn on_path(environment: &Environment) -> Check {
    let path = environment.non_empty("PATH").unwrap_or_default();
    let name = format!("mcp-tether{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|f| f.is_file());
    match found {
        Some(found) => Check::ok("on PATH", format!("`mcp-tether` is `{}`", found.display())),
        None => Check::warn("on PATH", "a host cannot find `mcp-tether` without its path")
            .next("`mcp-tether install URL --host NAME` writes the absolute path"),
    }
}

/// How the program was installed, and how to update it.
fn origin(program: &str) -> (&'static str, &'static str) {
    let holds = |part: &str| program.contains(part);
    if holds("/_npx/") {
        ("started by npx", "run `npx -y mcp-tether@latest`")
    } else if holds("/node_modules/") {
        ("installed by npm", "run `npm update -g mcp-tether`")
    } else if holds("/Cellar/") || holds("/homebrew/") || holds("/linuxbrew/") {
        ("installed by Homebrew", "run `brew upgrade mcp-tether`")
    } else if holds("/scoop/") {
        ("installed by Scoop", "run `scoop update mcp-tether`")
    } else if holds("/WinGet/") {
        ("installed by winget", "run `winget upgrade mcp-tether`")
    } else if holds("/nix/store/") || holds("/.nix-profile/") {
        ("installed by Nix", "run `nix profile upgrade mcp-tether`")
    } else if holds("/.cargo/bin/") {
        ("installed by Cargo", "run `cargo install mcp-tether --locked`")
    } else if holds("/target/debug/") || holds("/target/release/") {
        ("built in a clone", "run `git pull` and `cargo build --release`")
    } else if program.starts_with("/usr/bin/") {
        ("installed by a package manager", "use that package manager")
    } else if Path::new(program).parent().is_some_and(|folder| folder.ends_with(".local/bin")) {
        ("installed by install.sh", "run `sh install.sh`")
    } else {
        ("installed manually", "replace the file")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_file_lies_tells_how_it_is_updated() {
        for (program, update) in [
            ("/home/s/.npm/_npx/1/node_modules/x/bin/mcp-tether", "run `npx -y mcp-tether@latest`"),
            ("/usr/lib/node_modules/x/bin/mcp-tether", "run `npm update -g mcp-tether`"),
            ("/home/s/.cargo/bin/mcp-tether", "run `cargo install mcp-tether --locked`"),
            ("/home/s/.local/bin/mcp-tether", "run `sh install.sh`"),
            ("/opt/homebrew/bin/mcp-tether", "run `brew upgrade mcp-tether`"),
            ("/usr/bin/mcp-tether", "use that package manager"),
            ("/opt/bin/mcp-tether", "replace the file"),
        ] {
            assert_eq!(origin(program).1, update, "{program}");
        }
    }
}
