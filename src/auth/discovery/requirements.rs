//! Checks metadata for demands that this program cannot meet and for missing features that it needs
//! (A-07, A-11), before anybody is sent to a browser. Fetches nothing.

use crate::auth::client::auth_method::AuthMethod;
use crate::auth::discovery::metadata::{AuthorizationServer, ProtectedResource};
use crate::auth::grants::jwt_bearer;
use crate::auth::options::{AuthOptions, DpopPolicy, Grant};
use crate::error::{Failure, FailureKind};
use crate::redact::{display_identifier, plain};

const UNSUPPORTED: &str = "mcp-tether does not support this; use an API key with \
    `--header 'Authorization: Bearer KEY'` if the server takes one";

/// Demands on tokens in the resource's metadata that cannot be met.
pub(crate) fn unmet_by_resource(
    resource: &ProtectedResource,
    options: &AuthOptions,
) -> Vec<Failure> {
    let wants = |what: &str, hint: &str| {
        let resource = display_identifier(&resource.resource);
        failure(format!("`{resource}` takes {what}"), hint)
    };
    let mut found = Vec::new();
    if resource.dpop_bound_access_tokens_required && options.dpop == DpopPolicy::Never {
        let what = "only tokens that are bound to a key (DPoP, RFC 9449)";
        found.push(wants(what, "leave out `--dpop never`"));
    }
    if resource.tls_client_certificate_bound_access_tokens
        && !(options.shows_certificate && options.client_certificate.is_some())
    {
        let what = "only tokens that are bound to a client certificate (RFC 8705)";
        let hint = "give the certificate to both servers: `--client-cert FILE --client-key FILE \
                    --auth-client-cert FILE --auth-client-key FILE`";
        found.push(wants(what, hint));
    }
    let in_header = |methods: &Vec<String>| {
        methods.is_empty() || methods.iter().any(|method| method == "header")
    };
    if !resource.bearer_methods_supported.as_ref().is_none_or(in_header) {
        let hint = format!("{UNSUPPORTED}; or {}", options.hint_to_name_endpoints());
        found.push(wants("no tokens in the `Authorization` header", &hint));
    }
    found
}

/// Problems in the authorization server's metadata, other than its endpoints' addresses.
pub(crate) fn unmet_by_server(server: &AuthorizationServer, options: &AuthOptions) -> Vec<Failure> {
    let mut found = Vec::new();
    if server.token_endpoint.is_none() {
        found.push(without_token_endpoint(server));
    }
    found.extend(without_possible_authentication(server, options));
    match options.grant {
        // A token from another program needs no sign-in page.
        Grant::AuthorizationCode if options.identity_token.is_none() => {
            found.extend(unmet_by_code_grant(server, options));
        }
        Grant::EnterpriseManaged => found.extend(without_identity_assertions(server, options)),
        Grant::Workload(_) => {
            found.extend(without_jwt_bearer(server, options, "--workload-token"));
        }
        Grant::DeviceCode if server.device_authorization_endpoint.is_none() => {
            found.push(without_device_codes(server));
        }
        Grant::AuthorizationCode | Grant::DeviceCode | Grant::ClientCredentials => {}
    }
    found
}

/// The failure if no token endpoint is known.
pub(crate) fn without_token_endpoint(server: &AuthorizationServer) -> Failure {
    let hint = "tell its operator; if you know it, name it: `--token-endpoint URL`";
    lacks(server, "names no usable `token_endpoint`", hint)
}

/// The failure if no page to sign in at is known.
pub(crate) fn without_authorization_endpoint(server: &AuthorizationServer) -> Failure {
    let hint = "tell its operator; if you know it, name it: `--authorization-endpoint URL`";
    lacks(server, "names no usable `authorization_endpoint`", hint)
}

/// The failure if no endpoint for device codes is known.
pub(crate) fn without_device_codes(server: &AuthorizationServer) -> Failure {
    let hint = "sign in with a browser: leave `--device-code` out, or use `--no-browser`; if the \
                server has an endpoint for device codes and does not say where, name it with \
                `--device-endpoint URL`";
    lacks(server, "does not support device codes", hint)
}

/// The profile of authorization servers that accept identity assertions (ID-JAG).
const ID_JAG_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// The failure if the metadata excludes identity assertions: by the list of profiles or, without
/// one, the list of grants.
fn without_identity_assertions(
    server: &AuthorizationServer,
    options: &AuthOptions,
) -> Option<Failure> {
    match &server.authorization_grant_profiles_supported {
        _ if options.assume_grant => None,
        Some(profiles) if profiles.iter().any(|profile| profile == ID_JAG_PROFILE) => None,
        Some(profiles) if !profiles.is_empty() => {
            let what =
                "does not take identity assertions (`authorization_grant_profiles_supported`)";
            Some(lacks(server, what, &hint_without("--idp")))
        }
        _ => without_jwt_bearer(server, options, "--idp"),
    }
}

fn without_jwt_bearer(
    server: &AuthorizationServer,
    options: &AuthOptions,
    flag: &str,
) -> Option<Failure> {
    let listed = server.grant_types_supported.as_ref().filter(|listed| !listed.is_empty())?;
    let is_missing =
        !options.assume_grant && listed.iter().all(|grant| grant != jwt_bearer::GRANT_TYPE);
    let what = "does not list the grant that redeems assertions (RFC 7523)";
    is_missing.then(|| lacks(server, what, &hint_without(flag)))
}

/// The hint for a list without the grant that this flag selects.
fn hint_without(flag: &str) -> String {
    format!("sign in at the server itself: leave out `{flag}`; if {WRONG_LIST}")
}

const UNSAFE: &str = "this server cannot be signed in to safely; tell its operator";
const WRONG_LIST: &str = "the list is wrong, go on with `--assume-grant`";

fn unmet_by_code_grant(server: &AuthorizationServer, options: &AuthOptions) -> Vec<Failure> {
    let mut found = Vec::new();
    if server.authorization_endpoint.is_none() {
        found.push(without_authorization_endpoint(server));
    }
    found.extend(without_pkce(server, options));
    if !options.assume_grant {
        found.extend(without_code_grant(server));
    }
    if server.require_pushed_authorization_requests
        && server.pushed_authorization_request_endpoint.is_none()
    {
        let what = "demands pushed authorization requests (RFC 9126), and names no usable \
                    `pushed_authorization_request_endpoint`";
        found.push(lacks(server, what, &options.hint_to_name_endpoints()));
    }
    if server.require_signed_request_object {
        let what = "demands signed authorization requests (RFC 9101)";
        let hint = format!("{UNSUPPORTED}; or {}", options.hint_to_name_endpoints());
        found.push(lacks(server, what, &hint));
    }
    found
}

/// The failures for lists that exclude the code grant (A-11).
fn without_code_grant(server: &AuthorizationServer) -> Vec<Failure> {
    let mut found = Vec::new();
    let excludes = |list: &Option<Vec<String>>, ours: &str| {
        list.as_ref().is_some_and(|list| !list.is_empty() && list.iter().all(|one| one != ours))
    };
    if excludes(&server.grant_types_supported, "authorization_code") {
        let way = match server.device_authorization_endpoint {
            Some(_) => "sign in with `--device-code`",
            None => "a program signs in with `--client-credentials`",
        };
        let hint = format!("{way}; if {WRONG_LIST}");
        found.push(lacks(server, "does not offer the grant `authorization_code`", &hint));
    }
    if excludes(&server.response_types_supported, "code") {
        let hint = format!("ask its operator which way to sign in is meant; if {WRONG_LIST}");
        found.push(lacks(server, "does not offer the response type `code`", &hint));
    }
    found
}

/// The failure for missing PKCE support (A-07). A list without `S256` excludes it; a missing list
/// may be an omission.
fn without_pkce(server: &AuthorizationServer, options: &AuthOptions) -> Option<Failure> {
    match &server.code_challenge_methods_supported {
        Some(methods) if methods.iter().any(|method| method.eq_ignore_ascii_case("S256")) => None,
        Some(_) => Some(lacks(server, "does not support PKCE with `S256`", UNSAFE)),
        None if options.assume_pkce => None,
        None => Some(lacks(
            server,
            "does not say that it supports PKCE (`code_challenge_methods_supported`)",
            "if you know that it does, as Entra ID and Cognito do, go on with `--assume-pkce`; \
             otherwise tell its operator",
        )),
    }
}

/// The failure for a list without any method that we support, unless the user chose one.
fn without_possible_authentication(
    server: &AuthorizationServer,
    options: &AuthOptions,
) -> Option<Failure> {
    let listed = server.token_endpoint_auth_methods_supported.as_ref()?;
    let given = options.client_info.as_ref();
    let has_key = given.is_some_and(|given| given.signing_key.is_some());
    let has_secret = given.is_some_and(|given| given.client_secret.is_some());
    let has_certificate = options.client_certificate.is_some();
    let is_decided = has_secret
        || given.is_some_and(|given| given.auth_method.is_some())
        || options.client_metadata.contains_key("token_endpoint_auth_method");
    let is_possible = |name: &String| match AuthMethod::from_name(name) {
        Some(AuthMethod::PrivateKeyJwt) => has_key,
        Some(AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTls) => has_certificate,
        Some(_) => true,
        None => false,
    };
    if listed.is_empty() || is_decided || listed.iter().any(is_possible) {
        return None;
    }
    let names = listed.iter().map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>();
    let what = format!("authenticates clients only by {}", names.join(", "));
    let hint = if listed.iter().any(|name| name == AuthMethod::PrivateKeyJwt.name()) {
        "register a client with a key and give both: `--static-oauth-client-info \
         '{\"client_id\":\"ID\"}' --jwt-key FILE`"
    } else if listed.iter().any(|name| name.ends_with("tls_client_auth")) {
        "register a client with a certificate and give both: `--static-oauth-client-info \
         '{\"client_id\":\"ID\"}' --auth-client-cert FILE --auth-client-key FILE`"
    } else {
        "if it takes a secret all the same, say how: `--static-oauth-client-metadata \
         '{\"token_endpoint_auth_method\":\"client_secret_post\"}'`"
    };
    Some(lacks(server, &what, hint))
}

fn lacks(server: &AuthorizationServer, what: &str, hint: &str) -> Failure {
    let issuer = display_identifier(&server.issuer);
    failure(format!("the authorization server `{issuer}` {what}"), hint)
}

fn failure(message: String, hint: &str) -> Failure {
    Failure::new(FailureKind::AuthFailed, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::auth::client::assertion_source::AssertionSource;
    use crate::auth::client::pre_registered::PreRegistered;

    fn options() -> AuthOptions {
        AuthOptions::new(Url::parse("https://h/mcp").unwrap())
    }

    fn place() -> Url {
        Url::parse("https://as/.well-known/oauth-authorization-server").unwrap()
    }

    fn server(members: &str) -> AuthorizationServer {
        let text = format!(
            r#"{{"issuer":"https://as","authorization_endpoint":"https://as/a",
                "token_endpoint":"https://as/t","code_challenge_methods_supported":["S256"]{members}}}"#
        );
        AuthorizationServer::parse_at(&place(), text.as_bytes()).unwrap()
    }

    /// A-11
    #[test]
    fn each_demand_is_named_before_a_person_is_sent_anywhere() {
        for (members, named) in [
            (r#","require_pushed_authorization_requests":true"#, "RFC 9126"),
            (r#","require_signed_request_object":true"#, "RFC 9101"),
            (r#","grant_types_supported":["client_credentials"]"#, "authorization_code"),
            (r#","response_types_supported":["token","code id_token"]"#, "`code`"),
            (r#","token_endpoint_auth_methods_supported":["tls_client_auth"]"#, "tls_client_auth"),
            (r#","token_endpoint_auth_methods_supported":["private_key_jwt"]"#, "private_key_jwt"),
        ] {
            let found = unmet_by_server(&server(members), &options());
            assert_eq!(found.len(), 1, "{members}: {found:?}");
            assert!(found[0].message.contains(named), "{}", found[0].message);
            assert!(!found[0].hint.is_empty(), "{members}");
        }
        for members in [
            "",
            r#","require_pushed_authorization_requests":true,"pushed_authorization_request_endpoint":"https://as/p""#,
            r#","require_pushed_authorization_requests":false,"dpop_signing_alg_values_supported":["ES256"]"#,
            r#","grant_types_supported":["authorization_code"],"response_types_supported":["code"]"#,
            r#","grant_types_supported":[],"token_endpoint_auth_methods_supported":[]"#,
            r#","token_endpoint_auth_methods_supported":["tls_client_auth","none"]"#,
        ] {
            assert_eq!(unmet_by_server(&server(members), &options()), [], "{members}");
        }
        let mut given = options();
        given.client_info = Some(PreRegistered {
            client_secret: Some(crate::redact::Secret::new("s".to_owned())),
            ..PreRegistered::new("c")
        });
        let only_jwt = server(r#","token_endpoint_auth_methods_supported":["private_key_jwt"]"#);
        assert_eq!(unmet_by_server(&only_jwt, &given), [], "what the user gives wins");
    }

    /// A-11, A-17: what a list says wrongly can be overruled, and so can an endpoint that is
    /// missing.
    #[test]
    fn a_wrong_list_can_be_overruled_and_the_hint_says_how() {
        let assuming = |grant: Grant| AuthOptions { grant, assume_grant: true, ..options() };
        let file = || Grant::Workload(AssertionSource::File("t".into()));
        for (members, grant) in [
            (r#","grant_types_supported":["client_credentials"]"#, Grant::AuthorizationCode),
            (r#","response_types_supported":["token"]"#, Grant::AuthorizationCode),
            (r#","grant_types_supported":["authorization_code"]"#, file()),
            (r#","grant_types_supported":["authorization_code"]"#, Grant::EnterpriseManaged),
            (r#","authorization_grant_profiles_supported":["urn:x"]"#, Grant::EnterpriseManaged),
        ] {
            let plain = AuthOptions { grant: grant.clone(), ..options() };
            let refused = unmet_by_server(&server(members), &plain);
            assert!(refused[0].hint.contains("`--assume-grant`"), "{members}: {refused:?}");
            assert_eq!(unmet_by_server(&server(members), &assuming(grant)), [], "{members}");
        }
        let bare = AuthorizationServer::parse_at(
            &place(),
            br#"{"issuer":"https://as","code_challenge_methods_supported":["S256"]}"#,
        );
        let hints = unmet_by_server(&bare.unwrap(), &options()).into_iter().map(|it| it.hint);
        let hints = hints.collect::<Vec<_>>().join(" ");
        for flag in ["--token-endpoint URL", "--authorization-endpoint URL"] {
            assert!(hints.contains(flag), "{hints}");
        }
    }

    /// A-100, A-102
    #[test]
    fn a_server_that_takes_no_assertions_is_named() {
        let judged = |members: &str, grant: Grant| {
            let found = unmet_by_server(&server(members), &AuthOptions { grant, ..options() });
            found.into_iter().map(|failure| failure.hint).collect::<Vec<_>>().join(" ")
        };
        let file = || Grant::Workload(AssertionSource::File("t".into()));
        let jwt = r#","grant_types_supported":["urn:ietf:params:oauth:grant-type:jwt-bearer"]"#;
        let other = r#","grant_types_supported":["authorization_code"]"#;
        let id_jag = r#","authorization_grant_profiles_supported":["urn:ietf:params:oauth:grant-profile:id-jag"]"#;
        let profile = r#","authorization_grant_profiles_supported":["urn:x"]"#;
        for taken in ["", jwt, id_jag] {
            assert_eq!(judged(taken, Grant::EnterpriseManaged), "", "{taken}");
        }
        assert!(judged(other, Grant::EnterpriseManaged).contains("--idp"));
        assert!(judged(&format!("{jwt}{profile}"), Grant::EnterpriseManaged).contains("--idp"));
        assert_eq!(judged(jwt, file()), "");
        assert!(judged(other, file()).contains("--workload-token"));
    }

    /// A-11
    #[test]
    fn a_resource_that_binds_tokens_is_named() {
        let judged = |members: &str, dpop: DpopPolicy| {
            let text = format!(r#"{{"resource":"https://h","authorization_servers":[]{members}}}"#);
            let options = AuthOptions { dpop, ..options() };
            unmet_by_resource(&ProtectedResource::parse(text.as_bytes()).unwrap(), &options)
        };
        let bound = r#","dpop_bound_access_tokens_required":true"#;
        assert!(judged(bound, DpopPolicy::Never)[0].message.contains("DPoP"));
        assert_eq!(judged(bound, DpopPolicy::Auto), []);
        let resource = |members: &str| judged(members, DpopPolicy::Auto);
        let certificate = resource(r#","tls_client_certificate_bound_access_tokens":true"#);
        assert!(certificate[0].message.contains("certificate"));
        assert_eq!(resource(r#","bearer_methods_supported":["body","query"]"#).len(), 1);
        assert_eq!(resource(r#","bearer_methods_supported":["header"]"#), []);
        assert_eq!(resource(r#","bearer_methods_supported":[]"#), []);
        assert_eq!(resource(""), []);
    }

    /// A-07
    #[test]
    fn a_missing_list_of_pkce_methods_may_be_assumed_and_another_list_may_not() {
        let mut silent = server("");
        silent.code_challenge_methods_supported = None;
        let refused = &unmet_by_server(&silent, &options())[0];
        assert!(refused.hint.contains("`--assume-pkce`"), "{refused:?}");
        let assuming = AuthOptions { assume_pkce: true, ..options() };
        assert_eq!(unmet_by_server(&silent, &assuming), []);
        for list in [vec![], vec!["plain".to_owned()]] {
            silent.code_challenge_methods_supported = Some(list);
            let refused = &unmet_by_server(&silent, &assuming)[0];
            assert!(!refused.hint.contains("--assume-pkce"), "{refused:?}");
        }
    }
}
