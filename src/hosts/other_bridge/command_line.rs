//! Command lines that are one word of another command line: `sh -c`, `cmd /c`, `powershell
//! -Command` and `npx -c`. Only what has the same words without the shell is split.

use super::names::program;

/// Shells that take a line after `-c`, or after letters that end in `c`.
const SHELLS: [&str; 7] = ["sh", "bash", "zsh", "dash", "ash", "ksh", "fish"];
const POWERSHELLS: [&str; 2] = ["powershell", "pwsh"];
/// Options of PowerShell with a value.
const POWERSHELL_OPTIONS: [&str; 3] = ["-executionpolicy", "-ep", "-ex"];

/// The words of the line that this shell is given. `None` if it is no shell, or is given no line.
///
/// # Errors
/// The shell does more with the line than splitting it.
pub(super) fn after_shell(word: &str, rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let name = program(word).to_ascii_lowercase();
    let line = if SHELLS.contains(&name.as_str()) {
        after_option(rest, |option| !option.starts_with("--") && option.ends_with('c'))
    } else if POWERSHELLS.contains(&name.as_str()) {
        return after_powershell(rest);
    } else if matches!(name.as_str(), "npx" | "npm") {
        let line = after_option(rest, |option| matches!(option, "-c" | "--call"));
        line.or_else(|| rest.iter().find_map(|word| word.strip_prefix("--call=")))
    } else if name == "cmd" {
        return after_cmd(rest);
    } else {
        None
    };
    let Some(line) = line else { return Ok(None) };
    let line = line.trim().strip_prefix("exec ").unwrap_or(line);
    if line.contains(['|', '&', ';', '<', '>', '(', ')', '`', '\n', '*', '~', '!']) {
        return Err(of_its_own(&name));
    }
    // `${NAME}` means the same here; anything else that a shell replaces does not.
    let is_replaced = |(place, _): (usize, &str)| !line[place..].starts_with("${");
    if line.match_indices('$').any(is_replaced) || line.contains(":-") {
        return Err(of_its_own(&name));
    }
    split_quoted(line).map(Some).ok_or_else(|| of_its_own(&name))
}

fn of_its_own(shell: &str) -> String {
    format!("it is not started as a command of its own, but by what `{shell}` makes of a line")
}

fn after_option(rest: &[String], is_meant: impl Fn(&str) -> bool) -> Option<&str> {
    let options = rest.iter().take_while(|word| word.starts_with('-'));
    let place = options.enumerate().find(|(_, word)| is_meant(word))?.0;
    rest.get(place + 1).map(String::as_str)
}

/// `cmd /c "npx -y mcp-remote URL"` is one word, which `cmd` splits at spaces. `None` if the words
/// are separate already.
fn after_cmd(rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let is_option = |word: &&String| word.starts_with('/') && word.len() <= 3;
    let options = rest.iter().take_while(is_option).count();
    let [line] = &rest[options..] else { return Ok(None) };
    if !line.contains(' ') {
        return Ok(None);
    }
    if line.contains(['^', '%', '&', '|', '<', '>']) {
        return Err(of_its_own("cmd"));
    }
    split_quoted_with(line, &['"']).map(Some).ok_or_else(|| of_its_own("cmd"))
}

/// PowerShell takes the rest of its words as one line.
fn after_powershell(rest: &[String]) -> Result<Option<Vec<String>>, String> {
    let mut position = 0;
    while let Some(word) = rest.get(position).filter(|word| word.starts_with('-')) {
        let option = word.to_ascii_lowercase();
        position += 1;
        if matches!(option.as_str(), "-command" | "-c") {
            let line = rest[position..].join(" ");
            let line = line.trim().strip_prefix("& ").unwrap_or(&line);
            if line.contains(['|', '&', ';', '<', '>', '(', ')', '`', '$', '@', '{']) {
                return Err(of_its_own("powershell"));
            }
            return split_quoted(line).map(Some).ok_or_else(|| of_its_own("powershell"));
        }
        if POWERSHELL_OPTIONS.contains(&option.as_str()) {
            position += 1;
        }
    }
    Ok(None)
}

/// The words of a line without quotation marks. `None` if it has some, or no words.
pub(super) fn split_at_spaces(line: &str) -> Option<Vec<String>> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty() && !line.contains(['"', '\''])).then_some(words)
}

fn split_quoted(line: &str) -> Option<Vec<String>> {
    split_quoted_with(line, &['"', '\''])
}

/// The words of a line in which what is quoted is one word. Backslashes are literal.
fn split_quoted_with(line: &str, marks: &[char]) -> Option<Vec<String>> {
    let (mut words, mut word, mut open) = (Vec::new(), None::<String>, None::<char>);
    for character in line.chars() {
        match open {
            Some(mark) if character == mark => open = None,
            None if marks.contains(&character) => {
                open = Some(character);
                word.get_or_insert_default();
            }
            None if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    (open.is_none() && !words.is_empty()).then_some(words)
}
