//! Documents and files that a sign-in is made from.

use std::fs;

use mcp_tether::auth::{AuthorizationServer, ProtectedResource};
use mcp_tether::store::import::{self, Parameters};
use serde_json::Value;

/// Both documents say what stands in them, and are refused without the name of what they describe
/// (RFC 8414, RFC 9728).
pub fn metadata(input: &[u8]) {
    let body = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let document = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    let place = url::Url::parse("https://as/.well-known/oauth-authorization-server");
    let place = place.expect("a URL");
    // What surrounds an identifier does not belong to it.
    let plain = |text: &str| text.trim_matches([' ', '\n', '\r', '\t']).to_owned();
    let text = |name: &str| -> Option<String> {
        let text = document.as_ref()?.get(name)?.as_str()?;
        Some(plain(text)).filter(|text| !text.is_empty())
    };
    let list = |name: &str| -> Vec<String> {
        let list = document.as_ref().and_then(|document| document.get(name)?.as_array());
        list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    match AuthorizationServer::parse_at(&place, input) {
        // Other forms that are clear are read as well.
        Ok(_) if document.is_none() => {}
        Ok(read) => {
            assert_eq!(Some(read.issuer.as_str()), text("issuer").as_deref());
            assert!(read.scopes_supported.iter().all(|s| list("scopes_supported").contains(s)));
            for (name, url) in [
                ("authorization_endpoint", &read.authorization_endpoint),
                ("token_endpoint", &read.token_endpoint),
                ("revocation_endpoint", &read.revocation_endpoint),
            ] {
                let wanted = text(name).and_then(|text| url::Url::parse(&text).ok());
                assert!(url.is_none() || wanted.is_none() || *url == wanted, "{name}");
            }
        }
        Err(_) => assert_eq!(text("issuer"), None, "refused with an issuer"),
    }
    if let Ok(read) = ProtectedResource::parse(input)
        && document.is_some()
    {
        assert_eq!(Some(read.resource.as_str()), text("resource").as_deref());
        // That there must be one is judged where a sign-in is asked for.
        let one = document.as_ref().and_then(|all| all.get("authorization_servers")?.as_str());
        let listed = list("authorization_servers");
        let mut named = listed.iter().map(|item| plain(item)).chain(one.map(plain));
        // The address of a document stands for the issuer that it is made from.
        let is_read = |name: String| {
            name.contains("/.well-known/") || read.authorization_servers.contains(&name)
        };
        assert!(named.all(is_read), "{:?}", read.authorization_servers);
    }
}

/// A file of mcp-remote gives the tokens that it holds or is reported, without a word of its
/// content.
pub fn sign_in_files(input: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
    }
    FOLDER.with(|folder| {
        let parameters = Parameters::new("https://mcp.example.com/mcp");
        let below = folder.path().join("mcp-remote-v1");
        fs::create_dir_all(&below).expect("a folder");
        for kind in ["tokens", "client_info"] {
            fs::write(below.join(format!("{}_{kind}.json", parameters.key())), input)
                .expect("a file");
        }
        let findings = import::read(folder.path(), &parameters);
        let document = serde_json::from_slice::<Value>(input).unwrap_or_default();
        if let Some(sign_in) = &findings.sign_in {
            if let Some(tokens) = &sign_in.tokens {
                assert_eq!(document["access_token"], tokens.access_token.expose().as_str());
            }
            if let Some(registration) = &sign_in.registration {
                assert_eq!(document["client_id"], registration.client_id.as_str());
            }
            assert!(sign_in.tokens.is_some() || sign_in.registration.is_some());
        }
        let told = format!("{findings:?}");
        for name in ["access_token", "refresh_token", "id_token", "client_secret"] {
            // Short values may be part of any text.
            let secret = document.get(name).and_then(Value::as_str).unwrap_or_default();
            let known = secret.len() < 12 || public(&document, name).contains(secret);
            assert!(known || !told.contains(secret), "`{name}` is shown");
        }
    });
}

/// Everything in a document but this member.
fn public(document: &Value, name: &str) -> String {
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        members.remove(name);
    }
    document.to_string()
}
