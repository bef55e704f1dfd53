//! The part of a plan that applies to OAuth.

use serde_json::Value;

/// Deviations of documents and endpoints for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct OAuthFaults {
    /// How metadata documents are sent.
    pub(crate) document: Option<DocumentFault>,
    /// Members to change in the authorization server's metadata.
    pub(crate) issuer_members: Vec<MemberFault>,
    /// Members to change in the resource metadata.
    pub(crate) resource_members: Vec<MemberFault>,
    /// Applied in this order.
    pub(crate) callback: Vec<CallbackFault>,
    pub(crate) token: Option<TokenFault>,
    /// The access token that is presented first has expired, and no other.
    pub(crate) first_token_ended: bool,
    pub(crate) error: Option<ErrorFault>,
    pub(crate) client_rule: Option<ClientRuleFault>,
}

impl OAuthFaults {
    /// Returns the error that the endpoint of this name must answer with.
    pub(crate) fn error_at(&self, endpoint: &str) -> Option<&ErrorFault> {
        self.error.as_ref().filter(|error| error.at == endpoint)
    }
}

/// How a metadata document is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentFault {
    Html,
    Oversize,
    Truncated,
    Array,
    Empty,
    /// The correct document as `text/plain`.
    Text,
}

/// One member of a document, with another value or removed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MemberFault {
    pub(crate) name: String,
    pub(crate) value: Option<Value>,
}

/// A mistake in the redirect back to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackFault {
    NoState,
    WrongState,
    TwoStates,
    NoIss,
    WrongIss,
    /// The correct issuer with a trailing slash.
    SlashIss,
    NoCode,
    /// An error whose texts contain markup.
    Script,
}

/// A mistake in a token response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Html,
    NoAccessToken,
    NoType,
    OtherType,
    LowerCaseType,
    NoScope,
    ExpiresInText,
    ExpiresInNegative,
    ExpiresInZero,
    /// An access token without any character.
    EmptyToken,
    /// A token that needs a proof (RFC 9449).
    DpopType,
    /// A token that is not a legal header value.
    IllegalToken,
}

/// How clients must authenticate, against RFC 6749 §2.3 or against the registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientRule {
    /// `client_id` is in the form, also beside an `Authorization` header.
    IdInForm,
    /// `client_id` is not in the form beside an `Authorization` header.
    NoIdInForm,
    /// Id and secret in an `Authorization` header.
    OnlyBasic,
    /// Id and secret in the form.
    OnlyPost,
    /// Id and secret in an `Authorization` header, if at all, are not form-encoded.
    RawBasic,
}

/// A rule for clients, and the refusal of those that break it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientRuleFault {
    pub(crate) rule: ClientRule,
    pub(crate) status: u16,
    pub(crate) code: String,
}

/// An OAuth error response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFault {
    /// The last segment of the endpoint's path.
    pub(crate) at: &'static str,
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}
