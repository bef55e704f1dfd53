//! Shows a change of a host's configuration, or the command line of an entry, without secrets
//! (S-09). Everything that is not known to be harmless is hidden: values of variables, headers and
//! unknown flags, keys in URLs, and text that looks like a key.

use crate::redact::{display_url, looks_like_key, plain, visible};
use crate::settings::{Setting, ValueKind};

/// Replaces a hidden value.
const HIDDEN: &str = "…";

/// The member with the arguments of an entry.
const ARGUMENTS: &str = "args";

/// Members of an entry whose values are not secrets.
const HARMLESS_KEYS: [&str; 20] = [
    "command",
    "cmd",
    "path",
    "url",
    "serverUrl",
    "httpUrl",
    "type",
    "transport",
    "source",
    "cwd",
    "name",
    "description",
    "$schema",
    "timeout",
    "startup_timeout_sec",
    "tool_timeout_sec",
    "startup",
    "request",
    "enabled",
    "disabled",
];

/// Hides the secrets in a difference in the format of `diff -u`, of JSON, TOML or YAML.
pub(super) fn display_change(difference: &str) -> String {
    let (mut old, mut new) = (Side::default(), Side::default());
    let mut out = String::with_capacity(difference.len());
    for (number, line) in difference.split_inclusive('\n').enumerate() {
        match line.as_bytes().first() {
            // The names of the files, and positions.
            Some(b'-' | b'+') if number < 2 => out.push_str(line),
            Some(b'@') => {
                (old, new) = (Side::default(), Side::default());
                out.push_str(line);
            }
            Some(b'-') => out.push_str(&old.display_line(line)),
            Some(b'+') => out.push_str(&new.display_line(line)),
            _ => {
                out.push_str(&old.display_line(line));
                new = old.clone();
            }
        }
    }
    // Text from others must not hide a line or move the cursor (S-15).
    visible(&out, |character| matches!(character, '\n' | '\t'))
}

/// Hides the secrets in a command line.
pub(crate) fn display_words(words: &[String]) -> String {
    let mut side = Side::default();
    let shown: Vec<_> = words.iter().map(|word| plain(&side.display_word(word))).collect();
    shown.join(" ")
}

/// The state of reading the old or the new text.
#[derive(Clone, Default)]
struct Side {
    /// The key whose value comes next.
    key: Option<String>,
    /// The flag whose value comes next.
    flag: Option<String>,
    /// Whether the text is inside a string of TOML that spans lines.
    in_long_string: bool,
}

impl Side {
    fn display_line(&mut self, line: &str) -> String {
        let long = line.matches("\"\"\"").count() + line.matches("'''").count();
        if self.in_long_string || long > 0 {
            self.in_long_string ^= long % 2 == 1;
            let key = line.split('=').next().filter(|_| long > 0 && line.contains('='));
            let mark = line.get(..1).unwrap_or_default();
            return match key {
                Some(key) => format!("{key}= {HIDDEN}\n"),
                None => format!("{mark}{HIDDEN}\n"),
            };
        }
        if is_header(line) {
            self.key = None;
            return line.to_owned();
        }
        let (start, line) = line.split_at(item_start(line).unwrap_or(0));
        if !start.is_empty() && self.key.as_deref() == Some(ARGUMENTS) {
            return format!("{start}{}", self.display_item(line));
        }
        let mut out = start.to_owned();
        let mut rest = line;
        while let Some((before, mark, quoted, after)) = next_string(rest) {
            out.push_str(&self.display_between(before));
            out.push(mark);
            if after.trim_start().starts_with([':', '=']) {
                self.key = Some(quoted.to_owned());
                out.push_str(quoted);
            } else {
                out.push_str(&self.display_string(quoted));
            }
            out.push(mark);
            rest = after;
        }
        out + &self.display_between(rest)
    }

    /// Shows the text behind the hyphen of a list item of YAML, which needs no marks around it.
    fn display_item(&mut self, item: &str) -> String {
        let word = item.trim_end();
        let end = &item[word.len()..];
        match next_string(word) {
            Some(("", mark, quoted, after)) => {
                format!("{mark}{}{mark}{after}{end}", self.display_word(quoted))
            }
            _ => match word.split_once(" #") {
                Some((word, comment)) => format!("{} #{comment}{end}", self.display_word(word)),
                None => self.display_word(word) + end,
            },
        }
    }

    /// Text between two strings: punctuation, bare words and keys, numbers and comments.
    fn display_between(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for member in text.split_inclusive(['[', '{', ',', ']', '}']) {
            out += &self.display_member(member);
            if member.ends_with(['[', '{']) {
                self.key = None;
            }
        }
        out
    }

    /// A member whose value is not a string, or the part of a member before its string.
    fn display_member(&mut self, member: &str) -> String {
        let is_around =
            |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | ',' | '}' | ']' | '[' | '{');
        let word = member.trim_start_matches(['+', '-']).trim_matches(is_around);
        if is_url(word) {
            // A bare word of YAML.
            return member.replacen(word, &display_url(word), 1);
        }
        let Some((name, value)) = member.split_once(['=', ':']) else {
            return self.display_bare_word(member, word);
        };
        let bare_key = name.trim_matches(['+', '-', ' ', '\t']);
        if !bare_key.is_empty() {
            self.key = Some(bare_key.to_owned());
        }
        let scalar = value.trim_matches(is_around);
        if scalar.is_empty() {
            return member.to_owned();
        }
        let is_harmless = matches!(scalar, "true" | "false" | "null") || scalar.starts_with('#');
        let Some(key) = self.key.take().filter(|_| !is_harmless) else { return member.to_owned() };
        let shown = match is_harmless_key(&key) {
            true if key != "cmd" && key != "command" => scalar.to_owned(),
            true => {
                let words: Vec<_> = scalar.split(' ').map(|word| self.display_word(word)).collect();
                self.flag = None;
                words.join(" ")
            }
            false => HIDDEN.to_owned(),
        };
        let separator = &member[name.len()..=name.len()];
        format!("{name}{separator}{}", value.replacen(scalar, &shown, 1))
    }

    /// A word of YAML without marks around it. Other formats have only numbers there, and comments.
    fn display_bare_word(&mut self, member: &str, word: &str) -> String {
        let is_text = word.contains(' ') || word.starts_with(['#', '/', '*']) || word.len() < 2;
        if is_text || matches!(word, "true" | "false" | "null" | "---" | "...") {
            return member.to_owned();
        }
        let shown = match self.key.as_deref() {
            Some(key) if key != ARGUMENTS => hide_unless_reference(word),
            _ => self.display_word(word),
        };
        member.replacen(word, &shown, 1)
    }

    /// The content of a string that is not a key.
    fn display_string(&mut self, quoted: &str) -> String {
        match self.key.take() {
            Some(key) if is_harmless_key(&key) => {
                let words: Vec<_> = quoted.split(' ').map(|word| self.display_word(word)).collect();
                self.flag = None;
                words.join(" ")
            }
            Some(_) => hide_unless_reference(quoted),
            None => self.display_word(quoted),
        }
    }

    /// A word of a command line.
    fn display_word(&mut self, word: &str) -> String {
        if let Some(flag) = self.flag.take() {
            return display_value(&flag, word);
        }
        if let Some(flag) = word.strip_prefix("--") {
            if let Some((name, value)) = flag.split_once('=') {
                return format!("--{name}={}", display_value(name, value));
            }
            let is_switch =
                Setting::from_name(flag).is_some_and(|setting| setting.kind == ValueKind::Switch);
            self.flag = (!flag.is_empty() && !is_switch).then(|| flag.to_owned());
            return if looks_like_key(flag) { format!("--{HIDDEN}") } else { word.to_owned() };
        }
        display_argument(word)
    }
}

/// Whether a line of a difference is the head of a table of TOML, whose name may be shown.
fn is_header(line: &str) -> bool {
    let line = line.get(1..).unwrap_or_default().trim_end();
    let name = line.trim_start_matches('[');
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    line.starts_with('[') && name.starts_with(is_name) && name.ends_with(']')
}

fn is_url(word: &str) -> bool {
    let is_scheme = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
    word.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) && !word.contains(' ')
}

/// Where an item of a list of YAML starts in a line of a difference, behind its hyphen.
fn item_start(line: &str) -> Option<usize> {
    let item = line.get(1..)?.trim_start_matches(' ').strip_prefix("- ")?;
    // A member of a mapping in a list.
    let is_member =
        !item.starts_with(['"', '\'']) && (item.contains(": ") || item.ends_with(":\n"));
    (!is_member).then(|| line.len() - item.len())
}

fn is_harmless_key(key: &str) -> bool {
    HARMLESS_KEYS.contains(&key)
}

/// The value of a flag.
fn display_value(flag: &str, value: &str) -> String {
    let Some(setting) = Setting::from_name(flag) else { return hide_unless_reference(value) };
    match setting.kind {
        ValueKind::Switch
        | ValueKind::Seconds
        | ValueKind::SecondsOrOff
        | ValueKind::Port
        | ValueKind::Mebibytes
        | ValueKind::Choice(_)
        | ValueKind::Path
        | ValueKind::Paths => value.to_owned(),
        ValueKind::Command | ValueKind::HeaderCommands => display_command(value),
        ValueKind::SecretText => hide_unless_reference(value),
        ValueKind::SecretUrl => display_url(value),
        ValueKind::Headers | ValueKind::Text | ValueKind::Texts => display_argument(value),
    }
}

/// A command that would be run. The user must see it to confirm a change; only words that look like
/// keys are hidden.
fn display_command(value: &str) -> String {
    value
        .split(' ')
        .map(|word| if looks_like_key(word) { HIDDEN } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

/// An argument that follows no flag: a URL, a header, a path, a package or a word.
fn display_argument(word: &str) -> String {
    if word.contains("://") {
        return display_url(word);
    }
    let is_flag = |name: &str| name.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    if word.strip_prefix('-').is_some_and(is_flag) {
        return word.to_owned();
    }
    if word.starts_with(['/', '.', '~']) || word.get(1..3) == Some(":\\") {
        let parts = word.split_inclusive(['/', '\\']);
        let is_key = |part: &str| looks_like_key(part.trim_end_matches(['/', '\\']));
        return parts.map(|part| if is_key(part) { HIDDEN } else { part }).collect();
    }
    for separator in [':', '='] {
        if let Some((name, value)) = word.split_once(separator) {
            let space = if value.starts_with(' ') { " " } else { "" };
            return format!("{name}{separator}{space}{}", hide_unless_reference(value.trim()));
        }
    }
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    if looks_like_key(word) || (has_digit && !is_number && !word.contains('@')) {
        return hide_unless_reference(word);
    }
    word.to_owned()
}

/// Hides a value, unless it is empty or only refers to variables or to the keyring.
fn hide_unless_reference(value: &str) -> String {
    let mut literal = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        literal.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    literal.push_str(rest);
    let is_reference = matches!(literal.trim(), "" | "Bearer" | "Basic" | "Token");
    if is_reference { value.to_owned() } else { HIDDEN.to_owned() }
}

/// The next string: the text before it, its quotation mark, its content, and the text after it. An
/// apostrophe without a partner, as in a comment, is not a quotation mark.
fn next_string(text: &str) -> Option<(&str, char, &str, &str)> {
    let marks = text.char_indices().filter(|(_, c)| matches!(c, '"' | '\''));
    for (at, mark) in marks {
        let inner = &text[at + 1..];
        let Some(length) = length_of_string(inner, mark) else { continue };
        return Some((&text[..at], mark, &inner[..length], &inner[length + 1..]));
    }
    None
}

fn length_of_string(text: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if mark == '"' => escaped = true,
            _ if character == mark => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(lines: &[&str]) -> String {
        let difference = format!("--- a\n+++ b\n@@ -1 +1 @@\n{}\n", lines.join("\n"));
        let shown = display_change(&difference);
        assert_eq!(shown.lines().count(), difference.lines().count(), "{shown}");
        shown
    }

    /// S-09
    #[test]
    fn a_displayed_change_keeps_its_shape_and_loses_its_secrets() {
        let shown = display(&[
            "-      \"command\": \"npx\",",
            "       \"args\": [\"-y\", \"mcp-remote\", \
             \"https://mcp.example.com/s/hunter20123456789abc/mcp?a=hunter2\",",
            " \"--header\", \"X-Api:hunter2\", \"--header\", \"Authorization: Bearer \
             \\\"hunter2\\\"\",",
            " \"--header\", \"X-API-Key: ${SHOP}\", \"--transport\", \"sse-only\",",
            " \"--api-key\", \"hunter2\", \"--other=hunter2\"]",
            " \"env\": { \"PIN\": \"hunter2\", \"PORT\": 4711, \"URL\": \
             \"postgres://u:hunter2@db/x\" }",
            " API_PAT = \"hunter2\"",
            " API_PAT = 'hunter2' # don't show it",
            " PIN = 4711",
            " env = { PIN = \"hunter2\", CODE = 4711, MORE = \"hunter2\" }",
            " PEM = \"\"\"",
            " hunter2",
            " \"\"\"",
            " // don't show \"ghp_0123456789abcdefghij\"",
        ]);
        for secret in ["hunter2", "ghp_", "4711"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        for kept in [
            "\"npx\"",
            "\"mcp-remote\"",
            "https://mcp.example.com/s/…/mcp?a=…",
            "X-Api:…",
            "Authorization: …",
            "${SHOP}",
            "\"sse-only\"",
            "\"--api-key\", \"…\"",
            "--other=…",
            "\"PIN\": \"…\"",
            "API_PAT = \"…\"",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }

    /// S-09: in YAML, words need no marks around them.
    #[test]
    fn a_displayed_change_of_yaml_loses_its_secrets_and_shows_the_command() {
        let shown = display(&[
            " extensions:",
            "   shop:",
            "-    cmd: npx",
            "+    cmd: /opt/mcp-tether",
            "     args:",
            "-    - -y",
            "       - mcp-remote",
            "       - https://mcp.example.com/mcp?key=hunter2",
            "+      - \"https://mcp.example.com/a?key=hunter2\"",
            "       - --api-key",
            "       - hunter2",
            "       - --header",
            "       - X-Api:hunter2",
            "       - 'X-Other: hunter2' # mine",
            "       - hunter2 # mine",
            "     envs:",
            "       PIN: hunter2",
            "       CODE: \"hunter2\"",
            "   b: { envs: { PIN: hunter2 }, cmd: npx, args: [mcp-remote, --api-key, hunter2] }",
            "   c: { args: [https://mcp.example.com/b?key=hunter2, 3334],",
            "     envs: { PIN: 4711, A: [1] } }",
            "     tokens:",
            "     - hunter",
            "     enabled: true",
            "     timeout: 300",
        ]);
        for secret in ["hunter", "4711"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        for kept in [
            "cmd: npx",
            "cmd: /opt/mcp-tether",
            "- -y",
            "- mcp-remote",
            "- https://mcp.example.com/mcp?key=…",
            "- \"https://mcp.example.com/a?key=…\"",
            "- --api-key\n",
            "- X-Api:…",
            "# mine",
            "[mcp-remote, --api-key, …]",
            "[https://mcp.example.com/b?key=…, 3334]",
            "enabled: true",
            "timeout: 300",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }

    /// S-09: numbers in a table on one line, and names of tables.
    #[test]
    fn a_table_on_one_line_has_no_visible_values() {
        let shown =
            display(&[" [mcp_servers.shop2]", " env = { PIN = 4711, MORE = [\"a\"], X = 4712 }"]);
        assert!(!shown.contains("471"), "{shown}");
        assert!(shown.contains("[mcp_servers.shop2]"), "{shown}");
    }

    /// S-15: a project's file may hold characters that hide what a change does.
    #[test]
    fn a_displayed_change_hides_nothing_of_itself() {
        let shown = display(&["+  \"a\u{202e}\u{200b}b\": \"\u{9b}2J\u{e0041}\t\","]);
        assert!(!shown.contains(|c| crate::redact::is_deceptive(c) && !matches!(c, '\n' | '\t')));
        assert!(shown.contains("a\\u{202e}\\u{200b}b"), "{shown}");
    }

    /// S-09: the flag is on a line that does not change.
    #[test]
    fn both_values_of_a_flag_are_hidden() {
        let shown = display(&[" \"--api-key\",", "-\"hunter2\",", "+\"hunter3\",", " \"-y\""]);
        assert!(!shown.contains("hunter"), "{shown}");
    }

    /// S-09
    #[test]
    fn a_command_line_is_displayed_without_secrets() {
        let words = ["/usr/bin/mcp-tether", "https://h/mcp?k=v", "--header", "X-Key:s", "3334"];
        let shown = display_words(&words.map(str::to_owned));
        assert_eq!(shown, "/usr/bin/mcp-tether https://h/mcp?k=… --header X-Key:… 3334");
    }
}
