//! Chooses the scopes to request. Pure functions.

/// The sources of scopes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScopeSources<'a> {
    /// The user's scopes, which replace all others.
    pub(crate) wanted: Option<&'a str>,
    /// The challenge's scopes.
    pub(crate) challenged: Option<&'a str>,
    /// The scopes requested earlier at the same issuer; the union keeps what works.
    pub(crate) earlier: Option<&'a str>,
    /// The scopes that the resource supports.
    pub(crate) resource_supports: &'a [String],
    /// The scopes that the authorization server supports.
    pub(crate) server_supports: &'a [String],
}

/// The scope that requests a refresh token (OpenID Connect Core §11).
pub(crate) const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes to request: the challenge's, otherwise the resource's, otherwise none; with those
/// requested earlier, and `offline_access` if the authorization server supports it.
pub(crate) fn choose(sources: ScopeSources) -> Option<String> {
    if let Some(wanted) = sources.wanted {
        return Some(wanted.to_owned()).filter(|wanted| !wanted.trim().is_empty());
    }
    let mut scopes: Vec<&str> = words(sources.challenged).collect();
    if scopes.is_empty() {
        scopes.extend(sources.resource_supports.iter().map(String::as_str));
    }
    // Without scopes the server applies its defaults, which a single scope would replace.
    let offline = sources.server_supports.iter().any(|scope| scope == OFFLINE_ACCESS);
    scopes.extend(words(sources.earlier));
    if offline && !scopes.is_empty() {
        scopes.push(OFFLINE_ACCESS);
    }
    if scopes.is_empty() { None } else { Some(joined(scopes)) }
}

/// Whether every scope of `needed` is among `granted`.
pub(crate) fn covers(granted: Option<&str>, needed: Option<&str>) -> bool {
    words(needed).all(|scope| words(granted).any(|other| other == scope))
}

/// The union of two scope parameters; `None` if it is empty.
pub(crate) fn union(one: Option<&str>, other: Option<&str>) -> Option<String> {
    Some(joined(words(one).chain(words(other)).collect())).filter(|scopes| !scopes.is_empty())
}

/// The words of a scope parameter.
fn words(scope: Option<&str>) -> impl Iterator<Item = &str> {
    scope.unwrap_or_default().split_ascii_whitespace()
}

fn joined(scopes: Vec<&str>) -> String {
    let mut union: Vec<&str> = Vec::new();
    for scope in scopes {
        if !union.contains(&scope) {
            union.push(scope);
        }
    }
    union.join(" ")
}

/// The scopes for a sign-in at an identity provider: for an ID token and, if supported, a refresh
/// token for the next one.
pub(crate) fn of_identity(server_supports: &[String]) -> String {
    let lists = |scope: &str| server_supports.iter().any(|listed| listed == scope);
    if server_supports.is_empty() || lists(OFFLINE_ACCESS) {
        format!("openid {OFFLINE_ACCESS}")
    } else {
        "openid".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(scopes: &str) -> Vec<String> {
        scopes.split_whitespace().map(str::to_owned).collect()
    }

    ///
    #[test]
    fn scopes_are_chosen_in_the_order_of_the_specification() {
        struct Case {
            wanted: Option<&'static str>,
            challenged: Option<&'static str>,
            earlier: Option<&'static str>,
            resource: &'static str,
            server: &'static str,
            expected: Option<&'static str>,
        }
        let case = |wanted, challenged, earlier, resource, server, expected| Case {
            wanted,
            challenged,
            earlier,
            resource,
            server,
            expected,
        };
        let cases = [
            case(None, None, None, "", "", None),
            case(None, Some("a b"), None, "c", "d", Some("a b")),
            case(None, None, None, "c d", "e", Some("c d")),
            case(Some("w"), Some("a"), Some("b"), "c", "offline_access", Some("w")),
            case(Some(" "), Some("a"), None, "", "", None),
            case(None, Some("b c"), Some("a b"), "z", "", Some("b c a")),
            case(None, Some("a"), None, "", "x offline_access", Some("a offline_access")),
            case(
                None,
                Some("offline_access a"),
                None,
                "",
                "offline_access",
                Some("offline_access a"),
            ),
            case(None, None, None, "", "offline_access", None),
            case(None, None, None, "a", "a", Some("a")),
        ];
        for (number, case) in cases.into_iter().enumerate() {
            let (resource, server) = (list(case.resource), list(case.server));
            let chosen = choose(ScopeSources {
                wanted: case.wanted,
                challenged: case.challenged,
                earlier: case.earlier,
                resource_supports: &resource,
                server_supports: &server,
            });
            assert_eq!(chosen.as_deref(), case.expected, "case {number}");
        }
    }

    #[test]
    fn coverage_is_about_words() {
        assert!(covers(Some("a b"), Some("b")) && covers(None, None) && covers(Some("a"), None));
        assert!(!covers(Some("ab"), Some("a")) && !covers(None, Some("a")));
    }
}
