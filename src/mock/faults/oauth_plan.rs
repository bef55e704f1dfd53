//! The part of a plan that the OAuth side acts on.

use serde_json::Value;

/// Deviations of documents and endpoints for one request.
#[derive(Clone, Debug, Default)]
pub(in crate::mock) struct OAuthFaults {
    /// The form of metadata documents.
    pub(in crate::mock) document: Option<DocumentFault>,
    /// Members of the authorization server's metadata.
    pub(in crate::mock) issuer_members: Vec<MemberFault>,
    /// Members of the resource metadata.
    pub(in crate::mock) resource_members: Vec<MemberFault>,
    /// One after the other.
    pub(in crate::mock) callback: Vec<CallbackFault>,
    pub(in crate::mock) token: Option<TokenFault>,
    /// The access token that is shown first has ended, and no other.
    pub(in crate::mock) first_token_ended: bool,
    pub(in crate::mock) error: Option<ErrorFault>,
}

impl OAuthFaults {
    /// The refusal that the endpoint of this name is to give.
    pub(in crate::mock) fn error_at(&self, endpoint: &str) -> Option<&ErrorFault> {
        self.error.as_ref().filter(|error| error.at == endpoint)
    }
}

/// What metadata looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum DocumentFault {
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
pub(in crate::mock) struct MemberFault {
    pub(in crate::mock) name: String,
    pub(in crate::mock) value: Option<Value>,
}

/// What is wrong with the redirect back to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mock) enum CallbackFault {
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
pub(in crate::mock) enum TokenFault {
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

/// A refusal in the words of OAuth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mock) struct ErrorFault {
    /// The last part of the endpoint's path.
    pub(in crate::mock) at: &'static str,
    pub(in crate::mock) status: u16,
    pub(in crate::mock) code: String,
    pub(in crate::mock) message: String,
}
