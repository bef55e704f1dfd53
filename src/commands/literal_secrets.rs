//! Detects literal secrets in headers by name and shape, so that no command writes them into a
//! host's configuration (S-10).

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
}
