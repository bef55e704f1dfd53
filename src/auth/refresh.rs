//! Chooses how tokens are refreshed: with their refresh token, or through the identity provider.

use crate::auth::context::Context;
use crate::auth::discovery::challenge::Challenge;
use crate::auth::enterprise;
use crate::auth::options::Grant;
use crate::auth::records::record::SignIn;
use crate::auth::refresh_at_issuer::{RefreshOutcome, refresh_at_issuer};
use crate::error::Failure;

/// Refreshes the tokens of `stale`, or adopts those that another process has refreshed since. Do
/// not drop the future halfway: a rotated token would be lost.
///
/// # Errors
/// The servers or the credential store cannot be used now. The tokens are kept.
pub(crate) async fn refresh(
    context: &Context,
    stale: &SignIn,
    challenge: Option<Challenge>,
) -> Result<RefreshOutcome, Failure> {
    match context.options.grant {
        Grant::EnterpriseManaged => enterprise::refresh(context, stale).await,
        _ => refresh_at_issuer(context, stale, challenge).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::options::AuthOptions;
    use crate::auth::tests::{options, sign_in, state, store};

    fn failure(kind: FailureKind, status: Option<u16>) -> Failure {
        let failure = Failure::new(kind, "it failed").hint("wait");
        status.into_iter().fold(failure, Failure::status)
    }

    ///
    #[test]
    fn a_failure_says_whether_the_endpoint_is_gone_or_only_in_trouble() {
        for (kind, status, gone, no_answer) in [
            (FailureKind::Network, None, true, false),
            (FailureKind::Http, Some(404), true, true),
            (FailureKind::Http, Some(410), true, true),
            (FailureKind::Http, Some(500), false, true),
            (FailureKind::Http, Some(200), false, true),
            (FailureKind::Http, Some(405), false, true),
            (FailureKind::Http, Some(408), false, false),
            (FailureKind::Http, Some(425), false, false),
            (FailureKind::Http, Some(429), false, false),
            (FailureKind::AuthFailed, None, false, false),
        ] {
            let failure = failure(kind, status);
            assert_eq!(
                (is_gone(&failure), is_no_answer(&failure)),
                (gone, no_answer),
                "{status:?}"
            );
        }
    }

    /// the user names the endpoint, so there is nowhere else to look.
    #[tokio::test]
    async fn an_endpoint_that_the_user_names_does_not_move() {
        let named = Url::parse("https://as.example.com/token").ok();
        let page = Url::parse("https://as.example.com/page").ok();
        let options =
            AuthOptions { token_endpoint: named, authorization_endpoint: page, ..options() };
        let (state, _) = state(options.clone());
        let stale = sign_in(&options, "a", Some(-1));
        let found = locate_issuer(&state.context, &stale, None, Documents::Optional).await;
        assert!(matches!(found, IssuerLocation::Unknown));
    }

    ///
    #[tokio::test]
    async fn only_another_and_fresh_token_counts_as_refreshed() {
        let (state, vault) = state(options());
        let stale = sign_in(&options(), "a", Some(-1));
        for (token, left, is_new) in [
            ("b", Some(3600), true),
            ("b", None, true),
            ("a", Some(3600), false),
            ("b", Some(-1), false),
        ] {
            store(&state, &vault, &sign_in(&options(), token, left)).await;
            let stored = state.context.stored_sign_in().await.unwrap().unwrap();
            let found = is_refreshed(&state.context, &stored, &stale.tokens.access_token);
            assert_eq!(found, is_new, "{token} {left:?}");
        }
    }
}
