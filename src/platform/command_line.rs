//! A program and its arguments, written as one text. It is never passed to a shell, so it has no
//! variables, pipes or patterns. Runs nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::redact::looks_like_key;
use crate::shell_words::shell_word;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

impl CommandLine {
    /// Splits a text into words like a shell, without expanding anything. `None` if a quotation
    /// mark is not closed, or if there is no word. On Windows a backslash is part of a path.
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_with(text, cfg!(windows))
    }

    fn parse_with(text: &str, backslash_is_literal: bool) -> Option<Self> {
        let words = if backslash_is_literal {
            shlex::split(&with_literal_backslashes(text))
        } else {
            shlex::split(text)
        };
        let mut words = words?.into_iter();
        let program = words.next().filter(|program| !program.is_empty())?;
        Some(Self { program, arguments: words.collect() })
    }

    /// Joins words to a text that [`CommandLine::parse`] splits into the same words. `None` if
    /// there is no word, or one contains a null character.
    pub fn text_of(words: &[String]) -> Option<String> {
        let is_empty = words.first().is_none_or(String::is_empty);
        let joined = shlex::try_join(words.iter().map(String::as_str)).ok()?;
        (!is_empty).then_some(joined)
    }

    /// The program as written.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The arguments.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// The same command with another program.
    #[must_use]
    pub fn with_program(self, program: String) -> Self {
        Self { program, ..self }
    }

    /// Finds the program's file: an absolute path, or a name in the folders of `PATH`. Relative
    /// folders in `PATH` do not count: the host chooses the working directory, and a cloned project
    /// must not supply the program. `extensions` is `PATHEXT` on Windows.
    pub(super) fn file(
        &self,
        path: &str,
        extensions: &[String],
        exists: impl Fn(&Path) -> bool,
    ) -> Result<PathBuf, NoProgram> {
        let written = Path::new(&self.program);
        let found = |file: &Path| {
            let with = |ending: &String| PathBuf::from(format!("{}{ending}", file.display()));
            let named = extensions.iter().map(with);
            let is_named = extensions.is_empty() || file.extension().is_some();
            let bare = is_named.then(|| file.to_owned());
            bare.into_iter().chain(named).find(|file| exists(file))
        };
        if written.is_absolute() {
            return found(written).ok_or(NoProgram::Missing);
        }
        if written.components().count() != 1 || self.program.contains(['/', '\\']) {
            return Err(NoProgram::Relative);
        }
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let mut files = folders.filter_map(|folder| found(&folder.join(written)));
        files.next().ok_or(NoProgram::NotInPath)
    }
}

/// Written for a shell, without words that look like secrets.
impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, word) in std::iter::once(&self.program).chain(&self.arguments).enumerate() {
            let space = if number == 0 { "" } else { " " };
            write!(f, "{space}{}", shown(word))?;
        }
        Ok(())
    }
}

/// Why the program was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoProgram {
    /// There is no program at the absolute path.
    Missing,
    /// The path is relative.
    Relative,
    /// The name is in no folder of `PATH`.
    NotInPath,
}

/// Hides text that looks like a key, also after `=`.
fn shown(word: &str) -> String {
    match word.split_once('=') {
        Some((name, value)) if looks_like_key(value) => format!("{}=…", shell_word(name)),
        _ if looks_like_key(word) => "…".to_owned(),
        _ => shell_word(word),
    }
}

/// Doubles backslashes outside of single quotes, because the splitter takes them as escapes there.
fn with_literal_backslashes(text: &str) -> String {
    let (mut in_single, mut in_double) = (false, false);
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' if !in_double => in_single = !in_single,
            '"' if !in_single => in_double = !in_double,
            '\\' if !in_single => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, is_windows: bool) -> Option<Vec<String>> {
        let command = CommandLine::parse_with(text, is_windows)?;
        Some(std::iter::once(command.program).chain(command.arguments).collect())
    }

    #[test]
    fn words_are_split_like_those_of_a_shell() {
        let split = |text| words(text, false).map(|words| words.join("|"));
        assert_eq!(split("op read 'op://a b/c'").unwrap(), "op|read|op://a b/c");
        assert_eq!(split(r#"a "b \"c" d\ e $HOME;*"#).unwrap(), r#"a|b "c|d e|$HOME;*"#);
        for refused in ["", "  ", "'a", "\"a", "'' b"] {
            assert_eq!(split(refused), None, "{refused}");
        }
        let windows = words(r#""C:\Program Files\x.cmd" a\b 'c\d'"#, true).unwrap();
        assert_eq!(windows, [r"C:\Program Files\x.cmd", r"a\b", r"c\d"]);
    }

    #[test]
    fn words_of_a_settings_file_come_back_as_they_were() {
        for program in ["a", r"C:\Program Files\x.cmd", "/a b/c"] {
            let original = [program, "it's", "", "a\"b", r"\\", "$x"].map(str::to_owned);
            let text = CommandLine::text_of(&original).unwrap();
            assert_eq!(words(&text, false).unwrap(), original, "{text}");
        }
        assert_eq!(CommandLine::text_of(&[]), None);
        assert_eq!(CommandLine::text_of(&[String::new()]), None);
        assert_eq!(CommandLine::text_of(&["a\0".to_owned()]), None);
    }

    /// S-71: a cloned project does not supply the program.
    #[test]
    #[cfg(unix)]
    fn a_program_is_never_looked_for_in_the_folder_of_the_host() {
        let file = |text: &str, there: &'static str| {
            let command = CommandLine::parse_with(text, false).unwrap();
            command.file(".:bin::/usr/bin", &[], |file| file == Path::new(there))
        };
        assert_eq!(file("op x", "/usr/bin/op"), Ok("/usr/bin/op".into()));
        assert_eq!(file("/opt/op", "/opt/op"), Ok("/opt/op".into()));
        assert_eq!(file("/opt/op", "/usr/bin/op"), Err(NoProgram::Missing));
        for there in ["./op", "bin/op", "op"] {
            assert_eq!(file("op", there), Err(NoProgram::NotInPath), "{there}");
        }
        for relative in ["./op", "bin/op", "..", "a\\\\op"] {
            assert!(file(relative, "/usr/bin/op").is_err(), "{relative}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn endings_of_programs_are_tried_in_their_order() {
        let endings = [".COM", ".EXE", ".CMD"].map(str::to_owned);
        let file = |text: &str, there: &'static [&'static str]| {
            let command = CommandLine::parse_with(text, false).unwrap();
            let exists = |file: &Path| there.iter().any(|one| file == Path::new(one));
            command.file("/a:/b", &endings, exists).map(|file| file.display().to_string())
        };
        assert_eq!(file("gcloud", &["/a/gcloud", "/a/gcloud.CMD"]).unwrap(), "/a/gcloud.CMD");
        assert_eq!(file("az", &["/b/az.EXE", "/b/az.CMD"]).unwrap(), "/b/az.EXE");
        assert_eq!(file("x.cmd", &["/a/x.cmd"]).unwrap(), "/a/x.cmd");
        assert_eq!(file("/b/az", &["/b/az.CMD"]).unwrap(), "/b/az.CMD");
    }

    /// S-70
    #[test]
    fn a_command_is_shown_without_what_looks_like_a_key() {
        let command = CommandLine::parse_with(
            "op read 'a b' --key=ghp_0123456789abcdefghijABCDEFGHIJ",
            false,
        );
        assert_eq!(command.unwrap().to_string(), "op read 'a b' --key=…");
    }
}
