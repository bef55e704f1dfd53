//! Turns settings into the options for signing in. Checks every value, so that a mistake is
//! reported at the start rather than in a browser. Messages never contain a secret.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};
use url::Url;

use super::headers::{KeyringLookup, expand};
use super::options::read_file;
use super::{Key, Settings};
use crate::auth::{AuthOptions, Grant, PreRegistered, ResourceIndicator, TokenFile};
use crate::environment::Environment;
use crate::error::{Error, Result, WithoutHint};
use crate::http::is_loopback;
use crate::redact::{Secret, shown_words};

/// The parameters of an authorization request that only the bridge may set, because other values
/// would undo their protection.
const RESERVED_PARAMS: [&str; 15] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "assertion",
    "device_code",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "request",
    "request_uri",
];

impl Settings {
    /// The options for signing in to this remote, whose requests carry these headers; `None` if one
    /// of them is an `Authorization` header, or a command provides it, which replaces signing in
    /// (A-75).
    ///
    /// # Errors
    /// A value is invalid for its setting, a file cannot be read, or two settings contradict each
    /// other.
    pub fn auth_options(
        &mut self,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        environment: &Environment,
        keyring: KeyringLookup<'_>,
    ) -> Result<Option<AuthOptions>> {
        let is_given = headers.iter().any(|(name, _)| *name == AUTHORIZATION);
        if is_given || self.command_gives_authorization() {
            return Ok(None);
        }
        let mut warnings = Vec::new();
        let built_in = AuthOptions::new(url.clone());
        let key = Key::StaticOauthClientInfo;
        let client = self.client_of(key, environment, keyring, &mut warnings)?;
        let options = AuthOptions {
            account: self.text(Key::Account).unwrap_or_default().to_owned(),
            login: self.choice(Key::Login),
            grant: self.grant(environment)?,
            identity_provider: self.identity_provider(environment, keyring, &mut warnings)?,
            callback_port: self.port(Key::CallbackPort),
            callback_host: self.callback_host()?,
            callback_path: self.callback_path()?,
            auth_timeout: self.limit(Key::AuthTimeout).unwrap_or(built_in.auth_timeout),
            success_url: self.success_url()?,
            resource: self.resource()?,
            authorize_params: self.authorize_params()?,
            client_metadata: self.client_metadata(environment, &mut warnings)?,
            client_info: self.with_jwt_key(client, environment, &mut warnings)?,
            client_metadata_url: self.client_metadata_url()?,
            scope: self.not_empty(Key::Scope).map(str::to_owned),
            use_id_token: self.switch(Key::UseIdToken),
            accept_issuer_mismatch: self.switch(Key::AcceptIssuerMismatch),
            callback_issuer: self.text(Key::CallbackIssuer).map(str::to_owned),
            assume_pkce: self.switch(Key::AssumePkce),
            assume_grant: self.switch(Key::AssumeGrant),
            authorization_endpoint: self.endpoint(Key::AuthorizationEndpoint)?,
            token_endpoint: self.endpoint(Key::TokenEndpoint)?,
            dpop: self.choice(Key::Dpop),
            client_certificate: self.client_certificate(
                Key::AuthClientCert,
                Key::AuthClientKey,
                environment,
            )?,
            shows_certificate: self.not_empty(Key::ClientCert).is_some(),
            device_endpoint: self.device_endpoint()?,
            allow_private_addresses: self.switch(Key::AllowPrivateAddresses),
            headers: headers.iter().cloned().collect::<HeaderMap>(),
            ..built_in
        };
        self.warnings.extend(warnings);
        self.warn_about_keys(environment);
        Ok(Some(options))
    }

    /// How long the bridge waits for the remote before it answers the host from the cache.
    pub fn answer_within(&self) -> Option<Duration> {
        self.limit(Key::AnswerWithin)
    }

    /// The token file, if one is set.
    pub(super) fn token_file(
        &self,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Option<TokenFile>> {
        let Some(path) = self.not_empty(Key::TokenFile) else { return Ok(None) };
        let (_, text) = read_file("token file", path, environment, warnings)?;
        let file = TokenFile::new(environment.expand_home(path), &text);
        file.map(Some)
            .map_err(|refused| Error::usage(refused).hint("put the token alone on its first line"))
    }

    /// The text of a setting, unless it is empty, which means unset.
    pub(super) fn not_empty(&self, key: Key) -> Option<&str> {
        self.text(key).filter(|text| !text.is_empty())
    }

    fn port(&self, key: Key) -> Option<u16> {
        self.all(key).first()?.value.as_port()
    }

    fn grant(&mut self, environment: &Environment) -> Result<Grant> {
        let way = self.chosen_way()?;
        if let Some(way) = way.filter(|_| self.not_empty(Key::AuthorizationEndpoint).is_some()) {
            let place = self.describe(Key::AuthorizationEndpoint);
            let way = self.describe(way);
            self.warnings.push(format!("{place} has no effect with {way}"));
        }
        match way {
            None => Ok(Grant::AuthorizationCode),
            Some(Key::DeviceCode) => Ok(Grant::DeviceCode),
            Some(Key::ClientCredentials) => Ok(Grant::ClientCredentials),
            Some(way) => self.company_grant(way, environment),
        }
    }

    fn device_endpoint(&mut self) -> Result<Option<Url>> {
        let endpoint = self.endpoint(Key::DeviceEndpoint)?;
        if endpoint.is_some() && !self.switch(Key::DeviceCode) {
            let place = self.describe(Key::DeviceEndpoint);
            self.warnings.push(format!("{place} has no effect without `--device-code`"));
        }
        Ok(endpoint)
    }

    /// An endpoint that the user sets.
    fn endpoint(&self, key: Key) -> Result<Option<Url>> {
        self.not_empty(key).map(|text| self.secure_url(key, text)).transpose()
    }

    fn callback_host(&self) -> Result<String> {
        let host = self.not_empty(Key::CallbackHost).unwrap_or("localhost");
        let url = Url::parse(&format!("http://{host}/")).ok();
        let fits = url.is_some_and(|url| {
            url.port().is_none()
                && url.path() == "/"
                && url.username().is_empty()
                && url.host_str().is_some_and(|found| found.eq_ignore_ascii_case(host))
        });
        if fits {
            return Ok(host.to_owned());
        }
        Err(self
            .invalid_value(Key::CallbackHost, "not a host name")
            .hint("it is the host name in the address that the browser returns to: `localhost`"))
    }

    fn callback_path(&self) -> Result<String> {
        let path = self.not_empty(Key::CallbackPath).unwrap_or("/oauth/callback");
        let fits = path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\\"<>".contains(&byte));
        if fits {
            return Ok(path.to_owned());
        }
        Err(self
            .invalid_value(Key::CallbackPath, "not the path of a URL")
            .hint("it starts with `/` and has no query: `/oauth/callback`"))
    }

    fn success_url(&self) -> Result<Option<Url>> {
        let Some(text) = self.not_empty(Key::AuthSuccessUrl) else { return Ok(None) };
        let url = self.secure_url(Key::AuthSuccessUrl, text)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if bare {
            return Ok(Some(url));
        }
        Err(self
            .invalid_value(Key::AuthSuccessUrl, "more than scheme, host and path")
            .hint("remove user name, query and fragment: the browser's history keeps them"))
    }

    /// The resource indicator; an empty value omits it (docs/from-mcp-remote.md#command-line).
    fn resource(&self) -> Result<ResourceIndicator> {
        if self.switch(Key::DisableResourceParameter) {
            return Ok(ResourceIndicator::Omitted);
        }
        let Some(text) = self.text(Key::Resource) else { return Ok(ResourceIndicator::Published) };
        resource_indicator(text).ok_or_else(|| {
            self.invalid_value(Key::Resource, "not an absolute URI without a fragment")
                .hint("it looks like `https://mcp.example.com`; an empty value sends none")
        })
    }

    fn authorize_params(&self) -> Result<Vec<(String, String)>> {
        let mut params: Vec<(String, String)> = Vec::new();
        for text in self.texts(Key::AuthorizeParam) {
            let pair = text.split_once('=').filter(|(name, _)| !name.trim().is_empty());
            let (name, value) = pair.ok_or_else(|| {
                let error = Error::usage("a value of `--authorize-param` is not `NAME=VALUE`");
                error.hint("for example `--authorize-param audience=https://api.example.com`")
            })?;
            let name = name.trim();
            if RESERVED_PARAMS.contains(&name) {
                let message =
                    format!("`--authorize-param` sets `{name}`, which only the bridge may set");
                return Err(Error::usage(message)
                    .hint("remove it: another value there would break the sign-in"));
            }
            // The first source comes first and wins.
            if params.iter().all(|(other, _)| other != name) {
                params.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(params)
    }

    fn client_metadata(
        &self,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Map<String, Json>> {
        let key = Key::StaticOauthClientMetadata;
        let Some(text) = self.json_text(key, environment, warnings)? else {
            return Ok(Map::new());
        };
        serde_json::from_str(&text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Error::usage(format!("{} is not a JSON object ({place})", self.describe(key))).hint(
                "for example `'{\"client_name\":\"My host\"}'`, or `@FILE` with that in the file",
            )
        })
    }

    /// Reads a client. Expands `${NAME}` in the strings of the parsed JSON rather than in its text:
    /// a quotation mark in a secret must not change the structure.
    pub(super) fn client_of(
        &self,
        key: Key,
        environment: &Environment,
        keyring: KeyringLookup<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<PreRegistered>> {
        let Some(text) = self.json_text(key, environment, warnings)? else { return Ok(None) };
        let Ok(json) = serde_json::from_str::<Json>(&text) else {
            return PreRegistered::from_json(&text).map(Some);
        };
        let lookup = |name: &str| self.value_of(name, environment, keyring);
        let place = self.describe(key);
        let mut json = Secret::new(json);
        for_each_string(json.edit(), &mut |text| {
            let expanded = expand(text, &lookup)
                .map_err(|problem| problem.into_error("the OAuth client", &place))?;
            // From one secret into another.
            text.clone_from(expanded.expose());
            Ok(())
        })?;
        PreRegistered::from_value(json.expose()).map(Some)
    }

    fn client_metadata_url(&self) -> Result<Option<Url>> {
        let Some(text) = self.not_empty(Key::ClientMetadataUrl) else { return Ok(None) };
        // draft-ietf-oauth-client-id-metadata-document section 3: https, with a path.
        let url = Url::parse(text).ok().filter(|url| {
            url.scheme() == "https"
                && url.path() != "/"
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        url.map(Some).ok_or_else(|| {
            self.invalid_value(Key::ClientMetadataUrl, "not an https URL with a path")
                .hint("it looks like `https://example.com/client.json`")
        })
    }

    /// The JSON of a setting, or that of the file named after `@`.
    fn json_text(
        &self,
        key: Key,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Option<String>> {
        let Some(text) = self.not_empty(key) else { return Ok(None) };
        let Some(path) = text.strip_prefix('@') else { return Ok(Some(text.to_owned())) };
        if key != Key::StaticOauthClientMetadata {
            let (_, text) = read_file("file of the OAuth client", path, environment, warnings)?;
            return Ok(Some(text));
        }
        // Metadata is public, so other users may read its file.
        let (_, text) = read_file("file of client metadata", path, environment, &mut Vec::new())?;
        Ok(Some(text))
    }

    /// Parses an https URL, or an http URL on this machine (A-76). With `--allow-http`, the token
    /// endpoint may be an http URL anywhere.
    pub(super) fn secure_url(&self, key: Key, text: &str) -> Result<Url> {
        let is_endpoint = |key: Key| {
            matches!(
                key,
                Key::AuthorizationEndpoint | Key::TokenEndpoint | Key::DeviceEndpoint | Key::Idp
            )
        };
        let allowed = |url: &Url| match url.scheme() {
            "https" => url.has_host(),
            "http" => is_loopback(url) || is_endpoint(key) && self.switch(Key::AllowHttp),
            _ => false,
        };
        Url::parse(text).ok().filter(allowed).ok_or_else(|| {
            self.invalid_value(key, "neither an https URL nor an http URL on this machine")
                .hint("it looks like `https://example.com/path`")
        })
    }

    /// The error for an invalid value, with its source.
    pub(super) fn invalid_value(&self, key: Key, why: &str) -> WithoutHint<Error> {
        let shown = shown_words(self.text(key).unwrap_or_default());
        // The text before an `@` may be a password.
        let shown = if shown.contains('@') { "…".to_owned() } else { shown };
        Error::usage(format!("invalid value `{shown}` for {}: {why}", self.describe(key)))
    }

    /// Describes a setting as the user gave it: its name and its source.
    pub(super) fn describe(&self, key: Key) -> String {
        match self.all(key).first() {
            Some(held) => held.source.describe(key.setting()),
            None => format!("`--{}`", key.setting().name),
        }
    }
}

/// The resource indicator for a value of `--resource`; an empty value omits it. Returns `None` if
/// the value is not an absolute URI without a fragment (RFC 8707 section 2).
pub fn resource_indicator(text: &str) -> Option<ResourceIndicator> {
    if text.is_empty() {
        return Some(ResourceIndicator::Omitted);
    }
    let url = Url::parse(text).ok().filter(|url| url.fragment().is_none());
    url.map(|_| ResourceIndicator::Fixed(text.to_owned()))
}

fn for_each_string(
    json: &mut Json,
    change: &mut impl FnMut(&mut String) -> Result<()>,
) -> Result<()> {
    match json {
        Json::String(text) => change(text),
        Json::Array(items) => items.iter_mut().try_for_each(|item| for_each_string(item, change)),
        Json::Object(members) => {
            members.values_mut().try_for_each(|member| for_each_string(member, change))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::LoginPolicy;
    use crate::redact::Secret;
    use crate::settings::Flags;

    const URL: &str = "https://mcp.example.com/mcp";

    fn options(values: &[(Key, &str)]) -> Result<Option<AuthOptions>> {
        let own = |(key, text): &(Key, &str)| (*key, vec![(*text).to_owned()]);
        let flags = Flags { config: None, values: values.iter().map(own).collect() };
        let environment = Environment::fixed([("ID", "from\"env"), ("HOME", "/h")]);
        let url = Url::parse(URL).unwrap();
        let keyring = |name: &str| Ok(Secret::new(format!("keyring {name}")));
        let mut settings = Settings::resolve(Some(&url), &flags, &environment)?;
        let remote = settings.remote_options(&url, &environment, &keyring)?;
        settings.auth_options(&url, &remote.headers, &environment, &keyring)
    }

    fn set(values: &[(Key, &str)]) -> AuthOptions {
        options(values).map_err(|error| error.to_string()).unwrap().expect("no header of their own")
    }

    /// What the table calls built in is what the options call default.
    #[test]
    fn nothing_said_is_the_default_of_the_options() {
        let default = AuthOptions::new(Url::parse(URL).unwrap());
        assert_eq!(format!("{:?}", set(&[])), format!("{default:?}"));
    }

    /// docs/from-mcp-remote.md#command-line
    #[test]
    fn every_setting_of_the_sign_in_reaches_its_option() {
        let set = set(&[
            (Key::Header, "X-A: 1"),
            (Key::Account, "work"),
            (Key::Login, "on-demand"),
            (Key::Scope, "a b"),
            (Key::CallbackPort, "3334"),
            (Key::CallbackHost, "127.0.0.1"),
            (Key::CallbackPath, "/cb"),
            (Key::AuthTimeout, "9"),
            (Key::AuthSuccessUrl, "http://localhost:1/done"),
            (Key::Resource, "https://r"),
            (Key::AuthorizeParam, "audience=x=y"),
            (Key::StaticOauthClientMetadata, r#"{"client_name":"n"}"#),
            (Key::StaticOauthClientInfo, r#"{"client_id":"${ID}","client_secret":"${keyring:k}"}"#),
            (Key::ClientMetadataUrl, "https://example.com/c.json"),
            (Key::UseIdToken, "true"),
            (Key::DeviceCode, "true"),
            (Key::DeviceEndpoint, "https://example.com/device"),
            (Key::AcceptIssuerMismatch, "true"),
            (Key::CallbackIssuer, "https://upstream.example.com"),
            (Key::AssumePkce, "true"),
            (Key::AssumeGrant, "true"),
            (Key::AuthorizationEndpoint, "https://example.com/page"),
            (Key::TokenEndpoint, "https://example.com/token"),
            (Key::Dpop, "always"),
            (Key::AllowPrivateAddresses, "true"),
        ]);
        assert!(set.assume_pkce && set.assume_grant);
        assert_eq!(set.authorization_endpoint.as_ref().unwrap().path(), "/page");
        assert_eq!(set.token_endpoint.as_ref().unwrap().path(), "/token");
        assert_eq!(set.dpop, crate::auth::DpopPolicy::Always);
        assert_eq!(set.callback_issuer.as_deref(), Some("https://upstream.example.com"));
        assert_eq!(set.device_endpoint.as_ref().unwrap().path(), "/device");
        assert_eq!((set.account.as_str(), set.login), ("work", LoginPolicy::OnDemand));
        assert_eq!((set.scope.as_deref(), set.callback_port), (Some("a b"), Some(3334)));
        assert_eq!((set.callback_host.as_str(), set.callback_path.as_str()), ("127.0.0.1", "/cb"));
        assert_eq!(set.auth_timeout, Duration::from_secs(9));
        assert_eq!(set.success_url.unwrap().as_str(), "http://localhost:1/done");
        assert_eq!(set.resource, ResourceIndicator::Fixed("https://r".to_owned()));
        assert_eq!(set.authorize_params, [("audience".to_owned(), "x=y".to_owned())]);
        assert_eq!(set.client_metadata["client_name"], "n");
        let client = set.client_info.unwrap();
        assert_eq!(client.client_id, "from\"env", "a quote in a value stays a quote");
        assert_eq!(client.client_secret, Some(Secret::new("keyring k".to_owned())));
        assert_eq!(set.client_metadata_url.unwrap().path(), "/c.json");
        assert_eq!(set.grant, Grant::DeviceCode);
        assert!(set.use_id_token && set.accept_issuer_mismatch && set.allow_private_addresses);
        assert_eq!(set.headers["x-a"], "1");
    }

    /// A-103
    #[test]
    fn a_key_in_a_file_belongs_to_the_client_that_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        let key = (Key::JwtKey, path.to_str().unwrap());
        let client = (Key::StaticOauthClientInfo, r#"{"client_id":"c"}"#);
        assert!(set(&[key, client]).client_info.unwrap().signing_key.is_some());
        assert!(options(&[key]).unwrap_err().to_string().contains("needs a client"));
        let binary = folder.path().join("key.der");
        std::fs::write(&binary, [0x30, 0x82, 0xff, 0xfe]).unwrap();
        let binary = (Key::JwtKey, binary.to_str().unwrap());
        let refused = options(&[binary, client]).unwrap_err().to_string();
        assert!(refused.contains("not text") && refused.contains("openssl pkey"), "{refused}");
        let other = r#"{"client_id":"c","signing_algorithm":"RS256"}"#;
        let refused = options(&[key, (Key::StaticOauthClientInfo, other)]).unwrap_err();
        assert!(refused.to_string().contains("algorithm"), "{refused}");
    }

    /// A-101
    #[test]
    fn the_section_of_a_company_applies_to_its_servers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let text = "[enterprise]\nservers = [\"https://*.example.com\"]\n\
                    idp = \"https://idp.corp\"\n\
                    [server.\"https://plain.example.com\"]\nscope = \"x\"\n";
        std::fs::write(&path, text).unwrap();
        let flags = Flags { config: path.to_str().map(str::to_owned), values: Vec::new() };
        let environment = Environment::fixed([]);
        let grant = |url: &str| {
            let url = Url::parse(url).unwrap();
            let mut settings = Settings::resolve(Some(&url), &flags, &environment).unwrap();
            let keyring =
                |_: &str| -> Result<Secret<String>> { unreachable!("no secret is named") };
            settings.auth_options(&url, &[], &environment, &keyring).unwrap().unwrap().grant
        };
        assert_eq!(grant("https://mcp.example.com/mcp"), Grant::EnterpriseManaged);
        assert_eq!(grant("https://plain.example.com/mcp"), Grant::EnterpriseManaged);
        assert_eq!(grant("https://mcp.example.org/mcp"), Grant::AuthorizationCode);
        for wrong in ["[enterprise]\nidp = \"https://i\"\n", "[enterprise]\nservers = [7]\n"] {
            std::fs::write(&path, wrong).unwrap();
            let refused = Settings::resolve(None, &flags, &environment).err().unwrap().to_string();
            assert!(refused.contains("servers") && refused.contains("hint: "), "{refused}");
        }
    }

    #[test]
    fn the_resource_can_be_left_out_in_two_ways() {
        for said in [(Key::Resource, ""), (Key::DisableResourceParameter, "true")] {
            assert_eq!(set(&[said]).resource, ResourceIndicator::Omitted);
        }
    }

    /// A-75
    #[test]
    fn an_authorization_of_the_users_own_replaces_signing_in() {
        assert!(options(&[(Key::Header, "authorization: Bearer x")]).unwrap().is_none());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, " Bearer hunter2\n").unwrap();
        let file = (Key::TokenFile, path.to_str().unwrap());
        assert!(options(&[file, (Key::Header, "Authorization: x")]).is_err());
        for wrong in ["", "\n", "hunter2 hunter2", "hunter2\nhunter2"] {
            std::fs::write(&path, wrong).unwrap();
            let error = options(&[file]).unwrap_err().to_string();
            assert!(
                error.contains("does not contain exactly one token") && !error.contains("hunter2")
            );
        }
    }

    /// S-05, S-09, A-76
    #[test]
    fn what_does_not_fit_is_refused_with_its_flag_and_without_secrets() {
        for (key, text) in [
            (Key::CallbackHost, "a/b"),
            (Key::CallbackHost, "a:1"),
            (Key::CallbackPath, "callback"),
            (Key::CallbackPath, "/a?b"),
            (Key::AuthSuccessUrl, "http://example.com/"),
            (Key::AuthSuccessUrl, "javascript:alert(1)"),
            (Key::AuthSuccessUrl, "https://sara:hunter2@example.com/"),
            (Key::AuthSuccessUrl, "https://example.com/?x=1"),
            (Key::AuthSuccessUrl, "https://example.com/#x"),
            (Key::Resource, "mcp.example.com"),
            (Key::Resource, "https://r#x"),
            (Key::AuthorizeParam, "hunter2"),
            (Key::AuthorizeParam, "state=hunter2"),
            (Key::AuthorizeParam, "code_challenge_method=plain"),
            (Key::AuthorizeParam, "request_uri=hunter2"),
            (Key::StaticOauthClientMetadata, "[hunter2"),
            (Key::StaticOauthClientMetadata, "@/h/absent.json"),
            (Key::StaticOauthClientInfo, "{hunter2"),
            (Key::ClientMetadataUrl, "https://example.com/"),
            (Key::ClientMetadataUrl, "http://localhost/c.json"),
            (Key::TokenEndpoint, "http://example.com/token"),
            (Key::DeviceEndpoint, "http://example.com/device"),
            (Key::AuthorizationEndpoint, "http://example.com/page"),
            (Key::AuthorizeParam, "grant_type=hunter2"),
            (Key::AuthorizeParam, "client_secret=hunter2"),
        ] {
            let error = options(&[(key, text)]).expect_err(text);
            assert_eq!(error.exit_code(), crate::error::ExitCode::Usage, "{text}");
            let shown = error.to_string();
            assert!(shown.contains("hint: ") && !shown.contains("hunter2"), "{shown}");
        }
        for (one, other) in [
            ((Key::DeviceCode, "true"), (Key::ClientCredentials, "true")),
            ((Key::Idp, "https://idp"), (Key::WorkloadToken, "/t")),
            ((Key::WorkloadToken, "/t"), (Key::WorkloadCommand, "t")),
            ((Key::Idp, "http://idp.example.com"), (Key::Login, "never")),
            ((Key::Idp, "https://idp?x=1"), (Key::Login, "never")),
            ((Key::JwtKey, "/absent.pem"), (Key::Login, "never")),
        ] {
            let refused = options(&[one, other]).err().map(|error| error.to_string());
            assert!(refused.is_some_and(|refused| refused.contains("hint: ")), "{one:?}");
        }
    }
}
