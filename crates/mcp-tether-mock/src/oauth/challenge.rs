//! Checks a request at the protected resource: is there a token, is it for this remote, and does it

use super::book::has_scopes;
use super::control::OAuth;
use super::dpop::{self, ProvedRequest};
use super::options::OAuthOptions;

/// The credential of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PresentedToken<'a> {
    /// The path that it was sent to.
    pub(crate) path: &'a str,
    /// The token.
    pub(crate) token: Option<&'a str>,
    /// The method of the request.
    pub(crate) method: &'a str,
    /// The proof, for a token that is presented as `DPoP` and not as `Bearer`.
    pub(crate) proof: Option<&'a str>,
    /// The names of the tools that it calls.
    pub(crate) tools: &'a [String],
}

/// The refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRefusal {
    pub(crate) status: u16,
    pub(crate) message: &'static str,
    /// `WWW-Authenticate`, one header field each.
    pub(crate) challenges: Vec<String>,
    /// `DPoP-Nonce`.
    pub(crate) nonce: Option<String>,
    /// `Date`, in seconds since 1970.
    pub(crate) date: Option<u64>,
}

impl OAuth {
    /// Returns the account of a permitted request.
    pub(crate) fn admit(&self, presented: &PresentedToken<'_>) -> Result<String, TokenRefusal> {
        let resource = self.resource();
        let options = resource.options();
        let Some(token) = presented.token else {
            let words = "a token is needed";
            return Err(self.unauthorized(&options, presented.path, words, false));
        };
        let issuer = resource.issuer();
        let Some(grant) = issuer.book().admitted(token, issuer.clock.now()) else {
            let words = "the token is not valid";
            return Err(self.unauthorized(&options, presented.path, words, true));
        };
        let names = resource.names();
        if grant.resource.as_ref().is_some_and(|audience| !names.contains(audience)) {
            let words = "the token is for another remote";
            return Err(self.unauthorized(&options, presented.path, words, true));
        }
        self.check_proof(&options, presented, token, grant.key.as_ref())?;
        match lacking(&options, presented.tools, &grant.scope) {
            Some(scope) => Err(self.insufficient(&options, presented.path, &scope, &grant.scope)),
            None => Ok(grant.account),
        }
    }

    /// Checks that a bound token comes with a proof, and any other without (RFC 9449 §7).
    fn check_proof(
        &self,
        options: &OAuthOptions,
        presented: &PresentedToken<'_>,
        token: &str,
        key: Option<&String>,
    ) -> Result<(), TokenRefusal> {
        let refuse = |words| Err(self.unauthorized(options, presented.path, words, true));
        let Some(dpop) = options.dpop else {
            return match presented.proof {
                Some(_) => refuse("only bearer tokens are understood"),
                None => Ok(()),
            };
        };
        let (Some(key), Some(proof)) = (key, presented.proof) else {
            return match (key, presented.proof) {
                (Some(_), None) => refuse("a bound token was presented as a bearer"),
                (None, Some(_)) => refuse("the token is not bound to a key"),
                _ if dpop.required => refuse("the token is not bound to a key"),
                _ => Ok(()),
            };
        };
        let resource = self.resource();
        let url = format!("{}{}", resource.origin(), presented.path);
        let now = resource.issuer().clock.now();
        let request =
            ProvedRequest { method: presented.method, url: &url, token: Some(token), now };
        match resource.dpop.verify(proof, &request, dpop.nonces) {
            Ok(thumbprint) if thumbprint == *key => Ok(()),
            Ok(_) => refuse("the proof is of another key"),
            Err(refusal) => {
                let mut parameters = vec![
                    ("error", refusal.code.to_owned()),
                    ("error_description", refusal.words.to_owned()),
                ];
                parameters.extend(self.document_of(presented.path));
                let challenges = vec![challenge("DPoP", &parameters)];
                let (message, nonce) = (refusal.words, refusal.nonce);
                let date = u64::try_from(now / 1000).ok();
                Err(TokenRefusal { status: 401, message, challenges, nonce, date })
            }
        }
    }

    fn document_of(&self, path: &str) -> Option<(&'static str, String)> {
        let document = self.resource().named_document(self.resource().endpoint_of(path));
        document.map(|document| ("resource_metadata", document))
    }

    fn unauthorized(
        &self,
        options: &OAuthOptions,
        path: &str,
        message: &'static str,
        had_token: bool,
    ) -> TokenRefusal {
        let mut parameters = Vec::new();
        if had_token {
            parameters.push(("error", "invalid_token".to_owned()));
            parameters.push(("error_description", message.to_owned()));
        }
        parameters.extend(self.document_of(path));
        if let Some(scope) = &options.challenge_scope {
            parameters.push(("scope", scope.clone()));
        }
        let mut challenges = options.other_challenges.clone();
        if options.dpop.is_none_or(|dpop| !dpop.required) {
            challenges.push(challenge("Bearer", &parameters));
        }
        if options.dpop.is_some() {
            parameters.push(("algs", dpop::ALGORITHMS.join(" ")));
            challenges.push(challenge("DPoP", &parameters));
        }
        TokenRefusal { status: 401, message, challenges, nonce: None, date: None }
    }

    fn insufficient(
        &self,
        options: &OAuthOptions,
        path: &str,
        scope: &str,
        held: &str,
    ) -> TokenRefusal {
        let scope = if options.step_up_names_held {
            format!("{held} {scope}").trim().to_owned()
        } else {
            scope.to_owned()
        };
        let mut parameters = vec![("error", "insufficient_scope".to_owned()), ("scope", scope)];
        parameters.extend(self.document_of(path));
        let is_bound = options.dpop.is_some_and(|dpop| dpop.required);
        let scheme = if is_bound { "DPoP" } else { "Bearer" };
        let challenges = vec![challenge(scheme, &parameters)];
        let message = "the token lacks a scope";
        TokenRefusal { status: 403, message, challenges, nonce: None, date: None }
    }
}

/// Returns the scopes that a request needs if `held` is not sufficient.
fn lacking(options: &OAuthOptions, tools: &[String], held: &str) -> Option<String> {
    let of_tools = options.tool_scopes.iter().filter(|(tool, _)| tools.contains(tool));
    let of_tools: Vec<&str> = of_tools.map(|(_, scope)| scope.as_str()).collect();
    let refused = options.never_enough && !of_tools.is_empty();
    let needed: Vec<&str> = options.required_scope.as_deref().into_iter().chain(of_tools).collect();
    let needed = needed.join(" ");
    (refused || !has_scopes(held, &needed)).then_some(needed)
}

fn challenge(scheme: &str, parameters: &[(&str, String)]) -> String {
    let quoted = |(name, value): &(&str, String)| {
        format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let parameters: Vec<String> = parameters.iter().map(quoted).collect();
    format!("{scheme} {}", parameters.join(", ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A-60, A-61
    #[test]
    fn a_call_lacks_what_its_tool_and_the_remote_need() {
        let mut options = OAuthOptions::default().tool_scope("add", "write");
        let add = ["add".to_owned()];
        assert_eq!(lacking(&options, &add, "read write"), None);
        assert_eq!(lacking(&options, &add, "read").as_deref(), Some("write"));
        assert_eq!(lacking(&options, &[], ""), None);
        options.required_scope = Some("read".to_owned());
        assert_eq!(lacking(&options, &[], "").as_deref(), Some("read"));
        options.never_enough = true;
        assert_eq!(lacking(&options, &[], "read"), None);
        assert_eq!(lacking(&options, &add, "read write").as_deref(), Some("read write"));
    }

    #[test]
    fn parameters_of_a_challenge_are_quoted() {
        assert_eq!(challenge("Bearer", &[]), "Bearer");
        let parameters = [("a", "x y".to_owned()), ("b", "\"\\".to_owned())];
        assert_eq!(challenge("Bearer", &parameters), r#"Bearer a="x y", b="\"\\""#);
    }
}
