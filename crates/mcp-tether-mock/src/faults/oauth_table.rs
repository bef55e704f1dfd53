//! Faults of OAuth: rows like those of `table`, and the list of invalid metadata values.

use super::oauth_plan::{
    CallbackFault, ClientRule, ClientRuleFault, DocumentFault, ErrorFault, MemberFault, TokenFault,
};
use super::plan::Plan;
use super::row::{FaultRow, FaultScope, PlanEdit, effect, read_member};
use super::words::{InvalidFault, Words};

pub(super) const ROWS: &[FaultRow] = &[
    FaultRow {
        name: "metadata",
        syntax: "metadata=javascript|data|vbscript|file|file-share|unc|shell|shell-scheme|control\
                 |dash|relative|plain-http|plain-http-token|plain-http-register|private-token\
                 |decimal-token|mapped-token|private-issuer|no-token-endpoint\
                 |no-authorization-endpoint|no-registration|wrong-issuer|slash-issuer|no-issuer\
                 |no-pkce|plain-pkce|other-resource|sibling-resource|no-resource|no-issuers\
                 |issuers-text",
        about: "OAuth: bends the metadata of resource or authorization server in a known way",
        example: "metadata=javascript",
        keys: &[],
        scope: FaultScope::Any,
        read: read_metadata,
    },
    FaultRow {
        name: "issuer-member",
        syntax: "issuer-member=NAME[:value=JSON-OR-TEXT]",
        about: "OAuth: sets a member of the authorization server's metadata, or removes it",
        example: "issuer-member=issuer:value={issuer}/",
        keys: &["value"],
        scope: FaultScope::Any,
        read: |words| {
            let member = read_member(words)?;
            effect(move |plan| plan.oauth.issuer_members.push(member.clone()))
        },
    },
    FaultRow {
        name: "resource-member",
        syntax: "resource-member=NAME[:value=JSON-OR-TEXT]",
        about: "OAuth: sets a member of the resource metadata, or removes it",
        example: "resource-member=resource:value=https://other.example/mcp",
        keys: &["value"],
        scope: FaultScope::Any,
        read: |words| {
            let member = read_member(words)?;
            effect(move |plan| plan.oauth.resource_members.push(member.clone()))
        },
    },
    FaultRow {
        name: "document",
        syntax: "document=html|oversize|truncated|array|empty|text",
        about: "OAuth: metadata is HTML, 16 MiB long, half, an array, nothing, or plain text",
        example: "document=html",
        keys: &[],
        scope: FaultScope::Any,
        read: read_document,
    },
    FaultRow {
        name: "callback",
        syntax: "callback=no-state|wrong-state|two-states|no-iss|wrong-iss|slash-iss|no-code\
                 |script",
        about: "OAuth: sends the browser back with this mistake; `script` is an error of markup",
        example: "callback=wrong-state",
        keys: &[],
        scope: FaultScope::Any,
        read: read_callback,
    },
    FaultRow {
        name: "token",
        syntax: "token=html|no-access-token|no-type|other-type|lower-case-type|no-scope\
                 |text-expiry|negative-expiry|zero-expiry|illegal|empty|dpop",
        about: "OAuth: issues tokens and gets the answer wrong; `lower-case-type` is right",
        example: "token=text-expiry",
        keys: &[],
        scope: FaultScope::Any,
        read: read_token,
    },
    FaultRow {
        name: "first-token-ended",
        syntax: "first-token-ended",
        about: "OAuth: treats the first access token that it sees as expired, and no other",
        example: "first-token-ended",
        keys: &[],
        scope: FaultScope::Any,
        read: |_| effect(|plan| plan.oauth.first_token_ended = true),
    },
    FaultRow {
        name: "oauth-error",
        syntax: "oauth-error=CODE[:at=token|register|authorize|revoke|device_authorization|par]\
                 [:message=TEXT][:status=STATUS]",
        about: "OAuth: refuses in the words of OAuth and does nothing",
        example: "oauth-error=invalid_grant:at=token:times=1",
        keys: &["at", "message", "status"],
        scope: FaultScope::Any,
        read: read_error,
    },
    FaultRow {
        name: "client-rule",
        syntax: "client-rule=id-in-form|no-id-in-form|only-basic|only-post|raw-basic[:code=CODE]\
                 [:status=STATUS]",
        about: "OAuth: refuses clients that do not authenticate like this, whatever they \
                registered",
        example: "client-rule=id-in-form:code=unauthorized_client:status=400",
        keys: &["code", "status"],
        scope: FaultScope::Any,
        read: read_client_rule,
    },
];

/// The document that holds an invalid member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MetadataDocument {
    Issuer,
    Resource,
}

/// Known invalid metadata: name, document, member, value as JSON; no value removes the member.
const BENT: &[(&str, MetadataDocument, &str, Option<&str>)] = &[
    (
        "javascript",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""javascript:alert(1)""#),
    ),
    (
        "data",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""data:text/html,<h1>x</h1>""#),
    ),
    (
        "vbscript",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""vbscript:msgbox(1)""#),
    ),
    (
        "file",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""file:///c:/windows/system32/calc.exe""#),
    ),
    (
        "file-share",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""file://attacker.example/share/x.exe""#),
    ),
    (
        "unc",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""\\\\attacker.example\\s\\x.exe""#),
    ),
    (
        "shell",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""{issuer}/authorize?a=$(touch mcp-owned)&b=`touch mcp-owned`|x&c=%PATH%""#),
    ),
    (
        "shell-scheme",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""a:$(calc.exe)?x=1""#),
    ),
    (
        "control",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""{issuer}/auth\u0007orize\r\nX-Evil: 1\u001b[2J""#),
    ),
    ("dash", MetadataDocument::Issuer, "authorization_endpoint", Some(r#""--new-window""#)),
    ("relative", MetadataDocument::Issuer, "authorization_endpoint", Some(r#""/oauth/authorize""#)),
    (
        "plain-http",
        MetadataDocument::Issuer,
        "authorization_endpoint",
        Some(r#""http://login.example/authorize""#),
    ),
    (
        "plain-http-token",
        MetadataDocument::Issuer,
        "token_endpoint",
        Some(r#""http://login.example/token""#),
    ),
    (
        "plain-http-register",
        MetadataDocument::Issuer,
        "registration_endpoint",
        Some(r#""http://login.example/register""#),
    ),
    (
        "private-token",
        MetadataDocument::Issuer,
        "token_endpoint",
        Some(r#""https://169.254.169.254/latest/meta-data/""#),
    ),
    (
        "decimal-token",
        MetadataDocument::Issuer,
        "token_endpoint",
        Some(r#""https://2852039166/token""#),
    ),
    (
        "mapped-token",
        MetadataDocument::Issuer,
        "token_endpoint",
        Some(r#""https://[::ffff:169.254.169.254]/token""#),
    ),
    (
        "private-issuer",
        MetadataDocument::Resource,
        "authorization_servers",
        Some(r#"["https://169.254.169.254"]"#),
    ),
    ("no-token-endpoint", MetadataDocument::Issuer, "token_endpoint", None),
    ("no-authorization-endpoint", MetadataDocument::Issuer, "authorization_endpoint", None),
    ("no-registration", MetadataDocument::Issuer, "registration_endpoint", None),
    ("wrong-issuer", MetadataDocument::Issuer, "issuer", Some(r#""https://issuer.example""#)),
    ("slash-issuer", MetadataDocument::Issuer, "issuer", Some(r#""{issuer}/""#)),
    ("no-issuer", MetadataDocument::Issuer, "issuer", None),
    ("no-pkce", MetadataDocument::Issuer, "code_challenge_methods_supported", None),
    (
        "plain-pkce",
        MetadataDocument::Issuer,
        "code_challenge_methods_supported",
        Some(r#"["plain"]"#),
    ),
    (
        "other-resource",
        MetadataDocument::Resource,
        "resource",
        Some(r#""https://other.example/mcp""#),
    ),
    ("sibling-resource", MetadataDocument::Resource, "resource", Some(r#""{origin}/mcp-other""#)),
    ("no-resource", MetadataDocument::Resource, "resource", None),
    ("no-issuers", MetadataDocument::Resource, "authorization_servers", Some("[]")),
    ("issuers-text", MetadataDocument::Resource, "authorization_servers", Some(r#""{issuer}""#)),
];

fn read_metadata(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let choices: Vec<(&str, usize)> =
        BENT.iter().enumerate().map(|(at, (name, ..))| (*name, at)).collect();
    let (_, document, member, value) = BENT[words.main_choice(&choices)?];
    let value = value.map(|text| serde_json::from_str(text).expect("the table holds JSON"));
    let fault = MemberFault { name: member.to_owned(), value };
    effect(move |plan: &mut Plan| match document {
        MetadataDocument::Issuer => plan.oauth.issuer_members.push(fault.clone()),
        MetadataDocument::Resource => plan.oauth.resource_members.push(fault.clone()),
    })
}

/// Reads a document; text that is not JSON is taken as a string.
fn read_document(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let fault = words.main_choice(&[
        ("html", DocumentFault::Html),
        ("oversize", DocumentFault::Oversize),
        ("truncated", DocumentFault::Truncated),
        ("array", DocumentFault::Array),
        ("empty", DocumentFault::Empty),
        ("text", DocumentFault::Text),
    ])?;
    effect(move |plan| plan.oauth.document = Some(fault))
}

fn read_callback(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let fault = words.main_choice(&[
        ("no-state", CallbackFault::NoState),
        ("wrong-state", CallbackFault::WrongState),
        ("two-states", CallbackFault::TwoStates),
        ("no-iss", CallbackFault::NoIss),
        ("wrong-iss", CallbackFault::WrongIss),
        ("slash-iss", CallbackFault::SlashIss),
        ("no-code", CallbackFault::NoCode),
        ("script", CallbackFault::Script),
    ])?;
    effect(move |plan| plan.oauth.callback.push(fault))
}

fn read_token(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let fault = words.main_choice(&[
        ("html", TokenFault::Html),
        ("no-access-token", TokenFault::NoAccessToken),
        ("no-type", TokenFault::NoType),
        ("other-type", TokenFault::OtherType),
        ("lower-case-type", TokenFault::LowerCaseType),
        ("no-scope", TokenFault::NoScope),
        ("text-expiry", TokenFault::ExpiresInText),
        ("negative-expiry", TokenFault::ExpiresInNegative),
        ("zero-expiry", TokenFault::ExpiresInZero),
        ("illegal", TokenFault::IllegalToken),
        ("empty", TokenFault::EmptyToken),
        ("dpop", TokenFault::DpopType),
    ])?;
    effect(move |plan| plan.oauth.token = Some(fault))
}

fn read_error(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let endpoints = ["token", "register", "authorize", "revoke", "device_authorization", "par"];
    let endpoints = endpoints.map(|name| (name, name));
    let at = words.take_choice("at", &endpoints)?.unwrap_or("token");
    let message = words.take("message").unwrap_or_else(|| "a fault was asked for".to_owned());
    let status = words.take_number("status")?.unwrap_or(400);
    let code = words.main().unwrap_or_else(|| "server_error".to_owned());
    let fault = ErrorFault { at, status, code, message };
    effect(move |plan| plan.oauth.error = Some(fault.clone()))
}

fn read_client_rule(words: &mut Words) -> Result<PlanEdit, InvalidFault> {
    let code = words.take("code").unwrap_or_else(|| "invalid_client".to_owned());
    let status = words.take_number("status")?.unwrap_or(401);
    let rule = words.main_choice(&[
        ("id-in-form", ClientRule::IdInForm),
        ("no-id-in-form", ClientRule::NoIdInForm),
        ("only-basic", ClientRule::OnlyBasic),
        ("only-post", ClientRule::OnlyPost),
        ("raw-basic", ClientRule::RawBasic),
    ])?;
    let fault = ClientRuleFault { rule, status, code };
    effect(move |plan| plan.oauth.client_rule = Some(fault.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::faults::fault::ActiveFault;
    use crate::faults::row::FaultTarget;

    fn plan(fault: &str) -> Plan {
        let asked =
            FaultTarget { http: "GET", path: "/x", method: "", is_request: false, tool: "" };
        let mut plan = Plan::default();
        ActiveFault::new(fault.parse().unwrap()).apply(&asked, &mut plan);
        plan
    }

    #[test]
    fn every_known_invalid_metadata_can_be_read() {
        for (name, ..) in BENT {
            let oauth = plan(&format!("metadata={name}")).oauth;
            assert_eq!(oauth.issuer_members.len() + oauth.resource_members.len(), 1, "{name}");
        }
        let names: Vec<&str> = BENT.iter().map(|(name, ..)| *name).collect();
        assert_eq!(ROWS[0].syntax, format!("metadata={}", names.join("|")));
    }

    #[test]
    fn members_are_json_or_text_or_removed() {
        let member = |fault: &str| plan(fault).oauth.issuer_members[0].clone();
        let read = member("issuer-member=x:value=[\"a\"]");
        assert_eq!(read, MemberFault { name: "x".to_owned(), value: Some(json!(["a"])) });
        assert_eq!(member("issuer-member=x:value=http://a:1/b").value, Some("http://a:1/b".into()));
        assert_eq!(member("issuer-member=x").value, None);
        let nameless = "issuer-member".parse::<crate::Fault>().unwrap_err();
        assert_eq!(nameless.reason, "`issuer-member` needs a name");
    }
}
