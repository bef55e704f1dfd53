//! Imports a sign-in from another program of the same user. The authorization server is discovered
//! again; a sign-in from another issuer is refused, and none of our records is replaced.

use crate::auth::client::auth_method::{AuthMethod, ClientMeans};
use crate::auth::context::{AuthServices, Context, SignInRequest, vault_failure};
use crate::auth::discovery::challenge::Challenge;
use crate::auth::discovery::requirements::without_token_endpoint;
use crate::auth::discovery::search::DiscoveredServer;
use crate::auth::dpop::binding::TokenBinding;
use crate::auth::grants::token::TokenSet;
use crate::auth::login::SignedIn;
use crate::auth::options::AuthOptions;
use crate::auth::records::names::Names;
use crate::auth::records::record::SignIn;
use crate::auth::records::registration::{Registered, Registration};
use crate::error::{Failure, FailureKind};
use crate::http::HttpOptions;
use crate::redact::{Secret, display_identifier};

/// Another program's sign-in.
#[derive(Clone, Debug)]
pub struct ImportedSignIn {
    /// The tokens, with the time at which they expire.
    pub tokens: TokenSet,
    /// The requested scopes.
    pub scopes_asked: Option<String>,
    /// Their issuer, if known.
    pub issuer: Option<String>,
    /// The client that they were issued to.
    pub client: ImportedClient,
}

/// Another program's client.
#[derive(Clone, Debug)]
pub struct ImportedClient {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`; `None` for a public client.
    pub secret: Option<Secret<String>>,
    /// When the secret expires, in seconds since 1970.
    pub secret_expires_at: Option<u64>,
    /// Its authentication method, if known.
    pub auth_method: Option<AuthMethod>,
    /// Its registered redirect URIs.
    pub redirect_uris: Vec<String>,
}

/// Stores the sign-in as ours; `None` if there already is one, which is kept.
///
/// # Errors
/// Its issuer is not the discovered one, or the store cannot be used.
pub async fn import_sign_in(
    options: AuthOptions,
    http: &HttpOptions,
    services: AuthServices,
    imported: ImportedSignIn,
) -> Result<Option<SignedIn>, Failure> {
    let context = Context::new(Names::new(&options), options, http, services);
    let _lock = context.lock_sign_in().await?;
    let name = context.names.sign_in.clone();
    if context.vault.load(&name).await.map_err(vault_failure)?.is_some() {
        return Ok(None);
    }
    let record = record(&context, imported).await?;
    context.save_sign_in(&record).await?;
    if record.registration.how == Registered::Dynamically {
        let name = context.names.registration(&record.issuer);
        context.save_best_effort(&name, &record.registration).await;
    }
    Ok(Some(SignedIn::of(&record, record.tokens.refresh_token.is_some())))
}

async fn record(context: &Context, imported: ImportedSignIn) -> Result<SignIn, Failure> {
    let probe_response = context.http_client.probe().await?;
    let challenge = Challenge::find(&probe_response.headers);
    let request = SignInRequest { challenge, must_be_documented: true, ..SignInRequest::default() };
    let found = context.discover(&request).await?;
    // The other program may have stored the issuer with or without a trailing slash.
    let same = |issuer: &String| issuer.trim_end_matches('/') == found.issuer.trim_end_matches('/');
    if let Some(other) = imported.issuer.as_ref().filter(|issuer| !same(issuer)) {
        return Err(Failure::new(
            FailureKind::AuthFailed,
            format!(
                "its issuer is `{}`, and the server names `{}`",
                display_identifier(other),
                display_identifier(&found.issuer)
            ),
        )
        .hint(format!("sign in again with {}", context.options.login_command())));
    }
    let token_endpoint = found.server.token_endpoint.clone();
    let token_endpoint = token_endpoint.ok_or_else(|| without_token_endpoint(&found.server))?;
    let resource = found.resource_indicator(&context.options);
    let registration = registration(context, &found, imported.client);
    Ok(SignIn {
        server: context.options.server.to_string(),
        account: context.options.account.clone(),
        issuer: found.issuer,
        resource,
        token_endpoint,
        revocation_endpoint: found.server.revocation_endpoint,
        registration_name: context.names.registration(&registration.issuer),
        registration,
        tokens: imported.tokens,
        scopes_asked: imported.scopes_asked,
        via: None,
        is_identity_provider: false,
        refreshes_itself: false,
        binding: TokenBinding::None,
        refresh_problem: None,
    })
}

fn registration(
    context: &Context,
    found: &DiscoveredServer,
    client: ImportedClient,
) -> Registration {
    let given =
        context.options.client_info.as_ref().is_some_and(|ours| ours.client_id == client.id);
    let has_secret = client.secret.is_some();
    let auth_method = client.auth_method.unwrap_or_else(|| {
        AuthMethod::pick(None, ClientMeans { secret: has_secret, ..ClientMeans::default() })
    });
    Registration {
        issuer: found.issuer.clone(),
        how: if given { Registered::Beforehand } else { Registered::Dynamically },
        client_id: client.id,
        client_secret: client.secret,
        auth_method,
        client_id_in_form: false,
        basic_is_raw: false,
        scope: None,
        listed_methods: found.server.known_auth_methods(),
        signing_algorithm: None,
        secret_expires_at: client.secret_expires_at,
        redirect_uris: client.redirect_uris,
        registered_at: context.now(),
    }
}
