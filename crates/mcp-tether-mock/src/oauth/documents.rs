//! The metadata documents of resource (RFC 9728) and authorization server (RFC 8414, OpenID Connect
//! Discovery), as the options say and as faults change them.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{json_body, typed};
use super::assertion::ALGORITHMS;
use super::book::DEVICE_GRANT;
use super::issuer::Issuer;
use super::issuer_options::{
    ClientAuthentication, IssuerMetadataAt, IssuerOptions, RegistrationPolicy,
};
use super::resource::ResourceServer;
use super::{dpop, identity};
use crate::faults::{DocumentFault, MemberFault, OAuthFaults};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
/// The size of an oversize document, in bytes: more than a client should read.
const OVERSIZE_BYTES: usize = 16 * 1024 * 1024;

/// Returns the resource metadata of one endpoint.
pub(super) fn of_resource(
    resource: &ResourceServer,
    endpoint: &str,
    faults: &OAuthFaults,
) -> Response {
    let options = resource.options();
    let origin = resource.origin();
    let mut issuers: Vec<String> =
        options.other_issuers.iter().map(|other| other.replace("{origin}", &origin)).collect();
    let issuer = resource.issuer();
    let listed = options.listed_as.as_deref().unwrap_or("{issuer}");
    issuers.push(issuer.filled(listed));
    let mut document = json!({
        "resource": resource.name_of(endpoint),
        "authorization_servers": issuers,
        "bearer_methods_supported": ["header"],
        "resource_name": "mock remote",
    });
    if let Some(scopes) = &options.scopes_supported {
        document["scopes_supported"] = json!(scopes);
    }
    if options.dpop.is_some_and(|dpop| dpop.required) {
        document["dpop_bound_access_tokens_required"] = true.into();
    }
    apply_member_faults(&mut document, &faults.resource_members, &issuer);
    served(&document, faults.document)
}

/// Returns which metadata document of this server is at `path`, if any.
pub(super) fn issuer_place(options: &IssuerOptions, path: &str) -> Option<IssuerMetadataAt> {
    let prefix = options.prefix.trim_end_matches('/');
    options.metadata_at.iter().copied().find(|place| match place {
        IssuerMetadataAt::OAuth => path == format!("{OAUTH}{prefix}"),
        IssuerMetadataAt::OAuthRoot => path == OAUTH,
        IssuerMetadataAt::OpenIdInserted => path == format!("{OPENID}{prefix}"),
        IssuerMetadataAt::OpenIdAppended => path == format!("{prefix}{OPENID}"),
    })
}

/// Returns the metadata of the authorization server.
pub(super) fn of_issuer(
    issuer: &Issuer,
    place: IssuerMetadataAt,
    faults: &OAuthFaults,
) -> Response {
    let options = issuer.options();
    let mut document = plain(issuer, &options);
    if matches!(place, IssuerMetadataAt::OpenIdInserted | IssuerMetadataAt::OpenIdAppended) {
        document["jwks_uri"] = issuer.endpoint("jwks").into();
        document["subject_types_supported"] = json!(["public"]);
        document["id_token_signing_alg_values_supported"] = json!(["ES256"]);
    }
    apply_member_faults(&mut document, &faults.issuer_members, issuer);
    served(&document, faults.document)
}

fn plain(issuer: &Issuer, options: &IssuerOptions) -> Value {
    let methods: Vec<&str> = options.authentication.iter().map(|method| method.name()).collect();
    let mut grants = vec!["authorization_code", "refresh_token", "client_credentials"];
    let mut document = json!({
        "issuer": issuer.identifier(),
        "authorization_endpoint": issuer.endpoint("authorize"),
        "token_endpoint": issuer.endpoint("token"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
    });
    let mut set = |name: &str, value: Value| document[name] = value;
    if options.registration != RegistrationPolicy::Absent {
        set("registration_endpoint", issuer.endpoint("register").into());
    }
    if options.authentication.contains(&ClientAuthentication::PrivateKeyJwt) {
        set("token_endpoint_auth_signing_alg_values_supported", json!(ALGORITHMS));
    }
    if options.revocation {
        set("revocation_endpoint", issuer.endpoint("revoke").into());
    }
    if options.device.is_some() {
        set("device_authorization_endpoint", issuer.endpoint("device_authorization").into());
        grants.push(DEVICE_GRANT);
    }
    if options.iss_advertised {
        set("authorization_response_iss_parameter_supported", true.into());
    }
    if let Some(pushed) = options.pushed {
        set("pushed_authorization_request_endpoint", issuer.endpoint("par").into());
        set("require_pushed_authorization_requests", pushed.required.into());
    }
    if options.dpop.is_some() {
        set("dpop_signing_alg_values_supported", json!(dpop::ALGORITHMS));
    }
    if options.client_documents {
        set("client_id_metadata_document_supported", true.into());
    }
    if let Some(scopes) = &options.scopes_supported {
        set("scopes_supported", json!(scopes));
    }
    if options.enterprise.is_some() {
        set("authorization_grant_profiles_supported", json!([identity::ID_JAG_PROFILE]));
        grants.push(identity::EXCHANGE_GRANT);
    }
    if options.enterprise.is_some() || options.workloads {
        grants.push(identity::ASSERTION_GRANT);
    }
    set("grant_types_supported", json!(grants));
    for (name, value) in options.metadata.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(document.as_object_mut().and_then(|members| members.remove(name))),
            value => document[name] = issuer.filled_value(value),
        }
    }
    document
}

fn apply_member_faults(document: &mut Value, faults: &[MemberFault], issuer: &Issuer) {
    let Some(members) = document.as_object_mut() else {
        return;
    };
    for fault in faults {
        match &fault.value {
            Some(value) => {
                members.insert(fault.name.clone(), issuer.filled_value(value));
            }
            None => {
                members.remove(&fault.name);
            }
        }
    }
}

fn served(document: &Value, fault: Option<DocumentFault>) -> Response {
    let json = |body: String| typed(StatusCode::OK, "application/json", Body::from(body));
    match fault {
        None => json_body(StatusCode::OK, document),
        Some(DocumentFault::Html) => {
            let body = "<!doctype html>\n<title>sign in</title>\n<p>sign in first</p>\n";
            typed(StatusCode::OK, "text/html; charset=utf-8", body)
        }
        Some(DocumentFault::Oversize) => {
            let mut large = document.clone();
            large["padding"] = "x".repeat(OVERSIZE_BYTES).into();
            json(large.to_string())
        }
        Some(DocumentFault::Truncated) => {
            let mut text = document.to_string();
            text.truncate(text.len() / 2);
            json(text)
        }
        Some(DocumentFault::Array) => json(json!([document]).to_string()),
        Some(DocumentFault::Empty) => json(String::new()),
        Some(DocumentFault::Text) => {
            typed(StatusCode::OK, "text/plain; charset=utf-8", document.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    ///
    #[test]
    fn server_metadata_is_where_the_layout_says() {
        let all = vec![
            IssuerMetadataAt::OAuth,
            IssuerMetadataAt::OpenIdInserted,
            IssuerMetadataAt::OpenIdAppended,
        ];
        for prefix in ["/t", "/t/"] {
            let options = IssuerOptions {
                prefix: prefix.to_owned(),
                metadata_at: all.clone(),
                ..IssuerOptions::default()
            };
            let place = |path: &str| issuer_place(&options, path);
            assert_eq!(place(&format!("{OAUTH}/t")), Some(IssuerMetadataAt::OAuth));
            assert_eq!(place(&format!("{OPENID}/t")), Some(IssuerMetadataAt::OpenIdInserted));
            assert_eq!(place(&format!("/t{OPENID}")), Some(IssuerMetadataAt::OpenIdAppended));
            assert_eq!(place(OAUTH), None);
        }
    }
}
