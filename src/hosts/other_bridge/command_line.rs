//! Splits command lines that are one word of another one: `sh -c`, `cmd /c`, `powershell -Command`,
//! `npx -c`. Only lines that mean the same without the shell are split.

use super::names::{bridge, program};
use super::runners::is_runner;

/// Shells that take a line after `-c`, which may stand among other letters.
const SHELLS: [&str; 7] = ["sh", "bash", "zsh", "dash", "ash", "ksh", "fish"];
/// Options of shells with a value.
const SHELL_OPTIONS: [&str; 5] = ["-o", "+o", "-O", "--rcfile", "--init-file"];
/// Programs that prepare an environment and run a line.
const LINE_RUNNERS: [&str; 4] = ["npx", "npm", "mise", "nix-shell"];
/// Options of these with a value.
const LINE_RUNNER_OPTIONS: [&str; 4] = ["-p", "--package", "--packages", "-A"];
/// Options of PowerShell with a value, by the shortest start that counts.
const POWERSHELL_OPTIONS: [&str; 11] =
    ["ex", "ep", "w", "v", "inp", "if", "o", "configurationn", "cu", "settings", "ps"];

/// The words of the line that this shell runs. `None` if it is not a shell, or has no line.
///
/// # Errors
/// The shell does more with the line than splitting it.
pub(super) fn after_shell(word: &str, rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let name = program(word).to_ascii_lowercase();
    let line = match name.as_str() {
        "powershell" | "pwsh" => return after_powershell(&name, rest),
        "cmd" => return after_cmd(rest),
        _ if SHELLS.contains(&name.as_str()) => given_to_shell(rest),
        _ if LINE_RUNNERS.contains(&name.as_str()) => given_to_runner(&name, rest),
        _ => None,
    };
    let Some(line) = line else { return Ok(None) };
    SHELL.split(line).map(Some).ok_or_else(|| of_its_own(&name))
}

fn of_its_own(shell: &str) -> String {
    format!("it is started through `{shell}`, not directly")
}

/// The line that a shell runs: the first word that is not an option, if one of the options is `-c`.
fn given_to_shell(rest: &[String]) -> Option<&str> {
    let (mut position, mut has_line) = (0, false);
    while let Some(option) = rest.get(position).filter(|word| word.starts_with(['-', '+'])) {
        let is_short = option.starts_with('-') && !option.starts_with("--");
        has_line |= is_short && option.contains('c');
        position += if SHELL_OPTIONS.contains(&option.as_str()) { 2 } else { 1 };
    }
    rest.get(position).filter(|_| has_line).map(String::as_str)
}

/// The line in `npx -c LINE`, `mise exec node@22 -c LINE` or `nix-shell -p nodejs --run LINE`.
fn given_to_runner<'a>(name: &str, rest: &'a [String]) -> Option<&'a str> {
    let takes_words = !matches!(name, "npx" | "npm");
    let mut position = 0;
    while let Some(word) = rest.get(position).filter(|word| *word != "--") {
        match word.as_str() {
            "-c" | "--call" | "--command" | "--run" => {
                return rest.get(position + 1).map(String::as_str);
            }
            option if LINE_RUNNER_OPTIONS.contains(&option) => position += 2,
            option if option.starts_with('-') => {
                let attached = ["--call=", "--command=", "--run="];
                if let Some(line) = attached.iter().find_map(|start| option.strip_prefix(start)) {
                    return Some(line);
                }
                position += 1;
            }
            "exec" | "x" => position += 1,
            word if takes_words && bridge(word).is_none() => position += 1,
            _ => return None,
        }
    }
    None
}

/// `cmd /c "npx -y mcp-remote URL"` is one word, or several, which `cmd` splits at spaces. `None`
/// if they are separate already.
fn after_cmd(rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let is_option = |word: &&String| word.starts_with('/') && word.len() <= 6;
    let options = rest.iter().take_while(is_option).count();
    let Some((line, more)) = rest[options..].split_first() else { return Ok(None) };
    if !line.contains(' ') {
        return Ok(None);
    }
    let line = line.trim();
    // Quotes around the whole line are removed; there may be others within it.
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    let inner = inner.filter(|inner| inner.split(' ').next().is_some_and(|word| !word.is_empty()));
    let whole = CMD.split(line);
    let is_command = |words: &Vec<String>| words.len() > 1 && is_start(&words[0]);
    let words = match inner {
        Some(inner) if !whole.as_ref().is_some_and(is_command) => CMD.split(inner),
        _ => whole,
    };
    let Some(mut words) = words else { return Err(of_its_own("cmd")) };
    if !more.is_empty() && !is_start(&words[0]) {
        // It is a path with a space.
        return Ok(None);
    }
    words.extend_from_slice(more);
    Ok(Some(words))
}

/// Whether a word may begin a line that starts a bridge.
fn is_start(word: &str) -> bool {
    is_runner(word) || bridge(word).is_some()
}

/// PowerShell takes the rest of its words as one line. Windows PowerShell needs no option for that.
fn after_powershell(name: &str, rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let mut position = 0;
    while let Some(word) = rest.get(position) {
        let Some(option) = word.strip_prefix(['-', '/']).map(str::to_ascii_lowercase) else {
            break;
        };
        position += 1;
        if !option.is_empty() && "command".starts_with(&option) {
            return powershell_line(&rest[position..]).map(Some);
        }
        if !option.is_empty()
            && ("file".starts_with(&option) || "encodedcommand".starts_with(&option))
        {
            return Err(of_its_own("powershell"));
        }
        if POWERSHELL_OPTIONS.iter().any(|start| option.starts_with(start)) {
            position += 1;
        }
    }
    let is_line = name == "powershell" && position < rest.len();
    if is_line { powershell_line(&rest[position..]).map(Some) } else { Ok(None) }
}

fn powershell_line(words: &[String]) -> Result<Vec<String>, String> {
    let line = words.join(" ");
    let line = line.trim();
    let line = line.strip_prefix('&').unwrap_or(line);
    POWERSHELL.split(line).ok_or_else(|| of_its_own("powershell"))
}

/// The words of a line without quotation marks. `None` if it has some, or no words.
pub(super) fn split_at_spaces(line: &str) -> Option<Vec<String>> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty() && !line.contains(['"', '\''])).then_some(words)
}

/// A shell's syntax: the characters with which it does more than splitting a line.
struct Shell {
    /// Its quotation marks.
    marks: &'static [char],
    /// Special characters outside of quotes.
    outside: &'static [char],
    /// Special characters at the start of a word.
    at_start: &'static [char],
    /// Special characters within double quotes.
    in_double: &'static [char],
    /// Whether `${NAME}` is replaced by the same value as in this program.
    has_variables: bool,
}

const SHELL: Shell = Shell {
    marks: &['"', '\''],
    outside: &['|', '&', ';', '<', '>', '(', ')', '`', '\n', '*', '~', '!', '\\', '$'],
    at_start: &['#', '{', '['],
    in_double: &['`', '\\', '$', '!'],
    has_variables: true,
};
const CMD: Shell = Shell {
    marks: &['"'],
    outside: &['^', '%', '&', '|', '<', '>', '\n'],
    at_start: &['(', '@'],
    in_double: &['%'],
    has_variables: false,
};
const POWERSHELL: Shell = Shell {
    marks: &['"', '\''],
    outside: &['|', '&', ';', '<', '>', '(', ')', '`', '$', '{', '\n'],
    at_start: &['#', '@'],
    in_double: &['`', '$'],
    has_variables: false,
};

impl Shell {
    /// The words of a line. `None` if the shell would do more than splitting it.
    fn split(&self, line: &str) -> Option<Vec<String>> {
        let (mut words, mut word, mut open) = (Vec::new(), None::<String>, None::<char>);
        for (place, character) in line.char_indices() {
            let special = match open {
                Some('"') => self.in_double,
                Some(_) => &[],
                None if word.is_none() && self.at_start.contains(&character) => return None,
                None => self.outside,
            };
            match open {
                Some(mark) if character == mark => {
                    open = None;
                    continue;
                }
                None if self.marks.contains(&character) => {
                    open = Some(character);
                    word.get_or_insert_default();
                    continue;
                }
                None if character.is_whitespace() && character != '\n' => {
                    words.extend(word.take());
                    continue;
                }
                _ => {}
            }
            if special.contains(&character) && !self.is_reference(&line[place..]) {
                return None;
            }
            word.get_or_insert_default().push(character);
        }
        words.extend(word);
        (open.is_none() && !words.is_empty()).then_some(words)
    }

    /// Whether a text starts with `${NAME}`.
    fn is_reference(&self, text: &str) -> bool {
        let name = text.strip_prefix("${").and_then(|rest| Some(rest.split_once('}')?.0));
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        self.has_variables && name.is_some_and(|name| !name.is_empty() && is_name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// Describes the line after a shell, its words separated by `|`.
    fn line(word: &str, rest: &[&str]) -> String {
        match after_shell(word, &words(rest)) {
            Ok(Some(words)) => words.join("|"),
            Ok(None) => "none".to_owned(),
            Err(reason) => format!("error: {reason}"),
        }
    }

    fn split(shell: &Shell, line: &str) -> String {
        shell.split(line).map_or_else(|| "none".to_owned(), |words| words.join("|"))
    }

    #[test]
    fn a_line_is_split_if_the_shell_does_nothing_else_with_it() {
        for (line, expected) in [
            ("a  b\tc", "a|b|c"),
            ("a '' b", "a||b"),
            ("'a b'c\"d e\"", "a bcd e"),
            ("\"a'b\" 'a\"b'", "a'b|a\"b"),
            ("a#b a{b a[b", "a#b|a{b|a[b"),
            ("'a|b;$c`d' \"a|b;(c)*~\"", "a|b;$c`d|a|b;(c)*~"),
            ("${A} \"${A_1} b\" '$a'", "${A}|${A_1} b|$a"),
        ] {
            assert_eq!(split(&SHELL, line), expected, "{line}");
        }
        for line in [
            "", "  ", "a 'b", "a \"b", "a|b", "a & b", "a;b", "a >b", "a <b", "(a)", "`a`", "a\nb",
            "a *", "~/a", "!a", "a\\ b", "$A", "${A-b}", "${}", "${A", "# a", "a {b", "[ a",
            "\"$A\"", "\"`a`\"", "\"a\\b\"", "\"!a\"",
        ] {
            assert_eq!(split(&SHELL, line), "none", "{line}");
        }
    }

    #[test]
    fn each_shell_has_quotes_and_characters_of_its_own() {
        for (shell, line, expected) in [
            (&CMD, "a 'b c'", "a|'b|c'"),
            (&CMD, "a \"b & c\" $d", "a|b & c|$d"),
            (&CMD, "a(b", "a(b"),
            (&CMD, "(a", "none"),
            (&CMD, "a %B%", "none"),
            (&CMD, "\"%B%\"", "none"),
            (&CMD, "a ^b", "none"),
            (&CMD, "a & b", "none"),
            (&POWERSHELL, "a '$b;' \"c;d\"", "a|$b;|c;d"),
            (&POWERSHELL, "a@1", "a@1"),
            (&POWERSHELL, "@a", "none"),
            (&POWERSHELL, "${A}", "none"),
            (&POWERSHELL, "\"$A\"", "none"),
            (&POWERSHELL, "a {b}", "none"),
        ] {
            assert_eq!(split(shell, line), expected, "{line}");
        }
    }

    /// docs/from-mcp-remote.md: the ways in which configurations start it.
    #[test]
    fn a_shell_takes_a_line_after_its_option_c() {
        for (rest, expected) in [
            (&["-c", "a b"][..], "a|b"),
            (&["-lc", "a b"], "a|b"),
            (&["-cl", "a b"], "a|b"),
            (&["-c", "-l", "a b"], "a|b"),
            (&["-o", "pipefail", "-c", "a b"], "a|b"),
            (&["+O", "-c", "a b"], "a|b"),
            (&["-c", "a", "b c"], "a"),
            (&["-c"], "none"),
            (&["a b"], "none"),
            (&["--norc", "a b"], "none"),
            (&["+c", "a b"], "none"),
            (&[], "none"),
            (&["-c", "a; b"], "error: it is started through `bash`, not directly"),
        ] {
            assert_eq!(line("/bin/bash", rest), expected, "{rest:?}");
        }
        assert_eq!(line("BASH.EXE", &["-c", "a"]), "a");
        assert_eq!(line("ls", &["-c", "a"]), "none");
    }

    #[test]
    fn a_runner_takes_a_line_before_its_first_own_word() {
        for (word, rest, expected) in [
            ("npx", &["-c", "a b"][..], "a|b"),
            ("npx", &["--call=a b"], "a|b"),
            ("npx", &["-y", "-p", "x", "-c", "a b"], "a|b"),
            ("npm", &["exec", "--call", "a b"], "a|b"),
            ("npx", &["x", "-c", "a b"], "a|b"),
            ("npx", &["other", "-c", "a"], "none"),
            ("npx", &["--", "-c", "a"], "none"),
            ("npx", &["-c"], "none"),
            ("npx", &["-y"], "none"),
            ("mise", &["exec", "node@22", "--command=a b"], "a|b"),
            ("mise", &["exec", "npm:mcp-remote", "-c", "a"], "none"),
            ("nix-shell", &["-p", "nodejs", "--run", "a b"], "a|b"),
        ] {
            assert_eq!(line(word, rest), expected, "{word} {rest:?}");
        }
    }

    #[test]
    fn cmd_splits_a_word_with_spaces_unless_it_is_a_path() {
        let refused = "error: it is started through `cmd`, not directly";
        for (rest, expected) in [
            (&["/c", "npx -y x"][..], "npx|-y|x"),
            (&["/d", "/s", "/c", " npx x "], "npx|x"),
            (&["/c", "\"npx x\""], "npx|x"),
            (&["/c", "\"npx x \"a b\"\""], "npx|x|a b"),
            (&["/c", "npx -y", "x y"], "npx|-y|x y"),
            (&["/c", "mcp-remote https://a", "b"], "mcp-remote|https://a|b"),
            (&["/c", "C:\\my tools\\npx.cmd", "x"], "none"),
            (&["/c", "npx", "a b"], "none"),
            (&["/c"], "none"),
            (&[], "none"),
            (&["/c", "a %B%"], refused),
            (&["/c", "a && b"], refused),
            (&["/c", " "], refused),
        ] {
            assert_eq!(line("cmd.exe", rest), expected, "{rest:?}");
        }
    }

    #[test]
    fn powershell_takes_all_its_words_as_one_line() {
        let refused = "error: it is started through `powershell`, not directly";
        for (shell, rest, expected) in [
            ("powershell", &["-Command", "a", "b c"][..], "a|b|c"),
            ("powershell", &["a", "b"], "a|b"),
            ("pwsh", &["a", "b"], "none"),
            ("pwsh", &["-nop", "-c", "& a b"], "a|b"),
            ("pwsh", &["/c", "a"], "a"),
            ("pwsh", &["-ExecutionPolicy", "-c", "-Command", "a"], "a"),
            ("powershell", &["-w", "hidden", "a"], "a"),
            ("powershell", &["-NoProfile"], "none"),
            ("powershell", &[], "none"),
            ("powershell", &["-File", "x.ps1"], refused),
            ("powershell", &["-f", "x.ps1"], refused),
            ("powershell", &["-enc", "YQ=="], refused),
            ("powershell", &["-c", "a; b"], refused),
            ("powershell", &["-c"], refused),
        ] {
            assert_eq!(line(shell, rest), expected, "{shell} {rest:?}");
        }
    }

    #[test]
    fn a_line_with_quotation_marks_is_not_split_at_spaces() {
        assert_eq!(split_at_spaces(" npx  -y ").unwrap(), ["npx", "-y"]);
        for line in ["", "  ", "npx 'a b'", "npx \"a\""] {
            assert_eq!(split_at_spaces(line), None, "{line}");
        }
    }
}
