//! Checks a request at the protected resource: is there a token, is it for this remote, and does it

use super::book::has_scopes;
use super::control::OAuth;
use super::options::OAuthOptions;

/// What a request presents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PresentedToken<'a> {
    /// The path that it was sent to.
    pub(crate) path: &'a str,
    /// The bearer token.
    pub(crate) token: Option<&'a str>,
    /// The names of the tools that it calls.
    pub(crate) tools: &'a [String],
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenRefusal {
    pub(crate) status: u16,
    pub(crate) message: &'static str,
    /// `WWW-Authenticate`, one header field each.
    pub(crate) challenges: Vec<String>,
}

impl OAuth {
    /// Returns the account of a request that is permitted.
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
        match lacking(&options, presented.tools, &grant.scope) {
            Some(scope) => Err(self.insufficient(&options, presented.path, &scope, &grant.scope)),
            None => Ok(grant.account),
        }
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
        if let Some(document) = self.resource().named_document(self.resource().endpoint_of(path)) {
            parameters.push(("resource_metadata", document));
        }
        if let Some(scope) = &options.challenge_scope {
            parameters.push(("scope", scope.clone()));
        }
        let mut challenges = options.other_challenges.clone();
        challenges.push(bearer(&parameters));
        TokenRefusal { status: 401, message, challenges }
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
        if let Some(document) = self.resource().named_document(self.resource().endpoint_of(path)) {
            parameters.push(("resource_metadata", document));
        }
        let challenges = vec![bearer(&parameters)];
        TokenRefusal { status: 403, message: "the token lacks a scope", challenges }
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

fn bearer(parameters: &[(&str, String)]) -> String {
    let quoted = |(name, value): &(&str, String)| {
        format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let parameters: Vec<String> = parameters.iter().map(quoted).collect();
    format!("Bearer {}", parameters.join(", ")).trim_end().to_owned()
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
        assert_eq!(bearer(&[]), "Bearer");
        let parameters = [("a", "x y".to_owned()), ("b", "\"\\".to_owned())];
        assert_eq!(bearer(&parameters), r#"Bearer a="x y", b="\"\\""#);
    }
}
