//! Reads an authorization response that a person pastes: the address at which the browser ended, or
//! a code. For machines without a browser (`login --no-browser`).

use futures_util::future::BoxFuture;

use crate::auth::context::Context;
use crate::auth::grants::authorization_response::CallbackParameters;
use crate::auth::records::record::Pending;
use crate::error::{Failure, FailureKind};
use crate::redact::Secret;

/// A source of lines that a person types.
pub trait LineSource: Send {
    /// The next line; `None` at the end of the input.
    fn line(&mut self) -> BoxFuture<'_, Option<String>>;
}

/// Reads lines until one holds a response: the whole address, its query, or the bare code.
pub(crate) async fn pasted(
    context: &Context,
    lines: &mut dyn LineSource,
    pending: &Pending,
) -> Result<CallbackParameters, Failure> {
    while let Some(line) = lines.line().await {
        match read_answer(bare(&line), pending) {
            Ok(Some(parameters)) => return Ok(parameters),
            Ok(None) => {}
            Err(advice) => context.notify_user(advice),
        }
    }
    Err(Failure::new(FailureKind::AuthFailed, "the input ended before the sign-in was complete")
        .hint(format!("run {} again", context.options.login_command())))
}

/// The text without surrounding quotes and punctuation.
fn bare(line: &str) -> &str {
    let line = line.trim().trim_matches(['"', '\'', '`', '<', '>']);
    // A code may end with punctuation; our redirect address does not.
    if line.contains("://") { line.trim_end_matches(['.', ',', ';']) } else { line }
}

fn read_answer(line: &str, pending: &Pending) -> Result<Option<CallbackParameters>, &'static str> {
    if line.is_empty() {
        return Ok(None);
    }
    let query = match line.split_once('?') {
        Some((_, query)) => Some(query.split('#').next().unwrap_or_default()),
        None => line.contains('=').then_some(line).filter(|line| line.contains("state=")),
    };
    if let Some(query) = query {
        let parameters = CallbackParameters::parse(query, &pending.state);
        return parameters.map(Some).ok_or(
            "that address belongs to another sign-in; paste the one that the browser ended at now",
        );
    }
    if line.contains("://") || line.contains(char::is_whitespace) {
        return Err("that is neither the address that the browser ended at nor a code");
    }
    if pending.issuer_promised {
        return Err(
            "this server needs the whole address that the browser ended at, not only a code",
        );
    }
    let code = Some(Secret::new(line.to_owned()));
    Ok(Some(CallbackParameters { code, issuer: None, error: None, error_description: None }))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::auth::records::registration::{Registered, Registration};

    fn pending(issuer_promised: bool) -> Pending {
        let url = |text| Url::parse(text).unwrap();
        Pending {
            page: Secret::new(url("https://as/authorize")),
            pushed: None,
            opened: false,
            verifier: Secret::new("v".to_owned()),
            state: Secret::new("s1".to_owned()),
            redirect_uri: "http://localhost:1/cb".to_owned(),
            issuer: "https://as".to_owned(),
            issuer_promised,
            token_endpoint: url("https://as/token"),
            revocation_endpoint: None,
            registration: Registration {
                how: Registered::ByDocument,
                client_id: "c".to_owned(),
                ..Registration::anonymous("https://as", 0)
            },
            client_is_reused: false,
            resource: None,
            scopes: None,
            binding: crate::auth::dpop::binding::TokenBinding::None,
            started: 0,
            code: None,
        }
    }

    #[test]
    fn what_stands_around_a_pasted_address_is_left_out() {
        let address = "http://localhost:1/cb?code=c&state=s1";
        for pasted in [
            format!(" {address}\r\n"),
            format!("\"{address}\""),
            format!("<{address}>"),
            format!("'{address}'"),
            format!("{address}."),
        ] {
            assert_eq!(bare(&pasted), address, "{pasted}");
        }
        assert_eq!(bare(" code. "), "code.");
    }

    ///
    #[test]
    fn a_pasted_answer_is_validated_like_one_of_the_browser() {
        let code = |line, promised| {
            let read = read_answer(line, &pending(promised));
            read.map(|read| read.and_then(|read| read.code).map(|code| code.expose().clone()))
        };
        let some = |code: &str| Ok(Some(code.to_owned()));
        assert_eq!(code("http://localhost:1/cb?code=c1&state=s1#x", true), some("c1"));
        assert_eq!(code("code=c1&state=s1", true), some("c1"));
        assert_eq!(code("c1", false), some("c1"));
        assert_eq!(code("4/0AX=", false), some("4/0AX="));
        assert_eq!(code("", false), Ok(None));
        for (line, promised) in [
            ("c1", true),
            ("http://localhost:1/cb?code=c1&state=other", false),
            ("http://localhost:1/cb?code=c1", false),
            ("https://as/authorize", false),
            ("two words", false),
        ] {
            assert!(code(line, promised).is_err(), "{line}");
        }
    }
}
