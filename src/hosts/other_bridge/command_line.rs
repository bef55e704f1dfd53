//! Splits command lines that are one word of another one: `sh -c`, `cmd /c`, `powershell -Command`,
//! `npx -c`. Only lines that mean the same without the shell are split.

use super::names::{bridge, program};
use super::runners::is_runner;

/// Shells that take a line after `-c`, or after letters that end in `c`.
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
        has_line |= !option.starts_with("--") && option.ends_with('c');
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
    // Quotes around the whole line are removed.
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    let inner = inner.filter(|inner| inner.split(' ').next().is_some_and(|word| !word.is_empty()));
    let line = match inner {
        Some(inner) if CMD.split(line).is_none_or(|words| words.len() == 1) => inner,
        _ => line,
    };
    let Some(mut words) = CMD.split(line) else { return Err(of_its_own("cmd")) };
    if !more.is_empty() && !is_runner(&words[0]) && bridge(&words[0]).is_none() {
        // It is a path with a space.
        return Ok(None);
    }
    words.extend_from_slice(more);
    Ok(Some(words))
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
