//! Adds credentials to requests, from the authorizer and from header commands, and replaces them
//! when the remote refuses them.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use crate::auth::{Authorizer, Challenge, HeaderCommands};
use crate::error::{Failure, FailureKind};
use crate::http::Response;
use crate::protocol::headers;

/// The sources of credentials for requests to one remote.
#[derive(Debug)]
pub(super) struct RequestCredentials {
    pub(super) authorizer: Authorizer,
    pub(super) header_commands: HeaderCommands,
}

/// Which credentials a request carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UsedCredentials {
    /// The serial number of the authorizer's token.
    token: Option<u64>,
    /// The serial number of the header commands' output.
    commands: u64,
}

impl RequestCredentials {
    /// Adds the credentials to the headers of a request.
    pub(super) async fn add_to(
        &self,
        method: &Method,
        url: &Url,
        all: &mut HeaderMap,
    ) -> Result<UsedCredentials, Failure> {
        let commands = if self.header_commands.is_empty() {
            0
        } else {
            self.header_commands.add_to(all).await?
        };
        let authorization = self.authorizer.authorization().await?;
        let token = authorization.as_ref().map(|authorization| authorization.serial);
        if let Some(authorization) = authorization {
            if let Some(proof) = authorization.proof(method, url)? {
                all.insert(headers::DPOP, proof);
            }
            all.insert(header::AUTHORIZATION, authorization.header);
        }
        Ok(UsedCredentials { token, commands })
    }

    /// The header values that were sent last.
    pub(super) fn last_values(&self) -> Vec<HeaderValue> {
        self.authorizer.last_header().into_iter().chain(self.header_commands.kept()).collect()
    }

    /// Whether this response refuses the DPoP proof of its request. Every response may also carry
    /// the nonce for the next one (RFC 9449 §8.2).
    pub(super) fn wants_new_proof(&self, response: &Response) -> bool {
        let url = response.target().url();
        self.authorizer.may_prove_again(url, response.status(), response.headers())
    }

    /// Whether this response asks for a sign-in, or for other credentials than these (A-02, A-14,
    /// A-60, A-62, A-91).
    pub(super) fn is_challenge(&self, response: &Response, used: UsedCredentials) -> bool {
        let status = response.status();
        if self.authorizer.is_off() {
            return status == StatusCode::UNAUTHORIZED && !self.header_commands.is_empty();
        }
        let challenges = response.headers().contains_key(header::WWW_AUTHENTICATE);
        match status {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::FORBIDDEN => challenges,
            StatusCode::BAD_REQUEST if challenges => {
                used.token.is_none() || refuses_token(response.headers())
            }
            _ => false,
        }
    }

    /// Replaces refused credentials; `Ok` means that the request can be sent again.
    pub(super) async fn answer_refusal(
        &self,
        used: UsedCredentials,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), Failure> {
        if status == StatusCode::UNAUTHORIZED && !self.header_commands.is_empty() {
            if self.header_commands.have_changed_since(used.commands).await? {
                return Ok(());
            }
            if self.authorizer.is_off() {
                return Err(failure_of_commands(status));
            }
        }
        self.authorizer.challenged(used.token, status, headers).await
    }

    /// Notes that the remote accepted these credentials.
    pub(super) fn accept(&self, used: UsedCredentials) {
        used.token.into_iter().for_each(|token| self.authorizer.accepted(token));
        if !self.header_commands.is_empty() {
            self.header_commands.accept();
        }
    }
}

/// Whether a challenge says that the token is invalid (RFC 6750 §3.1).
fn refuses_token(headers: &HeaderMap) -> bool {
    Challenge::find(headers).is_some_and(|challenge| challenge.refuses_token())
}

fn failure_of_commands(status: StatusCode) -> Failure {
    let code = status.as_u16();
    let message =
        format!("the server answered HTTP {code} to what `--header-command` printed, twice");
    Failure::new(FailureKind::AuthFailed, message)
        .status(code)
        .hint("run the command in a terminal, and check what the key that it prints may do")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-14: the words of another error may mention the code
    #[test]
    fn only_the_error_code_refuses_a_token() {
        let refuses = |challenge: &'static str| {
            let value = HeaderValue::from_static(challenge);
            refuses_token(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]))
        };
        assert!(refuses(r#"Bearer error="invalid_token""#));
        assert!(refuses(r#"Basic realm="x", Bearer realm="y", error="invalid_token""#));
        let words = r#"Bearer error="invalid_request", error_description="not invalid_token""#;
        assert!(!refuses(words));
        assert!(!refuses(r#"Bearer realm="invalid_token""#));
    }
}
