//! The bridges that are compared, and the folder each of them may call home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::envelope;
use crate::fault::{Fault, Outcome};

/// The place of the URL in a command; without it the URL comes last.
const URL: &str = "{url}";

/// One bridge and how to start it.
#[derive(Clone)]
pub(crate) struct Contender {
    name: String,
    command: Vec<String>,
    home: PathBuf,
    /// A file with a certificate authority beside the system's.
    authority: Option<PathBuf>,
    /// Its wrong or missing answers fail the run.
    required: bool,
}

impl Contender {
    pub(crate) fn new(name: &str, command: Vec<String>, homes: &Path) -> Self {
        Self { name: name.into(), command, home: homes.join(name), authority: None, required: true }
    }

    /// One that is only looked at: what it gets wrong is shown and forgiven.
    pub(crate) fn only_compared(self) -> Self {
        Self { required: false, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn is_required(&self) -> bool {
        self.required
    }

    /// Returns the file of the authority that it trusts besides.
    pub(crate) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// Returns the same bridge, trusting this authority, in PEM form.
    pub(crate) fn trusting(&self, authority: &str) -> Outcome<Self> {
        let file = self.home.join("authority.pem");
        fs::create_dir_all(&self.home).map_err(Fault::from_io("make a home"))?;
        fs::write(&file, authority).map_err(Fault::from_io("write the authority"))?;
        Ok(Self { authority: Some(file), ..self.clone() })
    }

    /// Returns the same bridge in a home where nobody was before.
    pub(crate) fn moved(&self, place: &str) -> Self {
        Self { home: self.home.join(format!("fresh-{place}")), ..self.clone() }
    }

    /// Returns the same bridge, started by another program that is given its command.
    pub(crate) fn under(&self, words: &[&str]) -> Self {
        let mut command: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        command.extend(self.command.iter().cloned());
        Self { command, ..self.clone() }
    }

    /// Returns the same bridge with its sign-ins in files, and once more with one stored for `url`;
    /// `None` for other programs. The token is a program's own, so that nobody has to consent.
    pub(crate) fn signed_in(&self, url: &str, token_url: &str) -> Outcome<Option<[Self; 2]>> {
        if Path::new(&self.command[0]).file_name().is_none_or(|name| name != "mcp-tether") {
            return Ok(None);
        }
        let with = |home: &str, flags: &[&str]| {
            let mut other = Self { home: self.home.join(home), ..self.clone() };
            other.command.extend(flags.iter().map(|flag| (*flag).to_owned()));
            other
        };
        let client = r#"{"client_id":"bench","client_secret":"bench"}"#;
        let store = ["--credential-store", "file"];
        let own = ["--client-credentials", "--token-endpoint", token_url];
        let own = [&own[..], &["--static-oauth-client-info", client], &store].concat();
        let signed_in = with("signed-in", &own);
        fs::create_dir_all(&signed_in.home).map_err(Fault::from_io("make a home"))?;
        let login = Command::new(&self.command[0])
            .args(["login", url])
            .args(&own)
            .env_clear()
            .env("HOME", &signed_in.home)
            .output()
            .map_err(Fault::from_io("sign in"))?;
        match login.status.success() {
            true => Ok(Some([with("not-signed-in", &store), signed_in])),
            false => Err(Fault::new(String::from_utf8_lossy(&login.stderr))),
        }
    }

    pub(crate) fn command(&self, url: &str) -> Vec<String> {
        let mut words: Vec<_> = self.command.iter().map(|word| word.replace(URL, url)).collect();
        if !self.command.iter().any(|word| word.contains(URL)) {
            words.push(url.into());
        }
        words
    }

    /// The version that it prints, or that its package names if an interpreter runs it.
    pub(crate) fn version(&self) -> Option<String> {
        if let Some(script) = self.command.get(1).filter(|script| script.ends_with(".js")) {
            let package = Path::new(script).parent()?.parent()?.join("package.json");
            let package = fs::read(package).ok()?;
            let version = envelope::string(&package, "version")?;
            return Some(String::from_utf8_lossy(version).into_owned());
        }
        let output = Command::new(self.command.first()?).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        text.split_whitespace().last().map(String::from)
    }

    /// Returns the size of a native program; what an interpreter runs has no comparable one.
    pub(crate) fn program_size(&self) -> Option<u64> {
        let program = Path::new(self.command.first()?);
        if program.file_name()? == "node" {
            return None;
        }
        Some(fs::metadata(program).ok()?.len())
    }
}
