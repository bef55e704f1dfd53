//! Detects secrets in plain text, by names and by what they look like: refuses to write them into a
//! host's configuration, and hides them where a change of one is shown (S-09, S-10). When in doubt,
//! hides too much.

/// Words that occur in the names of secrets.
const SECRET_WORDS: [&str; 9] =
    ["auth", "token", "secret", "key", "passw", "cookie", "credential", "bearer", "session"];

/// Returns whether a header line contains a literal secret.
pub(super) fn is_secret_header(line: &str) -> bool {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.trim();
    !value.is_empty() && !value.contains("${") && (has_secret_name(name) || looks_secret(value))
}

fn has_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Returns whether a text is long, consists of letters and digits, and is neither a path nor a URL.
fn looks_secret(text: &str) -> bool {
    let has = |test: fn(&char) -> bool| text.chars().any(|c| test(&c));
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
    text.len() >= 16
        && !text.starts_with(['/', '.'])
        && text.chars().all(of_token)
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
}

/// Replaces everything that looks like a secret by `…`.
pub(super) fn hide_secrets(text: &str) -> String {
    text.split_inclusive('\n').map(hide_secrets_in_line).collect()
}

fn hide_secrets_in_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut under_secret_name = false;
    while let Some((before, mark, quoted, after)) = next_string(rest) {
        out.push_str(before);
        let is_name = after.trim_start().starts_with([':', '=']);
        // In TOML, a bare key comes before its string.
        let bare = before.trim_end().strip_suffix('=').unwrap_or_default();
        let shown = match quoted.split_once(':') {
            Some((name, _)) if is_secret_header(quoted) && !quoted.contains("://") => {
                format!("{name}: …")
            }
            _ if is_name => quoted.to_owned(),
            _ if under_secret_name || has_secret_name(bare) || looks_secret(quoted) => {
                if quoted.contains("${") { quoted.to_owned() } else { "…".to_owned() }
            }
            _ => quoted.to_owned(),
        };
        under_secret_name = is_name && has_secret_name(quoted);
        out.push(mark);
        out.push_str(&shown);
        out.push(mark);
        rest = after;
    }
    out.push_str(rest);
    out
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

    /// S-10
    #[test]
    fn headers_that_hold_a_secret_are_told_from_those_that_do_not() {
        for secret in [
            "Authorization: Bearer hunter2",
            "X-API-Key: k",
            "Cookie:a=b",
            "X-Anything: 9f86d081884c7d659a2feaa0c55ad015",
        ] {
            assert!(is_secret_header(secret), "{secret}");
        }
        for harmless in [
            "Authorization: Bearer ${TOKEN}",
            "X-API-Key: ${keyring:shop}",
            "X-Tenant: acme",
            "X-Api-Version: 2025-06-18",
            "X-API-Key:",
        ] {
            assert!(!is_secret_header(harmless), "{harmless}");
        }
    }

    /// S-09
    #[test]
    fn a_shown_change_keeps_its_shape_and_loses_its_secrets() {
        let change = concat!(
            "-      \"command\": \"npx\",\n",
            "       \"args\": [\"-y\", \"mcp-remote\", \"https://mcp.example.com/mcp?a=1\", ",
            "\"--header\", \"Authorization: Bearer \\\"hunter2\\\"\"],\n",
            "       \"env\": { \"API_KEY\": \"hunter2\", \"MODE\": \"fast\" }\n",
            " API_TOKEN = \"hunter2\"\n",
            " API_TOKEN = 'hunter2' # don't show it\n",
            " // don't show \"ghp_0123456789abcdefghij\"\n",
            " \"ghp_0123456789abcdefghij\"\n",
            " \"--header\", \"X-API-Key: ${SHOP}\"\n",
        );
        let shown = hide_secrets(change);
        assert!(!shown.contains("hunter2") && !shown.contains("ghp_"), "{shown}");
        for kept in ["\"npx\"", "mcp?a=1", "Authorization: …", "\"fast\"", "${SHOP}"] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert_eq!(shown.lines().count(), change.lines().count());
    }
}
