//! Shared by all pages of the mock: frame, style in light and dark, escaping, and the security
//! headers. A page has no script, except one that its policy allows by hash (S-55).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The header with the content security policy.
pub(super) const POLICY: &str = "content-security-policy";

/// Headers of a page. No `form-action`: browsers apply it to the redirect behind a form too, and it
/// cannot name `[::1]`. With `no-referrer`, browsers would send our own forms without an `Origin`.
pub(super) const PAGE_HEADERS: [(&str, &str); 3] = [
    (
        POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Returns the addition to the policy of a page that allows this script.
pub(super) fn allowance_for_script(script: &str) -> String {
    format!("; script-src 'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

const STYLE: &str = "
:root { color-scheme: light dark; --back: #f4f5f7; --card: #fff; --text: #1d2129; --soft: #5b6472;
  --line: #d9dde3; --main: #2456d6; --on-main: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171c; --card: #1e2229; --text: #e8eaee; --soft: #9aa3b2; --line: #363c47;
    --main: #7aa2ff; --on-main: #10131a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr);
  place-items: center; padding: 1rem;
  background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 1rem; color: var(--soft); }
ul, fieldset { margin: 0 0 1.25rem; padding: .75rem 1rem; border: 1px solid var(--line);
  border-radius: 8px; list-style: none; }
legend { padding: 0 .35rem; color: var(--soft); font-size: .9rem; }
label { display: block; padding: .3rem 0; cursor: pointer; }
code { font: .9em ui-monospace, monospace; }
.buttons { display: flex; gap: .75rem; }
button { flex: 1; padding: .7rem; border: 1px solid var(--line); border-radius: 8px;
  background: none; color: inherit; font: inherit; cursor: pointer; }
button.main { background: var(--main); border-color: var(--main); color: var(--on-main); }
input[type=text], input[type=email], input[type=password], select { width: 100%; padding: .6rem;
  border: 1px solid var(--line); border-radius: 8px;
  background: none; color: inherit; font: inherit; }
input[name=user_code] { font: 1.2rem ui-monospace, monospace; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
main.wide { max-width: 54rem; }
header { display: flex; align-items: start; justify-content: space-between; gap: 1rem; }
section { margin-top: 1.75rem; min-width: 0; }
h2 { margin: 0 0 .5rem; font-size: 1.05rem; }
label input, label select { margin-top: .25rem; }
label + .buttons { margin-top: .75rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .5rem .6rem .5rem 0; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; }
td button, header button { padding: .3rem .7rem; white-space: nowrap; }
@media (max-width: 30rem) { .tokens th:nth-child(2), .tokens td:nth-child(2) { display: none; } }
pre { margin: .5rem 0; padding: .75rem; overflow-x: auto; border: 1px solid var(--line);
  border-radius: 8px; font-family: ui-monospace, monospace; font-size: .9rem; }
pre { user-select: all; }
#copy { margin-bottom: .75rem; padding: .4rem 1rem; }
summary { padding: .3rem 0; cursor: pointer; }
.notice { padding: .75rem 1rem; border: 1px solid var(--line); border-left: 4px solid var(--main);
  border-radius: 8px; color: var(--text); }
.notice.bad { border-left-color: #c8402f; }
small { display: block; margin-top: 1.25rem; color: var(--soft); }
";

/// Returns a page with this title around `body`, which must be HTML.
pub(super) fn document(title: &str, body: &str) -> String {
    framed(title, "", body)
}

/// Returns a page that is wide enough for tables.
pub(super) fn wide_document(title: &str, body: &str) -> String {
    framed(title, " class=\"wide\"", body)
}

fn framed(title: &str, class: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <main{class}>\n{body}\n</main>\n\
         </body>\n</html>\n",
        escaped(title)
    )
}

/// Escapes text for any place in a page.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}
