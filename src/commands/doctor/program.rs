//! Which program runs here, and how it is brought up to date: told by where its file lies. Updates
//! nothing.

use std::path::Path;

use super::check::Check;
use crate::commands::host_entries::own_program;
use crate::environment::Environment;
use crate::redact::plain;

/// Version, file and origin.
pub fn checks(environment: &Environment) -> Vec<Check> {
    use std::env::consts::{ARCH, OS};
    let version = env!("CARGO_PKG_VERSION");
    let mut checks = vec![Check::ok("version", format!("mcp-tether {version}, {ARCH}-{OS}"))];
    match own_program(environment) {
        Ok(program) => {
            let (origin, update) = origin(&program.replace('\\', "/"));
            checks.push(Check::ok("file", format!("`{}`", plain(&program))));
            checks.push(Check::ok("installed", format!("{origin}; update it with {update}")));
        }
        Err(error) => checks.push(Check::error("file", &error)),
    }
    checks.push(on_path(environment));
    checks
}

/// Hosts that name only the program look for it in `PATH`, and often in a shorter one than a
/// shell's.
fn on_path(environment: &Environment) -> Check {
    let path = environment.non_empty("PATH").unwrap_or_default();
    let name = format!("mcp-tether{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|f| f.is_file());
    match found {
        Some(found) => Check::ok("on PATH", format!("`mcp-tether` is `{}`", found.display())),
        None => Check::warn("on PATH", "a host that is told only `mcp-tether` will not find it")
            .next("`mcp-tether install URL --host NAME` writes the absolute path"),
    }
}

/// How it came here, and the command that replaces it by the newest one.
fn origin(program: &str) -> (&'static str, &'static str) {
    let holds = |part: &str| program.contains(part);
    if holds("/_npx/") {
        ("started by npx", "`npx -y mcp-tether@latest`")
    } else if holds("/node_modules/") {
        ("installed by npm", "`npm update -g mcp-tether`")
    } else if holds("/Cellar/") || holds("/homebrew/") || holds("/linuxbrew/") {
        ("installed by Homebrew", "`brew upgrade mcp-tether`")
    } else if holds("/scoop/") {
        ("installed by Scoop", "`scoop update mcp-tether`")
    } else if holds("/WinGet/") {
        ("installed by winget", "`winget upgrade mcp-tether`")
    } else if holds("/nix/store/") || holds("/.nix-profile/") {
        ("installed by Nix", "`nix profile upgrade mcp-tether`")
    } else if holds("/.cargo/bin/") {
        ("installed by Cargo", "`cargo install mcp-tether --locked`")
    } else if holds("/target/debug/") || holds("/target/release/") {
        ("built in a clone", "`git pull` and `cargo build --release`")
    } else if program.starts_with("/usr/bin/") {
        ("installed by a package", "the package manager that installed it")
    } else if Path::new(program).parent().is_some_and(|folder| folder.ends_with(".local/bin")) {
        ("installed by install.sh", "`sh install.sh`")
    } else {
        ("put there by hand", "a newer file in its place")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_file_lies_tells_how_it_is_updated() {
        for (program, update) in [
            ("/home/s/.npm/_npx/1/node_modules/x/bin/mcp-tether", "`npx -y mcp-tether@latest`"),
            ("/usr/lib/node_modules/x/bin/mcp-tether", "`npm update -g mcp-tether`"),
            ("/home/s/.cargo/bin/mcp-tether", "`cargo install mcp-tether --locked`"),
            ("/home/s/.local/bin/mcp-tether", "`sh install.sh`"),
            ("/opt/homebrew/bin/mcp-tether", "`brew upgrade mcp-tether`"),
            ("/usr/bin/mcp-tether", "the package manager that installed it"),
            ("/opt/bin/mcp-tether", "a newer file in its place"),
        ] {
            assert_eq!(origin(program).1, update, "{program}");
        }
    }
}
