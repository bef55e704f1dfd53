//! Checks the environment: folders, settings, proxies and certificate authorities. Prints no
//! credentials from variables.

use std::path::Path;

use url::Url;

use super::check::Check;
use crate::environment::Environment;
use crate::redact::SafeUrl;
use crate::settings::{Flags, Settings};

const PROXIES: [&str; 7] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
];
const AUTHORITIES: [&str; 3] = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"];

/// Checks folders, settings, proxies and certificate authorities.
pub(super) fn checks(flags: &Flags, environment: &Environment) -> Vec<Check> {
    let mut checks = vec![home(environment), state(environment)];
    let paths = environment.paths();
    checks.extend(paths.ignored_variables().iter().map(|ignored| Check::warn("folders", ignored)));
    checks.extend(settings(flags, environment));
    checks.extend(proxies(environment));
    checks.extend(authorities(environment));
    checks
}

fn home(environment: &Environment) -> Check {
    match environment.home() {
        Some(home) => Check::ok("home", format!("`{}`", home.display())),
        None => Check::warn("home", "there is no home folder: `HOME` is not set")
            .next("set `HOME` in the host's configuration"),
    }
}

/// Checks the folder of sign-ins, locks and cached answers.
fn state(environment: &Environment) -> Check {
    let paths = environment.paths();
    let folder = match paths.state() {
        Ok(folder) => folder,
        Err(missing) => return Check::fail("state folder", missing.message).next(missing.hint),
    };
    let existing = folder.ancestors().find(|ancestor| ancestor.exists());
    let shown = folder.display();
    match existing {
        Some(existing) if is_writable(existing) && existing == folder => {
            Check::ok("state folder", format!("`{shown}`"))
        }
        Some(existing) if is_writable(existing) => {
            Check::ok("state folder", format!("`{shown}`, which is created when it is needed"))
        }
        _ => Check::fail("state folder", format!("`{shown}` cannot be written"))
            .next("make it writable, or set `MCP_TETHER_STATE_DIR` to another folder"),
    }
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use rustix::fs::{Access, access};
    folder.is_dir() && access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(folder: &Path) -> bool {
    folder.is_dir()
}

fn settings(flags: &Flags, environment: &Environment) -> Vec<Check> {
    let settings = match Settings::resolve(None, flags, environment) {
        Ok(settings) => settings,
        Err(error) => return vec![Check::error("settings", &error)],
    };
    let mut checks = vec![match &settings.file {
        Some(file) => Check::ok("settings", format!("read from `{}`", file.display())),
        None => Check::ok("settings", "no settings file, defaults in effect"),
    }];
    checks.extend(settings.warnings.iter().map(|warning| Check::warn("settings", warning)));
    checks
}

fn proxies(environment: &Environment) -> Vec<Check> {
    let set = PROXIES.iter().filter_map(|name| Some((*name, environment.non_empty(name)?)));
    let checks: Vec<_> = set.map(|(name, value)| proxy(name, &value)).collect();
    if checks.is_empty() { vec![Check::ok("proxy", "none in the environment")] } else { checks }
}

fn proxy(name: &str, value: &str) -> Check {
    if name.eq_ignore_ascii_case("NO_PROXY") {
        return Check::ok("proxy", format!("`{name}` lists hosts to connect to directly"));
    }
    let with_scheme =
        if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    match Url::parse(&with_scheme) {
        Ok(url) => Check::ok("proxy", format!("`{name}` is `{}`", SafeUrl::new(&url))),
        Err(reason) => Check::warn("proxy", format!("`{name}` is not a URL ({reason})"))
            .next(format!("correct `{name}`, or give `--proxy URL` or `--no-proxy`")),
    }
}

fn authorities(environment: &Environment) -> Vec<Check> {
    let set = AUTHORITIES.iter().filter_map(|name| Some((*name, environment.non_empty(name)?)));
    let checks: Vec<_> = set.map(|(name, value)| authority(name, &value)).collect();
    if checks.is_empty() {
        return vec![Check::ok("authorities", "those of the system")];
    }
    checks
}

fn authority(name: &str, value: &str) -> Check {
    let says = format!("`{name}` is `{value}`");
    let what = match name {
        "SSL_CERT_DIR" => std::fs::read_dir(value).map(drop),
        _ => std::fs::File::open(value).map(drop),
    };
    match what {
        Ok(()) => Check::ok("authorities", says),
        // The bridge ignores it too, because it is meant for other programs.
        Err(error) if name == "NODE_EXTRA_CA_CERTS" => {
            Check::warn("authorities", format!("{says}, which is ignored: {error}"))
                .next("correct the path, or give `--ca-cert FILE`")
        }
        Err(error) => Check::fail("authorities", format!("{says}, which cannot be read: {error}"))
            .next("correct the path, or give `--ca-cert FILE`"),
    }
}
