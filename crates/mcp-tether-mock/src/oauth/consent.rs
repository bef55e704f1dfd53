//! The pages of the authorization server: consent, device code, refusal. Plain HTML without
//! scripts, dark and light.

use super::answer::OAuthError;
use super::book::{AuthorizationRequest, DeviceGrant};
use crate::html::{document, escaped};

/// Returns the page that asks for consent to a client's request, and for the account.
pub(super) fn page(
    request: &AuthorizationRequest,
    accounts: &[String],
    action: &str,
    id: &str,
) -> String {
    let resource = request.resource.as_deref().unwrap_or("everything that this sign-in is for");
    let body = form(
        &request.client_name,
        resource,
        &request.scope,
        accounts,
        &Form { action, hidden: ("request", id) },
        &format!(
            "<small>After that, the browser goes to <code>{}</code>.</small>",
            escaped(&request.redirect_uri)
        ),
    );
    document("Sign in to the mock", &body)
}

/// Returns the page that asks the same for a device that shows this code.
pub(super) fn device(code: &DeviceGrant, accounts: &[String], action: &str) -> String {
    let body = form(
        &code.client_name,
        code.grant.resource.as_deref().unwrap_or("everything that this sign-in is for"),
        &code.grant.scope,
        accounts,
        &Form { action, hidden: ("user_code", &code.user_code) },
        &format!(
            "<small>Continue only if your device shows <code>{}</code>.</small>",
            escaped(&code.user_code)
        ),
    );
    document("Connect a device", &body)
}

/// Returns the page that asks for the code shown by a device.
pub(super) fn device_entry(action: &str) -> String {
    let body = format!(
        "<h1>Connect a device</h1>\n<p>Enter the code that it shows.</p>\n\
         <form method=\"get\" action=\"{}\">\n\
         <p><input type=\"text\" name=\"user_code\" autocomplete=\"off\" autofocus></p>\n\
         <div class=\"buttons\"><button class=\"main\">Continue</button></div>\n</form>",
        escaped(action)
    );
    document("Connect a device", &body)
}

/// Returns the page that shows the outcome if there is no redirect URI.
pub(super) fn notice(title: &str, text: &str) -> String {
    let body = format!("<h1>{}</h1>\n<p>{}</p>", escaped(title), escaped(text));
    document(title, &body)
}

/// Returns the page that explains why a request cannot be answered at its redirect URI.
pub(super) fn refusal(error: &OAuthError) -> String {
    let text = format!("{} ({})", error.description, error.code);
    notice("This sign-in cannot continue", &text)
}

struct Form<'a> {
    action: &'a str,
    hidden: (&'a str, &'a str),
}

fn form(
    who: &str,
    resource: &str,
    scope: &str,
    accounts: &[String],
    form: &Form<'_>,
    note: &str,
) -> String {
    let scopes: String = scope
        .split_whitespace()
        .map(|scope| format!("<li><code>{}</code></li>\n", escaped(scope)))
        .collect();
    let scopes = if scopes.is_empty() {
        String::new()
    } else {
        format!("<p>It asks for</p>\n<ul>\n{scopes}</ul>\n")
    };
    format!(
        "<h1>Let {} use your account?</h1>\n<p>It will read and change things at <code>{}</code> \
         in your name.</p>\n\
         {scopes}<form method=\"post\" action=\"{}\">\n\
         <input type=\"hidden\" name=\"{}\" value=\"{}\">\n{}\
         <div class=\"buttons\">\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n\
         <button class=\"main\" name=\"decision\" value=\"approve\">Approve</button>\n\
         </div>\n</form>\n{note}",
        escaped(who),
        escaped(resource),
        escaped(form.action),
        form.hidden.0,
        escaped(form.hidden.1),
        choice(accounts),
    )
}

fn choice(accounts: &[String]) -> String {
    let radio = |(number, account): (usize, &String)| {
        let checked = if number == 0 { " checked" } else { "" };
        let name = escaped(account);
        format!(
            "<label><input type=\"radio\" name=\"account\" value=\"{name}\"{checked}> \
             {name}</label>\n"
        )
    };
    let radios: String = accounts.iter().enumerate().map(radio).collect();
    format!("<fieldset><legend>Account</legend>\n{radios}</fieldset>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_client_is_escaped() {
        let hostile = "\"><script>alert(1)</script>";
        let request = AuthorizationRequest {
            client_id: "id".to_owned(),
            client_name: hostile.to_owned(),
            redirect_uri: hostile.to_owned(),
            state: hostile.to_owned(),
            challenge: hostile.to_owned(),
            scope: hostile.to_owned(),
            resource: Some(hostile.to_owned()),
            key: Some(hostile.to_owned()),
        };
        let html = page(&request, &[hostile.to_owned()], "/consent", hostile);
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("value=\"approve\""));
    }
}
