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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::CheckVerdict;

    fn shown(check: &Check) -> String {
        format!("{} {}: {}", check.verdict.word(), check.name, check.says)
    }

    #[test]
    fn a_machine_without_a_home_folder_is_told_what_to_set() {
        let environment = Environment::fixed([]);
        let home = home(&environment);
        assert_eq!(shown(&home), "warn home: there is no home folder: `HOME` is not set");
        let state = state(&environment);
        assert_eq!(state.verdict, CheckVerdict::Fail, "{}", state.says);
        assert!(state.next.unwrap().contains("MCP_TETHER_STATE_DIR"));
    }

    #[test]
    fn the_state_folder_is_there_or_can_be_created() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let environment = Environment::fixed([("HOME", home)]);
        let check = || shown(&state(&environment));
        let path = folder.path().join("state");
        let usual = format!("ok state folder: `{}`", path.display());
        assert_eq!(check(), format!("{usual}, which is created when it is needed"));
        std::fs::create_dir(&path).unwrap();
        assert_eq!(check(), usual);
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(check().starts_with("fail state folder: "), "a file is in its place: {}", check());
    }

    #[test]
    fn proxies_are_shown_without_their_credentials() {
        for (name, value, expected) in [
            ("HTTPS_PROXY", "http://proxy:8080", "ok proxy: `HTTPS_PROXY` is `http://proxy:8080/`"),
            ("https_proxy", "proxy:8080", "ok proxy: `https_proxy` is `http://proxy:8080/`"),
            ("ALL_PROXY", "socks5://proxy:1080", "ok proxy: `ALL_PROXY` is `socks5://proxy:1080`"),
            ("NO_PROXY", "a,b", "ok proxy: `NO_PROXY` lists hosts to connect to directly"),
        ] {
            assert_eq!(shown(&proxy(name, value)), expected);
        }
        let secret = shown(&proxy("HTTPS_PROXY", "http://sara:canary@proxy:8080"));
        assert!(secret.starts_with("ok proxy: ") && !secret.contains("canary"), "{secret}");
        let wrong = proxy("HTTPS_PROXY", "http://");
        assert_eq!(wrong.verdict, CheckVerdict::Warn);
        assert!(wrong.next.unwrap().contains("correct `HTTPS_PROXY`"));
    }

    #[test]
    fn every_proxy_that_is_set_is_listed_and_none_is_said_to_be_none() {
        let environment = Environment::fixed([
            ("https_proxy", "http://a:1"),
            ("HTTP_PROXY", ""),
            ("NO_PROXY", "localhost"),
        ]);
        let names: Vec<_> = proxies(&environment).iter().map(shown).collect();
        assert_eq!(names.len(), 2, "an empty variable counts as unset: {names:?}");
        let none = proxies(&Environment::fixed([]));
        assert_eq!(shown(&none[0]), "ok proxy: none in the environment");
    }

    #[test]
    fn authorities_that_cannot_be_read_fail_unless_other_programs_own_the_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "").unwrap();
        let (there, file) = (folder.path().to_str().unwrap(), file.to_str().unwrap());
        let missing = folder.path().join("none");
        let missing = missing.to_str().unwrap();
        for (name, value, verdict) in [
            ("SSL_CERT_FILE", file, CheckVerdict::Ok),
            ("SSL_CERT_FILE", missing, CheckVerdict::Fail),
            ("SSL_CERT_DIR", there, CheckVerdict::Ok),
            ("SSL_CERT_DIR", file, CheckVerdict::Fail),
            ("SSL_CERT_DIR", missing, CheckVerdict::Fail),
            ("NODE_EXTRA_CA_CERTS", file, CheckVerdict::Ok),
            ("NODE_EXTRA_CA_CERTS", missing, CheckVerdict::Warn),
        ] {
            let check = authority(name, value);
            assert_eq!(check.verdict, verdict, "{name} {value}: {}", check.says);
            let is_hint = check.next.is_some_and(|next| next.contains("--ca-cert"));
            assert_eq!(is_hint, verdict != CheckVerdict::Ok, "{name} {value}");
        }
        let usual = authorities(&Environment::fixed([("SSL_CERT_FILE", "")]));
        assert_eq!(shown(&usual[0]), "ok authorities: those of the system");
    }

    #[test]
    fn settings_are_read_and_their_errors_shown() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let environment = Environment::fixed([("HOME", home)]);
        let none = settings(&Flags::default(), &environment);
        assert_eq!(shown(&none[0]), "ok settings: no settings file, defaults in effect");
        let path = folder.path().join("mine.toml");
        let flags = Flags { config: path.to_str().map(str::to_owned), values: Vec::new() };
        std::fs::write(&path, "[defaults]\nscope = \"a\"\n").unwrap();
        let read = settings(&flags, &environment);
        assert_eq!(shown(&read[0]), format!("ok settings: read from `{}`", path.display()));
        std::fs::write(&path, "[defaults\n").unwrap();
        let broken = settings(&flags, &environment);
        assert_eq!((broken.len(), broken[0].verdict), (1, CheckVerdict::Fail));
    }
}
