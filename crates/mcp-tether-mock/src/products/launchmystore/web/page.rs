//! The page "AI Connector" of the admin: sign in, create, list and revoke tokens, change the
//! password. Plain HTML with forms, and a script for the button that copies a new token.

use super::super::access::{FIRST_PASSWORD, Role, Token, read_role};
use super::super::audit::LoggedCall;
use super::super::state::{LaunchMyStore, now};
use super::asking::PAGE;
use super::browser_sessions::{BrowserSession, COOKIE, Said};
use super::copy_button;
use super::snippets::Host;
use crate::html::{escaped, wide_document};
use crate::product::{WebAnswer, WebFields, WebRequest};

const TITLE: &str = "AI Connector (MCP)";

impl LaunchMyStore {
    /// Shows the page that the visitor may see.
    pub(super) fn show(&self, asked: &WebRequest<'_>) -> WebAnswer {
        let id = asked.cookie(COOKIE).unwrap_or_default();
        match self.browser_sessions.find(id) {
            None => WebAnswer::page(200, sign_in_page(None, "")),
            Some(session) => {
                let said = self.browser_sessions.take_said(id);
                let store = self.store.look();
                let tokens = store.ledger.tokens(&session.member.email, now());
                let view =
                    View { session: &session, tokens, audit: store.audit.last(8), asked, said };
                let html = view.html();
                match view.said {
                    Some(Said::Token(_)) => {
                        WebAnswer::page_with_script(200, html, copy_button::SCRIPT)
                    }
                    _ => WebAnswer::page(200, html),
                }
            }
        }
    }

    /// Handles a form; `None` if there is no such form.
    pub(super) fn submitted(&self, asked: &WebRequest<'_>, form: &str) -> Option<WebAnswer> {
        let fields = asked.form().unwrap_or_default();
        let field = |name: &str| fields.get(name).map_or("", |value| value.as_str());
        if form == "/sign-in" {
            return Some(self.signed_in(&fields));
        }
        let id = asked.cookie(COOKIE).unwrap_or_default();
        let session =
            self.browser_sessions.find(id).filter(|session| field("form") == session.form);
        let Some(session) = session else {
            let reason = "This form is no longer valid. Sign in again.";
            return Some(WebAnswer::page(403, sign_in_page(Some(reason), "")));
        };
        let said = match form {
            "/sign-out" => {
                self.browser_sessions.leave(id);
                return Some(WebAnswer::redirect(PAGE).with("set-cookie", cookie("", 0)));
            }
            "/tokens" => self.mint(&session, field("role"), field("label")).map(Said::Token),
            "/tokens/revoke" => self.revoke(&session, field("id")).map(Said::Done),
            "/password" => {
                self.new_password(&session, id, field("old"), field("new")).map(Said::Done)
            }
            _ => return None,
        };
        self.browser_sessions.say(id, said.unwrap_or_else(Said::Refused));
        Some(WebAnswer::redirect(PAGE))
    }

    fn signed_in(&self, fields: &WebFields) -> WebAnswer {
        let field = |name: &str| fields.get(name).map_or("", |value| value.as_str());
        let member = read_role(Some(field("role"))).and_then(|role| {
            self.store.look().ledger.sign_in(field("email").trim(), field("password"), role)
        });
        match member {
            Ok(member) => {
                let id = self.browser_sessions.take(member);
                WebAnswer::redirect(PAGE).with("set-cookie", cookie(&id, 3_600))
            }
            Err(reason) => {
                WebAnswer::page(401, sign_in_page(Some(&sentence(&reason)), field("email")))
            }
        }
    }

    fn mint(&self, session: &BrowserSession, name: &str, label: &str) -> Result<String, String> {
        let mut member = session.member.clone();
        if let Some(role) = read_role(Some(name))? {
            if role > member.role {
                return Err(format!("You act as {} here.", member.role.name()));
            }
            member.role = role;
        }
        self.minted(&member, if label.trim().is_empty() { "unnamed" } else { label.trim() })
    }

    fn revoke(&self, session: &BrowserSession, id: &str) -> Result<String, String> {
        let number: u64 = id.parse().map_err(|_| "There is no such token.".to_owned())?;
        let email = &session.member.email;
        match self.store.change(|store| store.ledger.revoke(email, number)) {
            Ok(true) => Ok("The token was revoked.".to_owned()),
            Ok(false) => Err("There is no such token.".to_owned()),
            Err(reason) => Err(reason.to_string()),
        }
    }

    fn new_password(
        &self,
        session: &BrowserSession,
        id: &str,
        old: &str,
        new: &str,
    ) -> Result<String, String> {
        let email = &session.member.email;
        let changed = self.store.change(|store| store.ledger.change_password(email, old, new));
        let count = changed.map_err(|reason| reason.to_string())??;
        self.browser_sessions.end_others(email, id);
        Ok(format!("The password was changed. Tokens revoked: {count}."))
    }
}

/// Returns a cookie with `SameSite` and `HttpOnly`.
fn cookie(value: &str, seconds: u32) -> String {
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict")
}

/// Returns a reason as a sentence for a page.
fn sentence(reason: &str) -> String {
    let mut characters = reason.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

/// Returns the sign-in page; `email` is the address typed before.
fn sign_in_page(refusal: Option<&str>, email: &str) -> String {
    let body = format!(
        "<h1>{TITLE}</h1>\n<p>Sign in to give an assistant access to your store. This is a mock: \
         <code>owner@</code>, <code>manager@</code>, <code>editor@</code> and \
         <code>viewer@harborpine.example</code> have the password \
         <code>{FIRST_PASSWORD}</code>.</p>\n{}\
         <form method=\"post\" action=\"{PAGE}/sign-in\">\n\
         <label>E-mail <input type=\"email\" name=\"email\" value=\"{}\" \
         autocomplete=\"username\" required{}></label>\n\
         <label>Password <input type=\"password\" name=\"password\" \
         autocomplete=\"current-password\" required{}></label>\n\
         <label>Role <select name=\"role\"><option value=\"\">same as \
         yours</option>{}</select></label>\n\
         <div class=\"buttons\"><button class=\"main\">Sign in</button></div>\n</form>",
        refusal.map_or_else(String::new, |reason| notice("bad", reason)),
        escaped(email),
        if email.is_empty() { " autofocus" } else { "" },
        if email.is_empty() { "" } else { " autofocus" },
        options(Role::Owner, None),
    );
    crate::html::document(TITLE, &body)
}

fn notice(kind: &str, text: &str) -> String {
    format!("<p class=\"notice {kind}\" role=\"status\">{}</p>\n", escaped(text))
}

/// Returns the roles up to one, as options of a form.
fn options(upto: Role, chosen: Option<Role>) -> String {
    let option = |role: Role| {
        let selected = if Some(role) == chosen { " selected" } else { "" };
        format!("<option value=\"{0}\"{selected}>{0}</option>", role.name())
    };
    Role::ALL.into_iter().filter(|role| *role <= upto).map(option).collect()
}

/// The page for a signed-in member.
struct View<'a> {
    session: &'a BrowserSession,
    tokens: Vec<&'a Token>,
    audit: Vec<&'a LoggedCall>,
    asked: &'a WebRequest<'a>,
    said: Option<Said>,
}

impl View<'_> {
    fn html(&self) -> String {
        let member = &self.session.member;
        let body = format!(
            "<header><h1>{TITLE}</h1>{}</header>\n\
             <p>Signed in as <strong>{}</strong>, acting as <strong>{}</strong>.</p>\n{}{}{}{}{}",
            self.form("/sign-out", "<button>Sign out</button>"),
            escaped(&member.email),
            member.role.name(),
            self.said(),
            self.tokens(),
            self.mint(),
            self.password(),
            self.audit(),
        );
        wide_document(TITLE, &body)
    }

    fn form(&self, action: &str, inner: &str) -> String {
        format!(
            "<form method=\"post\" action=\"{PAGE}{action}\">\
             <input type=\"hidden\" name=\"form\" value=\"{}\">{inner}</form>",
            escaped(&self.session.form)
        )
    }

    fn said(&self) -> String {
        match &self.said {
            None => String::new(),
            Some(Said::Done(text)) => notice("good", text),
            Some(Said::Refused(text)) => notice("bad", text),
            Some(Said::Token(token)) => {
                let snippet = |host: Host| {
                    format!(
                        "<details><summary>{}</summary><pre>{}</pre></details>\n",
                        escaped(host.title()),
                        escaped(&host.snippet(self.asked.origin, token)),
                    )
                };
                format!(
                    "<section class=\"notice good\" role=\"status\"><h2>Your new token</h2>\n\
                     <p>Copy it now: it is not shown again. One click selects all of it.</p>\n\
                     <pre id=\"token\">{}</pre>\n{}{}</section>\n",
                    escaped(token),
                    copy_button::html(),
                    Host::ALL.map(snippet).concat(),
                )
            }
        }
    }

    fn tokens(&self) -> String {
        let row = |token: &&Token| {
            format!(
                "<tr><td>{}</td><td><code>{}…</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&token.label),
                escaped(&token.starts),
                token.role.name(),
                token.expires.day(),
                self.form(
                    "/tokens/revoke",
                    &format!(
                        "<input type=\"hidden\" name=\"id\" value=\"{}\">\
                         <button>Revoke</button>",
                        token.id
                    )
                ),
            )
        };
        let rows: String = self.tokens.iter().map(row).collect();
        let table = if rows.is_empty() {
            "<p>There are no valid tokens.</p>\n".to_owned()
        } else {
            format!(
                "<div class=\"scroll\"><table class=\"tokens\">\n<thead><tr><th>Name</th>\
                 <th>Begins with</th><th>Role</th><th>Expires</th><th></th></tr></thead>\n\
                 <tbody>\n{rows}</tbody>\n\
                 </table></div>\n"
            )
        };
        format!("<section><h2>Tokens</h2>\n{table}</section>\n")
    }

    fn mint(&self) -> String {
        let inner = format!(
            "<label>Name <input type=\"text\" name=\"label\" maxlength=\"60\" \
             placeholder=\"laptop\"></label>\n\
             <label>Role <select name=\"role\">{}</select></label>\n\
             <div class=\"buttons\"><button class=\"main\">Generate token</button></div>",
            options(self.session.member.role, Some(self.session.member.role)),
        );
        format!(
            "<section><h2>New token</h2>\n\
             <p>It expires after a year, and can do what its role can do.</p>\n{}</section>\n",
            self.form("/tokens", &inner)
        )
    }

    fn password(&self) -> String {
        // A hidden field with the user name, for password managers.
        let inner = format!(
            "<input type=\"text\" name=\"username\" value=\"{}\" autocomplete=\"username\" \
             hidden>\n\
             <label>Old password <input type=\"password\" name=\"old\" \
             autocomplete=\"current-password\" required></label>\n\
             <label>New password <input type=\"password\" name=\"new\" minlength=\"8\" \
             autocomplete=\"new-password\" required></label>\n\
             <div class=\"buttons\"><button>Change password</button></div>",
            escaped(&self.session.member.email),
        );
        format!(
            "<section><h2>Password</h2>\n\
             <p>Changing the password revokes every token of this account.</p>\n{}</section>\n",
            self.form("/password", &inner)
        )
    }

    fn audit(&self) -> String {
        if self.audit.is_empty() {
            return String::new();
        }
        let row = |note: &&LoggedCall| {
            format!(
                "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                note.at,
                escaped(&note.tool),
                escaped(&note.account),
                escaped(&note.role),
                escaped(&note.outcome),
            )
        };
        let rows: String = self.audit.iter().map(row).collect();
        format!(
            "<section><h2>Last calls</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>When</th>\
             <th>Tool</th><th>Account</th><th>Role</th><th>Outcome</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table></div></section>\n"
        )
    }
}
