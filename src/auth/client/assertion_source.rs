//! Sources of assertions that others issue: a file that another program keeps fresh, such as a
//! projected Kubernetes token, or a command that prints one. Read for every request, because
//! assertions last only minutes. Never logged or shown.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Failure, FailureKind};
use crate::platform::{CommandLine, program_output};
use crate::redact::{Secret, plain};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The largest assertion, in bytes: it goes into a form.
const MAX_BYTES: u64 = 64 * 1024;
/// How long a command, or reading a file that blocks, may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A file or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertionSource {
    /// The file with this path.
    File(PathBuf),
    /// The output of this command; no shell is involved.
    Command(CommandLine),
}

impl AssertionSource {
    /// Reads the current assertion; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// It cannot be read, is not one word, or has expired.
    pub(crate) async fn read(&self, now: u64) -> Result<Secret<String>, Failure> {
        let bytes = match self {
            Self::File(path) => self.file(path.clone()).await?,
            Self::Command(command) => {
                let printed = program_output(command, TIMEOUT).await;
                printed.map_err(|failed| self.failure(&failed.to_string()))?
            }
        };
        let text =
            std::str::from_utf8(bytes.expose()).map_err(|_| self.failure("it is not text"))?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.len() as u64 >= MAX_BYTES {
            return Err(self.failure(&format!("it is longer than {MAX_BYTES} bytes")));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.failure("it is not one token"));
        }
        match end_of(text) {
            Some(end) if end <= now => {
                Err(self.failure(&format!("it expired {} s ago", now - end)))
            }
            _ => Ok(Secret::new(text.to_owned())),
        }
    }

    async fn file(&self, path: PathBuf) -> Result<Secret<Vec<u8>>, Failure> {
        // A pipe or a network file system may block, so not on this thread.
        let reading = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            let file = std::fs::File::open(path)?;
            std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_BYTES), &mut bytes)?;
            Ok::<_, std::io::Error>(Secret::new(bytes))
        });
        let timed_out = || self.failure(&format!("nothing came in {} s", TIMEOUT.as_secs()));
        let read = tokio::time::timeout(TIMEOUT, reading).await.map_err(|_| timed_out())?;
        let read = read.map_err(|_| self.failure("this process ends"))?;
        read.map_err(|error| self.failure(&error.to_string()))
    }

    fn failure(&self, reason: &str) -> Failure {
        let (what, hint) = match self {
            Self::File(path) => {
                let shown = plain(&path.display().to_string());
                let hint = "have the program that writes it put a fresh token there: it is read \
                            again for every request";
                (format!("the file `{shown}`"), hint)
            }
            Self::Command(command) => {
                let shown = plain(command.program());
                let hint = "run it in a terminal: it has to print one token and end with 0";
                (format!("the command `{shown}`"), hint)
            }
        };
        Failure::new(FailureKind::AuthFailed, format!("no token from {what}: {reason}")).hint(hint)
    }
}

/// The expiry of a JWT, in seconds since 1970; `None` for other tokens and for JWTs without one.
pub(crate) fn end_of(token: &str) -> Option<u64> {
    let claims = claims_of(token)?;
    let end = claims.get("exp")?;
    end.as_u64().or_else(|| end.as_f64().filter(|end| *end >= 0.0).map(|end| end as u64))
}

/// The audiences of a JWT; none for other tokens.
pub(crate) fn audiences_of(token: &str) -> Vec<String> {
    match claims_of(token).and_then(|mut claims| claims.get_mut("aud").map(Value::take)) {
        Some(Value::String(audience)) => vec![audience],
        Some(Value::Array(members)) => {
            members.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The claims of a JWT, unverified: the server that accepts it verifies them.
fn claims_of(token: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    async fn read(text: &[u8]) -> Result<Secret<String>, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, text).unwrap();
        AssertionSource::File(path).read(100).await
    }

    /// A-102
    #[tokio::test]
    async fn a_file_with_one_token_is_read_and_anything_else_is_told() {
        let good = jwt(r#"{"exp":101}"#);
        assert_eq!(*read(format!("\u{feff}{good}\n").as_bytes()).await.unwrap().expose(), good);
        assert!(read(b"opaque").await.is_ok(), "what is no JWT is for the server to judge");
        let ended = jwt(r#"{"exp":40}"#);
        for (text, named) in [
            (b"".as_slice(), "not one token"),
            (b"hunter2 hunter2", "not one token"),
            (b"hunter2\xff", "not text"),
            (&vec![b'x'; 70_000], "longer"),
            (ended.as_bytes(), "expired 60 s ago"),
        ] {
            let failure = read(text).await.unwrap_err();
            assert!(failure.message.contains(named), "{named}: {}", failure.message);
            assert!(!failure.message.contains("hunter2") && !failure.hint.is_empty());
        }
        for path in ["/absent/token", "/"] {
            assert!(AssertionSource::File(path.into()).read(0).await.is_err(), "{path}");
        }
    }

    /// A-102
    #[test]
    fn the_audience_is_one_or_several_or_unsaid() {
        assert_eq!(audiences_of(&jwt(r#"{"aud":"a"}"#)), ["a"]);
        assert_eq!(audiences_of(&jwt(r#"{"aud":["a","b",7]}"#)), ["a", "b"]);
        for unsaid in [jwt("{}"), jwt(r#"{"aud":7}"#), "opaque".to_owned()] {
            assert!(audiences_of(&unsaid).is_empty(), "{unsaid}");
        }
    }

    /// A-102
    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_prints_a_token_and_one_that_fails_is_told() {
        let command = |text: &str| AssertionSource::Command(CommandLine::parse(text).unwrap());
        assert_eq!(*command("echo a.b").read(0).await.unwrap().expose(), "a.b");
        for text in ["false", "/absent/program", "true", "yes", "echo a b"] {
            let failure = command(text).read(0).await.unwrap_err();
            assert!(!failure.hint.is_empty(), "{text}: {failure:?}");
        }
    }
}
