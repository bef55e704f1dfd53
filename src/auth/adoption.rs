//! Takes over a sign-in that another program of the same user made. The authorization server is
//! discovered anew; what belongs to another issuer is refused (A-21), and nothing of ours is
//! replaced.

use super::authorizer::{SignedIn, World};
use super::challenge::Challenge;
use super::client_authentication::AuthMethod;
use super::context::{Context, Wish, vault_failure};
use super::discovery::Discovered;
use super::options::AuthOptions;
use super::record::{Names, Registered, Registration, SignIn};
use super::token::TokenSet;
use crate::error::{Failure, FailureKind};
use crate::http::HttpOptions;
use crate::redact::{Secret, plain};

/// A sign-in of another program.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Its tokens.
    pub tokens: TokenSet,
    /// The scopes that were asked for.
    pub scopes_asked: Option<String>,
    /// Who issued them, where that is known.
    pub issuer: Option<String>,
    /// The client that they were issued to.
    pub client: ForeignClient,
}

/// The client of another program.
#[derive(Clone, Debug)]
pub struct ForeignClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Option<Secret<String>>,
    /// When the secret ends, in seconds since 1970.
    pub secret_expires_at: Option<u64>,
    /// How it authenticates, where that is known.
    pub auth_method: Option<AuthMethod>,
    /// The redirect URIs that were registered.
    pub redirect_uris: Vec<String>,
}

/// Stores it as ours; `None` if there is a sign-in already, which stays.
///
/// # Errors
/// Another issuer than the one discovered, or a store that cannot be used.
pub async fn adopt(
    options: AuthOptions,
    http: &HttpOptions,
    world: World,
    foreign: Foreign,
) -> Result<Option<SignedIn>, Failure> {
    let context = Context::new(Names::new(&options), options, http, world);
    let _lock = context.lock_sign_in().await?;
    let name = context.names.sign_in.clone();
    if context.vault.load(&name).await.map_err(vault_failure)?.is_some() {
        return Ok(None);
    }
    let record = record(&context, foreign).await?;
    context.keep(&record).await?;
    if record.registration.how == Registered::Dynamically {
        let name = context.names.registration(&record.issuer);
        context.save_spare(&name, &record.registration).await;
    }
    Ok(Some(SignedIn {
        issuer: record.issuer,
        scopes: record.tokens.scope.or(record.scopes_asked),
        expires_at: record.tokens.expires_at,
        renewable: record.tokens.refresh_token.is_some(),
    }))
}

async fn record(context: &Context, foreign: Foreign) -> Result<SignIn, Failure> {
    // `ping` needs no session; what counts is the challenge of the refusal.
    let ping = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec();
    let (_, headers) = context.outside.probe(ping).await?;
    let challenge = Challenge::find(&headers);
    let wish = Wish { challenge, must_be_documented: true, ..Wish::default() };
    let found = context.discover(&wish).await?;
    // Large vendors name themselves with and without a slash at the end.
    let same = |issuer: &String| issuer.trim_end_matches('/') == found.issuer.trim_end_matches('/');
    if let Some(other) = foreign.issuer.as_ref().filter(|issuer| !same(issuer)) {
        return Err(Failure::new(
            FailureKind::AuthFailed,
            format!("its issuer is `{}`, and the server names `{}`", plain(other), found.issuer),
        )
        .hint(format!("sign in anew with {}", context.options.login_command())));
    }
    let token_endpoint = found.server.token_endpoint.clone().ok_or_else(|| {
        Failure::new(FailureKind::AuthFailed, "the authorization server names no token endpoint")
    })?;
    let resource = found.resource_indicator(&context.options);
    let registration = registration(context, &found, foreign.client);
    Ok(SignIn {
        server: context.options.server.to_string(),
        account: context.options.account.clone(),
        issuer: found.issuer,
        resource,
        token_endpoint,
        revocation_endpoint: found.server.revocation_endpoint,
        registration_name: context.names.registration(&registration.issuer),
        registration,
        tokens: foreign.tokens,
        scopes_asked: foreign.scopes_asked,
    })
}

fn registration(context: &Context, found: &Discovered, client: ForeignClient) -> Registration {
    let given =
        context.options.client_info.as_ref().is_some_and(|ours| ours.client_id == client.id);
    let has_secret = client.secret.is_some();
    let auth_method =
        client.auth_method.unwrap_or_else(|| AuthMethod::pick(None, has_secret, false));
    Registration {
        issuer: found.issuer.clone(),
        how: if given { Registered::Beforehand } else { Registered::Dynamically },
        client_id: client.id,
        client_secret: client.secret,
        auth_method,
        client_id_in_form: false,
        listed_methods: found.server.known_auth_methods(),
        secret_expires_at: client.secret_expires_at,
        redirect_uris: client.redirect_uris,
        registered_at: context.now(),
    }
}
