//! Imitations of large providers for programs that sign in: the shape of their documents, their
//! refusals, and a registered client. Based on their documentation and on public reports.

use std::str::FromStr;
use std::time::Duration;

use serde_json::json;

use super::issuer_options::{
    ClientAuthentication, Iss, IssuerMetadataAt, IssuerOptions, KnownClient, RedirectMatch,
    RefreshTokens, RegistrationPolicy, ResourceParameter,
};
use super::options::OAuthOptions;
use super::provider_rule::ProviderRule;

/// The id of the registered client at each provider without dynamic registration.
pub const CLIENT_ID: &str = "CLIENT_ID";
/// Its secret, where it has one.
pub const CLIENT_SECRET: &str = "CLIENT_SECRET";
/// The port of the registered redirect URI at providers that compare it exactly.
pub const REDIRECT_PORT: u16 = 3334;

/// A provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Microsoft Entra ID.
    Entra,
    /// Google.
    Google,
    /// Auth0.
    Auth0,
    /// Amazon Cognito.
    Cognito,
    /// Atlassian.
    Atlassian,
    /// GitHub.
    GitHub,
    /// Slack.
    Slack,
    /// Figma.
    Figma,
    /// GitLab.
    GitLab,
    /// Keycloak.
    Keycloak,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 10] = [
        Self::Entra,
        Self::Google,
        Self::Auth0,
        Self::Cognito,
        Self::Atlassian,
        Self::GitHub,
        Self::Slack,
        Self::Figma,
        Self::GitLab,
        Self::Keycloak,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Google => "google",
            Self::Auth0 => "auth0",
            Self::Cognito => "cognito",
            Self::Atlassian => "atlassian",
            Self::GitHub => "github",
            Self::Slack => "slack",
            Self::Figma => "figma",
            Self::GitLab => "gitlab",
            Self::Keycloak => "keycloak",
        }
    }

    /// Returns the OAuth options of a remote behind this provider.
    pub fn options(self) -> OAuthOptions {
        match self {
            Self::Entra => entra(),
            Self::Google => google(),
            Self::Auth0 => auth0(),
            Self::Cognito => cognito(),
            Self::Atlassian => atlassian(),
            Self::GitHub => github(),
            Self::Slack => slack(),
            Self::Figma => figma(),
            Self::GitLab => gitlab(),
            Self::Keycloak => keycloak(),
        }
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|provider| provider.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is none of {known}")
        })
    }
}

/// Returns the options that most providers share: no registration, no `iss`, no device codes.
fn closed() -> IssuerOptions {
    IssuerOptions {
        registration: RegistrationPolicy::Absent,
        iss: Iss::Absent,
        iss_advertised: false,
        resource: ResourceParameter::Ignored,
        device: None,
        revocation: false,
        ..IssuerOptions::default()
    }
}

fn exact(path: &str) -> Vec<String> {
    vec![format!("http://localhost:{REDIRECT_PORT}{path}")]
}

fn scopes(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

/// Entra has a native client; its OpenID Connect documents do not mention PKCE.
fn entra() -> OAuthOptions {
    let issuer = IssuerOptions {
        prefix: "/tenant/v2.0".to_owned(),
        metadata_at: vec![IssuerMetadataAt::OpenIdAppended],
        known_clients: vec![KnownClient::public(CLIENT_ID)],
        scopes_supported: scopes(&["openid", "profile", "email", "offline_access"]),
        metadata: json!({
            "code_challenge_methods_supported": null,
            "token_endpoint_auth_methods_supported":
                ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "request_uri_parameter_supported": false,
        }),
        rules: vec![
            ProviderRule::NoForcedConsent,
            ProviderRule::NoResource,
            ProviderRule::Needs("scope"),
            ProviderRule::ScopeAtRefresh,
        ],
        ..closed()
    };
    OAuthOptions::with_issuer(issuer)
}

/// Google has a desktop client with a secret; the resource lists the issuer with a slash that the
/// document lacks, and answers carry `iss`.
fn google() -> OAuthOptions {
    let secret = ClientAuthentication::Post;
    let issuer = IssuerOptions {
        prefix: String::new(),
        metadata_at: vec![IssuerMetadataAt::OAuth, IssuerMetadataAt::OpenIdAppended],
        known_clients: vec![KnownClient::with_secret(CLIENT_ID, CLIENT_SECRET, secret)],
        authentication: vec![ClientAuthentication::Post, ClientAuthentication::Basic],
        iss: Iss::Right,
        iss_advertised: true,
        rules: vec![ProviderRule::Needs("access_type")],
        revocation: true,
        ..closed()
    };
    OAuthOptions {
        listed_as: Some("{issuer}/".to_owned()),
        scopes_supported: scopes(&["https://www.googleapis.com/auth/cloud-platform"]),
        ..OAuthOptions::with_issuer(issuer)
    }
}

/// Auth0 has registration switched off by default; `audience` names the API.
fn auth0() -> OAuthOptions {
    let issuer = IssuerOptions {
        prefix: String::new(),
        known_clients: vec![KnownClient::public(CLIENT_ID)],
        scopes_supported: scopes(&["openid", "profile", "offline_access"]),
        rules: vec![ProviderRule::Needs("audience")],
        ..closed()
    };
    OAuthOptions { listed_as: Some("{issuer}/".to_owned()), ..OAuthOptions::with_issuer(issuer) }
}

/// Cognito does not mention PKCE and compares the redirect URI exactly.
fn cognito() -> OAuthOptions {
    let client =
        KnownClient { redirect_uris: exact("/oauth/callback"), ..KnownClient::public(CLIENT_ID) };
    let issuer = IssuerOptions {
        prefix: "/region_pool".to_owned(),
        metadata_at: vec![IssuerMetadataAt::OpenIdAppended],
        known_clients: vec![client],
        redirect_match: RedirectMatch::Exact,
        scopes_supported: scopes(&["openid", "email", "phone", "profile"]),
        metadata: json!({
            "code_challenge_methods_supported": null,
            "response_types_supported": ["code", "token"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }),
        ..closed()
    };
    OAuthOptions::with_issuer(issuer)
}

/// Atlassian registers everyone; its document names an issuer at another host.
fn atlassian() -> OAuthOptions {
    let issuer = IssuerOptions {
        registration: RegistrationPolicy::Open,
        metadata: json!({ "issuer": "https://auth.example.com" }),
        ..closed()
    };
    OAuthOptions::with_issuer(issuer)
}

/// GitHub registers nobody; the token endpoint sends errors with status 200 and tokens that do not
/// expire.
fn github() -> OAuthOptions {
    let secret = ClientAuthentication::Post;
    let issuer = IssuerOptions {
        prefix: "/login/oauth".to_owned(),
        known_clients: vec![KnownClient::with_secret(CLIENT_ID, CLIENT_SECRET, secret)],
        authentication: vec![ClientAuthentication::Post],
        refresh: RefreshTokens::Absent,
        says_expires_in: false,
        rules: vec![ProviderRule::ErrorsWithStatus200],
        ..closed()
    };
    OAuthOptions {
        scopes_supported: scopes(&["repo", "read:org"]),
        ..OAuthOptions::with_issuer(issuer)
    }
}

/// Slack compares the redirect URI exactly and sends errors with status 200.
fn slack() -> OAuthOptions {
    let client =
        KnownClient { redirect_uris: exact("/callback"), ..KnownClient::public(CLIENT_ID) };
    let issuer = IssuerOptions {
        known_clients: vec![client],
        redirect_match: RedirectMatch::Exact,
        access_lifetime: Duration::from_secs(12 * 3600),
        rules: vec![ProviderRule::ErrorsWithStatus200, ProviderRule::Needs("scope")],
        ..closed()
    };
    OAuthOptions { scopes_supported: scopes(&["search:read"]), ..OAuthOptions::with_issuer(issuer) }
}

/// Figma registers only clients with certain names.
fn figma() -> OAuthOptions {
    let issuer = IssuerOptions {
        registration: RegistrationPolicy::Open,
        rules: vec![ProviderRule::OnlyClientNames(&["CLIENT_NAME"])],
        ..closed()
    };
    OAuthOptions::with_issuer(issuer)
}

/// GitLab registers everyone, for one scope.
fn gitlab() -> OAuthOptions {
    let issuer = IssuerOptions {
        registration: RegistrationPolicy::Open,
        scopes_supported: scopes(&["api", "read_api", "mcp"]),
        rules: vec![ProviderRule::OnlyScopes(&["mcp"])],
        ..closed()
    };
    OAuthOptions { scopes_supported: scopes(&["api", "mcp"]), ..OAuthOptions::with_issuer(issuer) }
}

/// Keycloak ignores `resource`, sends `iss`, and registers nobody from an unknown host.
fn keycloak() -> OAuthOptions {
    let issuer = IssuerOptions {
        prefix: "/realms/main".to_owned(),
        metadata_at: vec![IssuerMetadataAt::OAuth, IssuerMetadataAt::OpenIdAppended],
        registration: RegistrationPolicy::Refused {
            status: 403,
            error: "insufficient_scope".to_owned(),
            description: "Policy 'Trusted Hosts' rejected request to client-registration service"
                .to_owned(),
        },
        known_clients: vec![KnownClient::public(CLIENT_ID)],
        iss: Iss::Right,
        iss_advertised: true,
        revocation: true,
        ..closed()
    };
    OAuthOptions::with_issuer(issuer)
}
