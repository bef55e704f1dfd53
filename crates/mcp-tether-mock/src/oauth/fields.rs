//! The fields of a request to an endpoint, and those that several endpoints share.

use std::collections::BTreeMap;

use super::answer::OAuthError;
use super::issuer::Issuer;
use super::issuer_options::ResourceParameter;

/// The fields of a query or of a form, by name.
pub(super) type FormFields = BTreeMap<String, String>;

/// Returns the requested resource, if this server protects it (RFC 8707 §2).
pub(super) fn resource(issuer: &Issuer, fields: &FormFields) -> Result<Option<String>, OAuthError> {
    if issuer.options().resource == ResourceParameter::Ignored {
        return Ok(None);
    }
    let invalid = |words: String| OAuthError::new("invalid_target", words);
    let resource =
        fields.get("resource").ok_or_else(|| invalid("`resource` is missing".to_owned()))?;
    if !issuer.protects(resource) {
        return Err(invalid(format!("`{resource}` is not a resource of this server")));
    }
    Ok(Some(resource.clone()))
}

pub(super) fn granted_scope(issuer: &Issuer, asked: &str) -> String {
    issuer.options().narrowed_to.unwrap_or_else(|| asked.to_owned())
}

pub(super) fn missing(name: &str) -> OAuthError {
    OAuthError::invalid_request(format!("`{name}` is missing"))
}
