//! Enterprise-managed authorization: one sign-in at the company's identity provider stands for
//! every server (ID-JAG). The identity provider issues an assertion for each server, which the
//! server's own authorization server exchanges for tokens. Only the sign-in at the identity
//! provider needs a person.

use crate::auth::browser::sign_in::{self as browser_sign_in, ConsentPrompt};
use crate::auth::client::assertion_source::end_of;
use crate::auth::context::{Context, SignInRequest};
use crate::auth::discovery::search::MetadataSearch;
use crate::auth::grants::jwt_bearer;
use crate::auth::grants::redemption::save_issued;
use crate::auth::grants::refresh_job::is_refreshed;
use crate::auth::grants::token::TokenSet;
use crate::auth::grants::token_endpoint::{GrantError, TokenEndpoint};
use crate::auth::grants::token_exchange::{SubjectToken, WantedAssertion, exchange};
use crate::auth::grants::user_parameters::UserParameters;
use crate::auth::records::record::SignIn;
use crate::auth::records::registration::Registration;
use crate::auth::refresh_at_issuer::{RefreshOutcome, refresh_at_issuer};
use crate::auth::sign_in_plan::{SignInPlan, registrar};
use crate::error::{Failure, FailureKind};
use crate::redact::{Secret, shown_words};

/// An ID token that expires within this many seconds counts as expired.
const MARGIN_SECONDS: u64 = 30;

/// Gets tokens for a server. If needed, a person signs in at the identity provider, unless the
/// request excludes that.
///
/// # Errors
/// The server does not support this, the identity provider does not vouch for the person there, or
/// a person has to sign in first.
pub(crate) async fn sign_in(
    context: &Context,
    request: &SignInRequest,
    prompt: ConsentPrompt<'_>,
) -> Result<SignIn, Failure> {
    let mut plan = SignInPlan::of(context, request).await?;
    if plan.registration.is_none() {
        plan.register(context, None).await?;
    }
    let registration = plan.client()?.clone();
    let url = plan.token_endpoint()?;
    let resource = plan.resource.as_deref();
    let endpoint = context.token_endpoint(url, &registration, resource, &plan.binding)?;
    let wanted = WantedAssertion {
        audience: &plan.discovered.issuer,
        resource,
        scope: plan.scopes.as_deref(),
    };
    let prompt = (!request.without_person).then_some(prompt);
    let assertion = assertion(context, &wanted, prompt).await?;
    let tokens = redeem(context, &endpoint, &assertion, wanted.scope).await?;
    let record = save_issued(context, &plan, &endpoint, tokens).await?;
    context.remember_accepted_method(&registration, &record.registration).await;
    Ok(record)
}

/// Replaces the tokens of `stale` without a person, or adopts those that another process got.
///
/// # Errors
/// Neither server can be asked now.
pub(crate) async fn refresh(context: &Context, stale: &SignIn) -> Result<RefreshOutcome, Failure> {
    let _lock = context.lock_sign_in().await?;
    let Some(stored) = context.stored_sign_in().await? else {
        return Ok(RefreshOutcome::Impossible(None));
    };
    if is_refreshed(context, &stored, &stale.tokens.access_token) {
        return Ok(RefreshOutcome::Refreshed(Box::new(stored)));
    }
    let (url, resource) = (&stored.token_endpoint, stored.resource.as_deref());
    let endpoint = context.token_endpoint(url, &stored.registration, resource, &stored.binding)?;
    let scope = stored.scopes_asked.as_deref();
    let wanted = WantedAssertion { audience: &stored.issuer, resource, scope };
    let tokens = match assertion(context, &wanted, None).await {
        Ok(assertion) => redeem(context, &endpoint, &assertion, scope).await,
        Err(failure) => Err(failure),
    };
    let tokens = match tokens {
        Ok(tokens) => tokens,
        // A new sign-in is needed; the failure says why.
        Err(failure)
            if failure.kind == FailureKind::AuthFailed
                || failure.kind == FailureKind::AuthRequired =>
        {
            return Ok(RefreshOutcome::Impossible(Some(failure)));
        }
        Err(failure) => return Err(failure),
    };
    let binding = stored.binding.of_issued(tokens.is_dpop)?;
    let registration = endpoint.registration();
    let refreshed =
        SignIn { tokens, registration, binding, refresh_problem: None, ..stored.clone() };
    context.save_sign_in(&refreshed).await?;
    Ok(RefreshOutcome::Refreshed(Box::new(refreshed)))
}

async fn redeem(
    context: &Context,
    endpoint: &TokenEndpoint<'_>,
    assertion: &Secret<String>,
    scope: Option<&str>,
) -> Result<TokenSet, Failure> {
    let params = UserParameters::of(&context.options);
    jwt_bearer::redeem(endpoint, assertion, scope, params).await.map_err(|error| {
        error.into_failure("the identity assertion", |_, _| {
            "whoever runs the server has to trust your company's identity provider and this \
             client; `mcp-tether doctor URL` shows both"
                .to_owned()
        })
    })
}

/// How the person's token is obtained, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// From the store, or from the file.
    Stored,
    /// Refreshed, without a person.
    Refreshed,
    /// By a new sign-in.
    SignedIn,
}

/// Gets an assertion from the identity provider. After a refusal, tries again with a refreshed
/// token and, if there is a `prompt`, with that of a new sign-in.
async fn assertion(
    context: &Context,
    wanted: &WantedAssertion<'_>,
    mut prompt: Option<ConsentPrompt<'_>>,
) -> Result<Secret<String>, Failure> {
    let identity = identity(context)?;
    if let Some(source) = &identity.options.identity_token {
        let token = source.read(context.now()).await?;
        let (endpoint, registration) = endpoint_of_provider(identity).await?;
        let provider = identity.authenticated(&registration);
        let provider = TokenEndpoint::new(provider, &endpoint, None, context.now());
        let given = exchange(&provider, &SubjectToken::IdToken(&token), wanted).await;
        return given.map_err(|error| failure_of_exchange(identity, error));
    }
    let mut step = Step::Stored;
    loop {
        let Some((record, reached)) = person(identity, step, &mut prompt).await? else {
            return Err(sign_in_needed(identity));
        };
        let provider = identity.token_endpoint(
            &record.token_endpoint,
            &record.registration,
            None,
            &record.binding,
        )?;
        let subject = subject_of(identity, &record).ok_or_else(|| without_id_token(identity))?;
        match exchange(&provider, &subject, wanted).await {
            Ok(assertion) => return Ok(assertion),
            Err(error) if is_about_person(&error) && reached < Step::SignedIn => {
                step = if reached == Step::Stored { Step::Refreshed } else { Step::SignedIn };
            }
            Err(error) => return Err(failure_of_exchange(identity, error)),
        }
    }
}

/// The sign-in at the identity provider, by this step or a later one; `None` if only a person could
/// help and none may be asked.
async fn person(
    identity: &Context,
    step: Step,
    prompt: &mut Option<ConsentPrompt<'_>>,
) -> Result<Option<(SignIn, Step)>, Failure> {
    let stored = identity.stored_sign_in().await?;
    if let Some(stored) = &stored {
        if step == Step::Stored && has_lasting_id_token(identity, stored) {
            return Ok(Some((stored.clone(), Step::Stored)));
        }
        if step <= Step::Refreshed && stored.tokens.refresh_token.is_some() {
            match refresh_at_issuer(identity, stored, None).await? {
                RefreshOutcome::Refreshed(record) => return Ok(Some((*record, Step::Refreshed))),
                RefreshOutcome::Impossible(_) | RefreshOutcome::Refused(_) => {}
            }
        }
    }
    let Some(prompt) = prompt.take() else { return Ok(None) };
    let request =
        SignInRequest { refused: stored.map(std::sync::Arc::new), ..SignInRequest::default() };
    let record = browser_sign_in::sign_in(identity, &request, prompt).await?;
    Ok(Some((record, Step::SignedIn)))
}

fn has_lasting_id_token(identity: &Context, record: &SignIn) -> bool {
    let token = record.tokens.id_token.as_ref();
    let end = token.map(|token| end_of(token.expose()));
    end.is_some_and(|end| end.is_none_or(|end| end > identity.now() + MARGIN_SECONDS))
}

/// The token that represents the person: the ID token, or the refresh token if that has expired.
fn subject_of<'a>(identity: &Context, record: &'a SignIn) -> Option<SubjectToken<'a>> {
    let refresh = record.tokens.refresh_token.as_ref().map(SubjectToken::RefreshToken);
    let id_token = record.tokens.id_token.as_ref().map(SubjectToken::IdToken);
    if has_lasting_id_token(identity, record) { id_token } else { refresh.or(id_token) }
}

/// Whether the refusal may be about the person's token rather than about the request.
fn is_about_person(error: &GrantError) -> bool {
    let GrantError::Rejected { code, .. } = error else { return false };
    matches!(
        code.as_str(),
        "invalid_grant"
            | "login_required"
            | "interaction_required"
            | "consent_required"
            | "invalid_token"
            | "expired_token"
    )
}

/// The context of the identity provider.
fn identity(context: &Context) -> Result<&Context, Failure> {
    context.identity.as_deref().ok_or_else(|| {
        Failure::new(FailureKind::AuthFailed, "no identity provider is set")
            .hint("name it with `--idp URL`")
    })
}

/// The identity provider's token endpoint, and our client there.
async fn endpoint_of_provider(identity: &Context) -> Result<(url::Url, Registration), Failure> {
    let search = MetadataSearch { http_client: &identity.http_client, options: &identity.options };
    let found = search.identity_provider().await?;
    let registration = registrar(identity, &found).given_or_documented(None)?;
    let registration = registration.ok_or_else(|| without_provider_client(identity))?;
    let endpoint = found.server.token_endpoint.ok_or_else(|| {
        let message = format!("the identity provider `{}` names no token endpoint", found.issuer);
        Failure::new(FailureKind::AuthFailed, shown_words(&message)).hint("ask whoever runs it")
    })?;
    Ok((endpoint, registration))
}

fn failure_of_exchange(identity: &Context, error: GrantError) -> Failure {
    let is_missing = matches!(&error, GrantError::Rejected { code, .. }
        if code == "unsupported_grant_type" || code == "unauthorized_client");
    let failure = error.into_failure("to vouch for you at this server", |_, _| {
        if is_missing {
            return "ask whoever runs it to let this client exchange tokens (RFC 8693) for identity \
                    assertions"
                .to_owned();
        }
        let command = identity.options.login_command();
        format!("ask whoever runs it whether you may use this server; sign in again with {command}")
    });
    let message = failure.message.replacen("authorization server", "identity provider", 1);
    Failure { message, ..failure }
}

fn sign_in_needed(identity: &Context) -> Failure {
    let server = identity.options.display_server();
    let command = identity.options.login_command();
    Failure::new(
        FailureKind::AuthRequired,
        format!("a sign-in at the identity provider `{server}` is needed"),
    )
    .hint(format!("run {command}, then try again"))
}

fn without_id_token(identity: &Context) -> Failure {
    let server = identity.options.display_server();
    Failure::new(
        FailureKind::AuthFailed,
        format!("the identity provider `{server}` gave no ID token at the sign-in"),
    )
    .hint("ask whoever runs it: this client has to get the scope `openid`")
}

fn without_provider_client(identity: &Context) -> Failure {
    let server = identity.options.display_server();
    Failure::new(
        FailureKind::AuthFailed,
        format!("the identity provider `{server}` needs a client that it knows"),
    )
    .hint("give it with `--idp-client-info '{\"client_id\":\"ID\"}'`")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::auth::options::{AuthOptions, Grant, IdentityProvider};
    use crate::auth::records::record::StoredRecord;
    use crate::auth::records::vault::Vault;
    use crate::auth::tests::{NOW, options, sign_in, state};

    fn company() -> AuthOptions {
        let issuer = url::Url::parse("https://idp.example.com").unwrap();
        let identity_provider = Some(IdentityProvider { issuer, client: None, token: None });
        AuthOptions { grant: Grant::EnterpriseManaged, identity_provider, ..options() }
    }

    /// An ID token that expires at this time.
    fn id_token(claims: &str) -> Option<Secret<String>> {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        Some(Secret::new(format!("{}.{}.x", part("{}"), part(claims))))
    }

    /// A sign-in at the provider, which cannot be refreshed.
    fn person_with(context: &Context, id_token: Option<Secret<String>>) -> SignIn {
        let mut record = sign_in(&context.options, "a", None);
        (record.tokens.id_token, record.tokens.refresh_token) = (id_token, None);
        record
    }

    /// A-101
    #[tokio::test]
    async fn an_id_token_represents_the_person_until_shortly_before_its_end() {
        let (state, _) = state(company());
        let identity = identity(&state.context).ok().unwrap();
        let lasts =
            |claims: &str| has_lasting_id_token(identity, &person_with(identity, id_token(claims)));
        let end = |left: u64| format!(r#"{{"exp":{}}}"#, NOW + left);
        assert!(lasts(&end(MARGIN_SECONDS + 1)) && !lasts(&end(MARGIN_SECONDS)));
        assert!(!lasts(&end(0)));
        assert!(lasts("{}"), "it does not say when it ends");
        assert!(!has_lasting_id_token(identity, &person_with(identity, None)));
        let refresh = Some(Secret::new("refresh".to_owned()));
        for (id, refresh, expected) in [
            (id_token(&end(3600)), refresh.clone(), "id"),
            (id_token(&end(3600)), None, "id"),
            (id_token(&end(0)), refresh.clone(), "refresh"),
            (id_token(&end(0)), None, "id"),
            (None, refresh, "refresh"),
            (None, None, "none"),
        ] {
            let mut record = person_with(identity, id);
            record.tokens.refresh_token = refresh;
            let found = match subject_of(identity, &record) {
                Some(SubjectToken::IdToken(_)) => "id",
                Some(SubjectToken::RefreshToken(_)) => "refresh",
                None => "none",
            };
            assert_eq!(found, expected);
        }
    }

    /// A-101
    #[tokio::test]
    async fn a_stored_person_is_used_and_nobody_is_asked_without_a_prompt() {
        let (state, vault) = state(company());
        let identity = identity(&state.context).ok().unwrap();
        let found = async |step| person(identity, step, &mut None).await.ok().unwrap();
        assert!(found(Step::Stored).await.is_none(), "nothing is stored");
        let lasting = person_with(identity, id_token("{}"));
        vault.save(&identity.names.sign_in, lasting.to_bytes()).await.unwrap();
        let (record, step) = found(Step::Stored).await.unwrap();
        assert_eq!((record, step), (lasting, Step::Stored));
        assert!(found(Step::Refreshed).await.is_none(), "it was refused, and cannot be refreshed");
        assert!(found(Step::SignedIn).await.is_none());
        let needed = sign_in_needed(identity);
        assert_eq!(needed.kind, FailureKind::AuthRequired);
        assert!(needed.hint.contains("login --idp https://idp.example.com"), "{}", needed.hint);
    }

    #[tokio::test]
    async fn only_some_refusals_are_about_the_person() {
        let rejected =
            |code: &str| GrantError::Rejected { code: code.to_owned(), description: None };
        for (code, is_about) in [
            ("invalid_grant", true),
            ("login_required", true),
            ("expired_token", true),
            ("invalid_request", false),
            ("unauthorized_client", false),
            ("unsupported_grant_type", false),
        ] {
            assert_eq!(is_about_person(&rejected(code)), is_about, "{code}");
        }
        let (state, _) = state(company());
        let identity = identity(&state.context).ok().unwrap();
        let told = |code| failure_of_exchange(identity, rejected(code));
        assert!(told("unsupported_grant_type").hint.contains("RFC 8693"));
        assert!(told("invalid_target").hint.contains("mcp-tether login --idp"));
        assert!(told("x").message.starts_with("the identity provider refuses"));
        let (plain, _) = self::state(options());
        assert!(super::identity(&plain.context).is_err(), "there is none");
    }
}
