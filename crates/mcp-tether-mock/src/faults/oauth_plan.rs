//! The part of a plan that the OAuth side acts on.

use serde_json::Value;

/// Deviations of documents and endpoints for one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct OAuthFaults {
    /// The form of metadata documents.
    pub(crate) document: Option<DocumentFault>,
    /// Members of the authorization server's metadata.
    pub(crate) issuer_members: Vec<MemberFault>,
    /// Members of the resource metadata.
    pub(crate) resource_members: Vec<MemberFault>,
    /// One after the other.
    pub(crate) callback: Vec<CallbackFault>,
    pub(crate) token: Option<TokenFault>,
    /// The access token that is shown first has ended, and no other.
    pub(crate) first_token_ended: bool,
    pub(crate) error: Option<ErrorFault>,
    pub(crate) client_rule: Option<ClientRuleFault>,
}

impl OAuthFaults {
    /// The refusal that the endpoint of this name is to give.
    pub(crate) fn error_at(&self, endpoint: &str) -> Option<&ErrorFault> {
        self.error.as_ref().filter(|error| error.at == endpoint)
    }
}

/// What metadata looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentFault {
    Html,
    Oversize,
    Truncated,
    Array,
    Empty,
    /// The right document as `text/plain`.
    Text,
}

/// One member of a document, with another value or removed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MemberFault {
    pub(crate) name: String,
    pub(crate) value: Option<Value>,
}

/// What is wrong with the redirect back to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackFault {
    NoState,
    WrongState,
    TwoStates,
    NoIss,
    WrongIss,
    /// A slash behind the right one.
    SlashIss,
    NoCode,
    /// An error whose texts are markup.
    Script,
}

/// What is wrong with a token answer.
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
    /// A token that is no legal header value.
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
}

/// A rule for clients, and the refusal of those that break it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientRuleFault {
    pub(crate) rule: ClientRule,
    pub(crate) status: u16,
    pub(crate) code: String,
}

/// A refusal in the words of OAuth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorFault {
    /// The last part of the endpoint's path.
    pub(crate) at: &'static str,
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}
