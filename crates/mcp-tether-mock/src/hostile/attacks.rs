//! The table of attacks. A new one is a row here. `{trap}` is another origin of the attacker.

use crate::oauth::AuthKind;

/// One attack on a host.
#[derive(Debug, PartialEq, Eq)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// The id of the rule that it tries to break (`docs/rules.md`).
    pub rule: &'static str,
    /// A one-line description without a final period.
    pub about: &'static str,
    /// Its goal.
    pub aim: Aim,
    /// The faults of the mock that play it.
    pub(super) faults: &'static [&'static str],
    /// Whether the remote requires a sign-in.
    pub(super) guarded: bool,
    /// Whether the remote speaks only HTTP+SSE.
    pub(super) http_sse: bool,
    /// The way to sign in that it attacks, if not the usual one.
    pub(super) kind: Option<AuthKind>,
    /// The flags of a victim that uses the attacked feature; `{home}` is its home folder.
    pub(super) flags: &'static [&'static str],
    /// The location of the server.
    pub place: AttackPlace,
    /// The `_meta` of the victim's calls, as JSON: members that a host passes on from a third
    /// party.
    pub meta: Option<&'static str>,
}

/// The goal of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Any request to another origin.
    Reach,
    /// A credential sent to another origin.
    Credential,
    /// A sign-in that continues although it must stop.
    SignIn,
    /// A code that is redeemed although its issuer is not verified.
    Code,
    /// More than this many requests.
    Requests(usize),
    /// A conversation at all: the victim must refuse to start.
    Start,
    /// Headers of a trace that the standard does not know, or of any size.
    Trace,
    /// Something that only the victim can observe.
    Inside,
}

/// The location of the attacking server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttackPlace {
    /// At its address.
    Address,
    /// At a public name that the victim resolves with `--resolve`.
    Name,
    /// Between the victim and a public name, as its proxy.
    Proxy,
}

/// Returns an attack on a remote that requires a sign-in, with defaults for everything else.
const fn attack(
    name: &'static str,
    rule: &'static str,
    about: &'static str,
    aim: Aim,
    faults: &'static [&'static str],
) -> Attack {
    Attack {
        name,
        rule,
        about,
        aim,
        faults,
        guarded: true,
        http_sse: false,
        kind: None,
        flags: &[],
        place: AttackPlace::Address,
        meta: None,
    }
}

/// Makes the attack work without a sign-in.
const fn open(row: Attack) -> Attack {
    Attack { guarded: false, ..row }
}

/// Plays the attack over HTTP+SSE, without a sign-in.
const fn over_http_sse(row: Attack) -> Attack {
    Attack { guarded: false, http_sse: true, ..row }
}

/// Aims the attack at users of this way to sign in.
const fn on(kind: AuthKind, row: Attack) -> Attack {
    Attack { kind: Some(kind), ..row }
}

/// Aims the attack at users of these flags, without a sign-in.
const fn on_flags(flags: &'static [&'static str], row: Attack) -> Attack {
    Attack { guarded: false, flags, ..row }
}

/// Plays the attack at a public name, without a sign-in.
const fn at_name(row: Attack) -> Attack {
    Attack { guarded: false, place: AttackPlace::Name, ..row }
}

/// Plays the attack as a proxy, without a sign-in.
const fn by_proxy(row: Attack) -> Attack {
    Attack {
        guarded: false,
        place: AttackPlace::Proxy,
        flags: &["--proxy-auth", "c4n4ry:c4n4ry"],
        ..row
    }
}

/// Plays the attack through a host that adds this `_meta` to its calls, without a sign-in.
const fn with_meta(meta: &'static str, row: Attack) -> Attack {
    Attack { guarded: false, meta: Some(meta), ..row }
}

/// The flags of a victim that records.
const RECORDS: &[&str] =
    &["--record", "{home}/recording.jsonl", "--header", "X-Api-Key: the-c4n4ry-of-0123456789"];

#[rustfmt::skip]
pub(super) const ATTACKS: &[Attack] = &[
    attack("page-javascript", "S-05", "a sign-in page that is a script", Aim::SignIn,
        &["metadata=javascript"]),
    attack("page-vbscript", "S-05", "a sign-in page that is another script", Aim::SignIn,
        &["metadata=vbscript"]),
    attack("page-data", "S-05", "a sign-in page in a `data:` URL", Aim::SignIn,
        &["metadata=data"]),
    attack("page-file", "S-05", "a sign-in page that is a program of this machine", Aim::SignIn,
        &["metadata=file"]),
    attack("page-share", "S-05", "a sign-in page that is a program of a network share",
        Aim::SignIn, &["metadata=file-share"]),
    attack("page-unc", "S-05", "a sign-in page that is a UNC path", Aim::SignIn,
        &["metadata=unc"]),
    attack("page-scheme", "S-05", "a sign-in page whose scheme runs a command", Aim::SignIn,
        &["metadata=shell-scheme"]),
    attack("page-option", "S-05", "a sign-in page that is an option of the browser", Aim::SignIn,
        &["metadata=dash"]),
    attack("page-control", "S-05", "a sign-in page with control characters", Aim::SignIn,
        &["metadata=control"]),
    attack("page-shell", "S-06", "a sign-in page whose query is a command for a shell",
        Aim::Inside, &["metadata=shell"]),
    attack("page-plain", "A-08", "a sign-in page without encryption", Aim::SignIn,
        &["metadata=plain-http"]),
    attack("token-plain", "A-08", "a token endpoint without encryption", Aim::SignIn,
        &["metadata=plain-http-token"]),
    attack("register-plain", "A-08", "a registration endpoint without encryption", Aim::SignIn,
        &["metadata=plain-http-register"]),
    attack("token-metadata-service", "S-07", "a token endpoint at the cloud's metadata service",
        Aim::SignIn, &["metadata=private-token"]),
    attack("token-decimal", "S-07", "the same address as one decimal number", Aim::SignIn,
        &["metadata=decimal-token"]),
    attack("token-mapped", "S-07", "the same address mapped into IPv6", Aim::SignIn,
        &["metadata=mapped-token"]),
    attack("issuer-metadata-service", "S-07", "an issuer at the cloud's metadata service",
        Aim::SignIn, &["metadata=private-issuer"]),
    attack("issuer-lies", "A-06", "metadata of an issuer that it is not", Aim::SignIn,
        &["metadata=wrong-issuer"]),
    attack("resource-other", "A-04", "resource metadata of another server", Aim::SignIn,
        &["metadata=other-resource"]),
    attack("resource-sibling", "A-04", "resource metadata of a neighbour", Aim::SignIn,
        &["metadata=sibling-resource"]),
    attack("pkce-missing", "A-07", "an authorization server that does not mention PKCE",
        Aim::SignIn, &["metadata=no-pkce"]),
    attack("pkce-plain", "A-07", "an authorization server that knows `plain` alone",
        Aim::SignIn, &["metadata=plain-pkce"]),
    attack("document-endless", "S-07", "metadata of 16 MiB", Aim::SignIn,
        &["document=oversize"]),
    attack("state-wrong", "A-31", "an answer to a sign-in that no one began", Aim::Code,
        &["callback=wrong-state"]),
    attack("state-missing", "A-31", "an answer without a state", Aim::Code,
        &["callback=no-state"]),
    attack("state-twice", "A-31", "an answer with two states", Aim::Code,
        &["callback=two-states"]),
    attack("issuer-mixed-up", "A-40", "an answer of another issuer (RFC 9207)", Aim::Code,
        &["callback=wrong-iss"]),
    attack("issuer-hidden", "A-41", "an answer without the issuer that was promised", Aim::Code,
        &["callback=no-iss"]),
    attack("callback-markup", "S-03", "an error that is markup, for the page of the callback",
        Aim::Inside, &["callback=script"]),
    attack("token-illegal", "S-08", "a token that would break a header", Aim::Inside,
        &["token=illegal"]),
    attack("token-words", "S-15", "an error of the token endpoint that steers terminals",
        Aim::Inside, &["oauth-error=invalid_grant:message=\u{1b}]0;owned\u{7}\u{1b}[2J"]),
    attack("token-elsewhere", "S-07", "a token endpoint that redirects the code", Aim::Reach,
        &["redirect=307:to={trap}/token:path=/oauth/token"]),
    attack("token-swapped", "A-42", "a token endpoint that moves while the person decides",
        Aim::Reach, &["issuer-member=token_endpoint:value={trap}/token:skip=1\
           :path=/.well-known/oauth-authorization-server"]),
    attack("register-elsewhere", "S-07", "a registration that redirects", Aim::Reach,
        &["redirect=308:to={trap}/register:path=/oauth/register"]),
    attack("metadata-elsewhere", "S-07", "metadata that redirects to another origin",
        Aim::Credential,
        &["redirect=302:to={trap}/x:path=/.well-known"]),
    attack("challenge-elsewhere", "S-07", "a challenge that leads to another origin",
        Aim::Credential,
        &["status=401:challenge=Bearer resource_metadata=\"{trap}/x\":path=/mcp"]),
    attack("refused-for-ever", "A-61", "a server that never takes a token", Aim::Requests(60),
        &["status=401:path=/mcp"]),
    attack("scope-for-ever", "A-61", "a server that always wants another scope",
        Aim::Requests(60),
        &["status=403:challenge=Bearer error=\"insufficient_scope\", scope=\"more\":\
           path=/mcp:method=tools/*"]),
    attack("moved-307", "T-25", "requests that are redirected, with the token", Aim::Reach,
        &["redirect=307:to={trap}/mcp:path=/mcp:method=tools/*"]),
    attack("moved-302", "T-25", "the same with the other redirect", Aim::Reach,
        &["redirect=302:to={trap}/mcp:path=/mcp:method=tools/*"]),
    over_http_sse(attack("endpoint-elsewhere", "T-72", "an endpoint event of another origin",
        Aim::Reach, &["endpoint=elsewhere:to={trap}/message"])),
    over_http_sse(attack("endpoint-script", "T-72", "an endpoint event that is a script",
        Aim::Inside, &["endpoint=javascript"])),
    open(attack("session-illegal", "S-08",
        "a session id that would break a header", Aim::Inside, &["session=illegal"])),
    open(attack("session-forgotten", "T-32",
        "a session that is forgotten at each request", Aim::Requests(60), &["forget"])),
    open(attack("canary-urls", "S-11",
        "icons and schemas that a careless client would fetch", Aim::Reach,
        &["result-member=tools:value=[{\"name\":\"echo\",\"icons\":[{\"src\":\"{trap}/icon\"}],\
           \"inputSchema\":{\"type\":\"object\",\"$schema\":\"{trap}/meta\",\
           \"properties\":{\"a\":{\"$ref\":\"{trap}/schema\"}}}}]:method=tools/list",
          "result-member=serverInfo:value={\"name\":\"x\",\"version\":\"1\",\
           \"websiteUrl\":\"{trap}/site\",\"icons\":[{\"src\":\"{trap}/icon\"}]}\
           :method=initialize"])),
    open(attack("framing-lines", "T-01", "answers with line breaks between tokens", Aim::Inside,
        &["pretty", "answer=sse"])),
    open(attack("framing-bytes", "S-15", "answers that are not UTF-8", Aim::Inside,
        &["invalid-utf8"])),
    open(attack("framing-page", "S-15", "an HTML page instead of answers", Aim::Inside,
        &["html:method=tools/*"])),
    open(attack("answers-twice", "T-37", "two answers to each request", Aim::Inside,
        &["twice:method=tools/*"])),
    open(attack("answers-others", "T-37", "answers to requests that nobody made", Aim::Inside,
        &["wrong-id:method=tools/*"])),
    open(attack("error-words", "S-15", "an error page that steers terminals", Aim::Inside,
        &["status=500:body=text:message=\u{1b}[2J\u{1b}]0;owned\u{7}:method=tools/*"])),
    open(attack("answer-huge", "S-12", "an answer of 80 MB", Aim::Inside,
        &["oversize=80000000:method=tools/list"])),
    open(attack("answer-bomb", "S-12", "the same, compressed to almost nothing", Aim::Inside,
        &["oversize=80000000:method=tools/list", "gzip", "answer=sse"])),
    open(attack("flood-members", "S-37", "a batch of a hundred thousand numbers", Aim::Inside,
        &["flood=members:count=100000:method=tools/*"])),
    open(attack("flood-members-compressed", "S-37",
        "a batch of a hundred thousand numbers, compressed", Aim::Inside,
        &["flood=members:count=100000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-notes", "S-37", "a batch of two thousand notifications", Aim::Inside,
        &["flood=notes:count=2000:method=tools/*"])),
    open(attack("flood-notes-compressed", "S-37",
        "a batch of two thousand notifications, compressed", Aim::Inside,
        &["flood=notes:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-noise", "S-39",
        "events that are no messages, each worth a warning", Aim::Inside,
        &["flood=noise:count=20000:method=tools/*"])),
    open(attack("flood-noise-compressed", "S-39",
        "events that are no messages, each worth a warning, compressed", Aim::Inside,
        &["flood=noise:count=20000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-lines", "S-42",
        "an event of lines that cost more than they weigh", Aim::Inside,
        &["flood=lines:count=1000000:method=tools/*"])),
    open(attack("flood-lines-compressed", "S-42",
        "an event of lines that cost more than they weigh, compressed", Aim::Inside,
        &["flood=lines:count=1000000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-ids", "S-42", "events with ids of 64 KiB", Aim::Inside,
        &["flood=ids:count=200:method=tools/*"])),
    open(attack("flood-ids-compressed", "S-42",
        "events with ids of 64 KiB, compressed", Aim::Inside,
        &["flood=ids:count=200:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-names", "S-42", "events with names of 64 KiB", Aim::Inside,
        &["flood=names:count=200:method=tools/*"])),
    open(attack("flood-names-compressed", "S-42",
        "events with names of 64 KiB, compressed", Aim::Inside,
        &["flood=names:count=200:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-comments", "S-42", "comments before the answer", Aim::Inside,
        &["flood=comments:count=100000:method=tools/*"])),
    open(attack("flood-comments-compressed", "S-42",
        "comments before the answer, compressed", Aim::Inside,
        &["flood=comments:count=100000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-retries", "S-39", "orders to come back at once", Aim::Requests(60),
        &["flood=retries:count=20000:method=tools/*"])),
    open(attack("flood-retries-compressed", "S-39",
        "orders to come back at once, compressed", Aim::Requests(60),
        &["flood=retries:count=20000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-questions", "S-40", "two thousand requests to the host", Aim::Inside,
        &["flood=questions:count=2000:method=tools/*"])),
    open(attack("flood-questions-compressed", "S-40",
        "two thousand requests to the host, compressed", Aim::Inside,
        &["flood=questions:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-prompts", "S-40", "twelve hundred questions to a person", Aim::Inside,
        &["flood=prompts:count=1200:method=tools/*"])),
    open(attack("flood-prompts-compressed", "S-40",
        "twelve hundred questions to a person, compressed", Aim::Inside,
        &["flood=prompts:count=1200:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-pings", "S-40", "two thousand pings", Aim::Inside,
        &["flood=pings:count=2000:method=tools/*"])),
    open(attack("flood-pings-compressed", "S-40", "two thousand pings, compressed", Aim::Inside,
        &["flood=pings:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-cancellations", "S-40",
        "withdrawals of requests that were never made", Aim::Inside,
        &["flood=cancellations:count=5000:method=tools/*"])),
    open(attack("flood-cancellations-compressed", "S-40",
        "withdrawals of requests that were never made, compressed", Aim::Inside,
        &["flood=cancellations:count=5000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-changes", "S-12", "notifications that a list has changed", Aim::Inside,
        &["flood=changes:count=2000:method=tools/*"])),
    open(attack("flood-changes-compressed", "S-12",
        "notifications that a list has changed, compressed", Aim::Inside,
        &["flood=changes:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-log-messages", "S-12", "log messages before the answer", Aim::Inside,
        &["flood=log-messages:count=2000:method=tools/*"])),
    open(attack("flood-log-messages-compressed", "S-12",
        "log messages before the answer, compressed", Aim::Inside,
        &["flood=log-messages:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-progress", "S-12", "progress of requests that nobody made", Aim::Inside,
        &["flood=progress:count=2000:method=tools/*"])),
    open(attack("flood-progress-compressed", "S-12",
        "progress of requests that nobody made, compressed", Aim::Inside,
        &["flood=progress:count=2000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-answers", "T-37",
        "answers to requests that nobody made, by the thousand", Aim::Inside,
        &["flood=answers:count=5000:method=tools/*"])),
    open(attack("flood-answers-compressed", "T-37",
        "answers to requests that nobody made, by the thousand, compressed", Aim::Inside,
        &["flood=answers:count=5000:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-cookies", "S-35", "ninety cookies with each answer", Aim::Inside,
        &["flood=cookies:count=90:method=tools/*"])),
    open(attack("flood-cookies-compressed", "S-35",
        "ninety cookies with each answer, compressed", Aim::Inside,
        &["flood=cookies:count=90:method=tools/*", "gzip:method=tools/*"])),
    open(attack("flood-headers", "S-12", "ninety headers with each answer", Aim::Inside,
        &["flood=headers:count=90:method=tools/*"])),
    open(attack("flood-headers-compressed", "S-12",
        "ninety headers with each answer, compressed", Aim::Inside,
        &["flood=headers:count=90:method=tools/*", "gzip:method=tools/*"])),
    on(AuthKind::Dpop, attack("dpop-nonces", "A-86", "a new nonce for each proof, without end",
        Aim::Requests(60),
        &["status=401:challenge=DPoP error=\"use_dpop_nonce\":nonce=n{n}:path=/mcp"])),
    on(AuthKind::Dpop, attack("dpop-nonces-token", "A-86",
        "a new nonce for each request of a token, without end", Aim::Requests(60),
        &["status=400:body=json:message=use_dpop_nonce:nonce=n{n}:path=/oauth/token"])),
    on(AuthKind::Dpop, attack("dpop-elsewhere", "T-25",
        "requests with a proof that are redirected", Aim::Reach,
        &["redirect=307:to={trap}/mcp:path=/mcp:method=tools/*"])),
    on(AuthKind::Ema, attack("idp-plain", "A-08",
        "an identity provider whose token endpoint has no encryption", Aim::SignIn,
        &["metadata=plain-http-token"])),
    on(AuthKind::Ema, attack("idp-lies", "A-06", "metadata of an identity provider that it is not",
        Aim::SignIn, &["metadata=wrong-issuer"])),
    on(AuthKind::Ema, attack("idp-mixed-up", "A-40",
        "an answer of another issuer than the identity provider", Aim::Code,
        &["callback=wrong-iss"])),
    on(AuthKind::Ema, attack("idp-state", "A-31",
        "an answer of the identity provider to a sign-in that no one began", Aim::Code,
        &["callback=wrong-state"])),
    on(AuthKind::Ema, attack("idp-elsewhere", "S-07",
        "an identity provider that redirects the code", Aim::Reach,
        &["redirect=307:to={trap}/token:path=/oauth/token"])),
    on_flags(&["--token-command", "echo c4n4ry"], attack("command-storm", "S-70",
        "a server that takes no token, so that the command runs again and again",
        Aim::Requests(60), &["status=401:path=/mcp"])),
    on_flags(&["--token-command", "echo c4n4ry"], attack("command-moved", "T-25",
        "requests with the token of a command that are redirected", Aim::Reach,
        &["redirect=307:to={trap}/mcp:path=/mcp"])),
    on_flags(&["--header-command", "X-Secret: echo c4n4ry"], attack("header-command-moved", "T-25",
        "requests with the header of a command that are redirected", Aim::Reach,
        &["redirect=308:to={trap}/mcp:path=/mcp"])),
    on_flags(&["--pin", "warn"], attack("pin-tricks", "S-73",
        "tools whose differences steer a terminal", Aim::Inside,
        &["result-member=tools:value=[{\"name\":\"echo\",\
           \"description\":\"\\u001b[2J\\u202e\\u200b\"}]:method=tools/list"])),
    on_flags(RECORDS, attack("record-secrets", "O-30",
        "answers that repeat a key, for the recording", Aim::Inside,
        &["result-member=content:value=[{\"type\":\"text\",\"text\":\"the-c4n4ry-of-0123456789\"}]\
           :method=tools/call",
          "status=400:body=error:message=no key the-c4n4ry-of-0123456789:method=tools/list"])),
    on_flags(RECORDS, attack("record-page", "O-30",
        "an error page that repeats a key, for the recording", Aim::Inside,
        &["status=500:body=text:message=key the-c4n4ry-of-0123456789:method=tools/*"])),
    on_flags(RECORDS, attack("record-flood", "O-30", "a flood, for the disk", Aim::Inside,
        &["flood=log-messages:count=2000:method=tools/*"])),
    on_flags(&["--record", "{home}/link"], attack("record-link", "S-10",
        "a link in the place of the recording", Aim::Start, &[])),
    on_flags(&["--record", "{home}/second-name"], attack("record-second-name", "S-10",
        "a file that has another name in the place of the recording", Aim::Start, &[])),
    at_name(attack("resolve-home", "S-07",
        "a public name that the victim leads home, which names an address of this machine",
        Aim::Reach,
        &["status=401:challenge=Bearer resource_metadata=\"{trap}/x\":path=/mcp"])),
    at_name(attack("resolve-moved", "T-25",
        "the same, which redirects to an address of this machine", Aim::Reach,
        &["redirect=307:to={trap}/mcp:path=/mcp"])),
    by_proxy(attack("proxy-refusals", "T-26", "a proxy that never takes a password",
        Aim::Requests(60), &["status=407:body=text:message=once more"])),
    by_proxy(attack("proxy-page", "S-15", "a proxy that answers with a page that steers terminals",
        Aim::Inside,
        &["status=502:body=text:message=\u{1b}[2J\u{1b}]0;owned\u{7}:method=tools/*"])),
    by_proxy(attack("proxy-head", "S-12", "a proxy whose head has thousands of lines", Aim::Inside,
        &["flood=headers:count=5000:method=tools/*"])),
    by_proxy(attack("proxy-moved", "T-25", "a proxy that redirects", Aim::Reach,
        &["redirect=307:to={trap}/mcp:path=/mcp:method=tools/*"])),
    by_proxy(attack("proxy-challenge", "S-07",
        "a proxy that asks for a sign-in at an address of this machine", Aim::Reach,
        &["status=401:challenge=Bearer resource_metadata=\"{trap}/x\":path=/mcp"])),
    with_meta(
        r#"{"traceparent":"00-x\r\nX-Owned: 1","tracestate":"a\r\nX-Owned: 1","baggage":"b"}"#,
        attack("trace-lines", "O-20", "a trace that would break a header", Aim::Trace, &[])),
    with_meta(
        r#"{"traceparent":"4bf92f3577b34da6a3ce929d0e0e4736","tracestate":"a=1","baggage":"b"}"#,
        attack("trace-form", "O-20", "a trace that has not the form of the standard", Aim::Trace,
        &[])),
    with_meta(
        r#"{"traceparent":"{parent}","tracestate":"{state}","baggage":"{long}"}"#,
        attack("trace-size", "O-20", "a state of a trace without end",
        Aim::Trace, &[])),
    open(attack("trace-answers", "O-20", "answers with a trace, which is not for us", Aim::Trace,
        &["result-member=_meta:value={\"traceparent\":\"00-x\",\"baggage\":\"b=1\"}"])),
    open(attack("wait-for-years", "T-28", "an order to come back in three years", Aim::Inside,
        &["status=429:retry-after=99999999:method=tools/*"])),
    open(attack("silence", "T-26", "nothing at all", Aim::Inside,
        &["silent:method=tools/*"])),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::faults::Fault;

    #[test]
    fn every_attack_has_a_name_of_its_own_and_faults_that_can_be_read() {
        let names: HashSet<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        assert_eq!(names.len(), ATTACKS.len());
        for attack in ATTACKS {
            for fault in attack.faults {
                let read = fault.replace("{trap}", "http://127.0.0.1:9").parse::<Fault>();
                assert!(read.is_ok(), "{}: {read:?}", attack.name);
            }
        }
    }
}
