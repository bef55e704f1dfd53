//! A small strict authorization server and the MCP endpoint that it protects. What it wants and what it
//! answers is in [`Config`], which a test may change at any time; what it was asked is recorded. It imports
//! nothing of the code under test.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

/// What the server wants and answers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the resource metadata lies; `None`: nowhere.
    pub resource_metadata: Option<&'static str>,
    /// Whether the challenge names that place.
    pub named_in_challenge: bool,
    /// The `resource` of the document instead of the endpoint.
    pub resource: Option<String>,
    /// Issuers named before the real one.
    pub other_issuers: Vec<String>,
    /// The path of the issuer.
    pub issuer_path: &'static str,
    /// The `issuer` of the document instead of the real one.
    pub issuer: Option<String>,
    /// Where the server metadata lies; `None`: nowhere.
    pub server_metadata: Option<&'static str>,
    /// `code_challenge_methods_supported`.
    pub pkce: Option<Vec<&'static str>>,
    /// Members merged over the server metadata.
    pub extra_metadata: Value,
    /// `iss` of the callback: `None` leaves it out.
    pub iss: Option<String>,
    /// Whether clients may register.
    pub registration: bool,
    /// Redirect hosts that a registration may not have.
    pub refused_redirect_host: Option<&'static str>,
    /// How clients authenticate.
    pub auth_method: &'static str,
    /// When client secrets end.
    pub secret_expires_at: u64,
    /// Scopes of the 401 challenge.
    pub challenge_scope: Option<&'static str>,
    /// Scopes of the resource metadata.
    pub scopes_supported: Option<Vec<&'static str>>,
    /// Scopes that `tools/call` needs.
    pub call_scope: Option<&'static str>,
    /// Answer 403 to every call.
    pub never_enough: bool,
    /// Refuse every token.
    pub refuses_all_tokens: bool,
    /// How long access tokens last.
    pub lifetime: Option<u64>,
    /// Whether refresh tokens are issued.
    pub refresh_tokens: bool,
    /// Whether a renewal brings a new refresh token and ends the old one.
    pub rotates: bool,
    /// The status of every answer of the token endpoint, instead of a real one.
    pub token_status: Option<u16>,
    /// How long the token endpoint thinks.
    pub token_delay: Duration,
    /// Whether the resource names the real issuer at all.
    pub real_issuer_named: bool,
    /// A path that answers 503.
    pub failing: Option<&'static str>,
    /// A path where nothing is any more.
    pub gone: Option<&'static str>,
    /// A path, and what it answers instead of what it should: media type and text.
    pub replaced: Option<(&'static str, &'static str, &'static str)>,
    /// Paths that redirect, and where to.
    pub redirects: Vec<(String, String)>,
    /// Whether access tokens can be taken back.
    pub revokes_access_tokens: bool,
    /// The user says no.
    pub denies: bool,
    /// Polls before a device code is good.
    pub device_polls: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            resource_metadata: Some("/.well-known/oauth-protected-resource/mcp"),
            named_in_challenge: true,
            resource: None,
            other_issuers: Vec::new(),
            issuer_path: "",
            issuer: None,
            server_metadata: Some("/.well-known/oauth-authorization-server"),
            pkce: Some(vec!["S256"]),
            extra_metadata: json!({}),
            iss: Some("@issuer".to_owned()),
            registration: true,
            refused_redirect_host: None,
            auth_method: "none",
            secret_expires_at: 0,
            challenge_scope: None,
            scopes_supported: None,
            call_scope: None,
            never_enough: false,
            refuses_all_tokens: false,
            lifetime: Some(3600),
            refresh_tokens: true,
            rotates: true,
            token_status: None,
            token_delay: Duration::ZERO,
            real_issuer_named: true,
            failing: None,
            gone: None,
            replaced: None,
            redirects: Vec::new(),
            revokes_access_tokens: true,
            denies: false,
            device_polls: 1,
        }
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Debug)]
struct Client {
    secret: Option<String>,
    redirects: Vec<String>,
}

#[derive(Clone, Debug)]
struct Grant {
    client: String,
    scopes: String,
    resource: Option<String>,
    family: u64,
}

#[derive(Debug)]
struct Code {
    grant: Grant,
    challenge: String,
    redirect: String,
}

#[derive(Debug, Default)]
struct World {
    now: u64,
    clients: HashMap<String, Client>,
    codes: HashMap<String, Code>,
    refresh: HashMap<String, Grant>,
    spent: HashMap<String, u64>,
    access: HashMap<String, (Grant, u64)>,
    dead: HashSet<u64>,
    reuses: u32,
    device_polls: u32,
    serial: u64,
    asked: Vec<Asked>,
}

/// The running server; it stops when it is dropped.
#[derive(Clone)]
pub struct AuthorizationServer {
    inner: Arc<Inner>,
    _task: Arc<Stop>,
}

struct Stop(tokio::task::JoinHandle<()>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Inner {
    config: Mutex<Config>,
    world: Mutex<World>,
    origin: String,
}

impl AuthorizationServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub async fn start(config: Config) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let world = World { now: 1_800_000_000, ..World::default() };
        let inner =
            Arc::new(Inner { config: Mutex::new(config), world: Mutex::new(world), origin });
        let router = Router::new().fallback(handle).with_state(inner.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, _task: Arc::new(Stop(task)) }
    }

    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    pub fn issuer(&self) -> String {
        self.inner.issuer()
    }

    /// The MCP endpoint.
    pub fn endpoint(&self) -> Url {
        Url::parse(&format!("{}/mcp", self.inner.origin)).unwrap()
    }

    pub fn change(&self, change: impl FnOnce(&mut Config)) {
        change(&mut self.inner.config());
    }

    /// Lets time pass for the tokens.
    pub fn advance(&self, seconds: u64) {
        self.inner.world().now += seconds;
    }

    /// Ends every access token; refresh tokens stay good.
    pub fn end_access_tokens(&self) {
        self.inner.world().access.clear();
    }

    /// Forgets every refresh token.
    pub fn end_grants(&self) {
        let mut world = self.inner.world();
        world.refresh.clear();
        world.access.clear();
    }

    /// Forgets every code that was not redeemed.
    pub fn forget_codes(&self) {
        self.inner.world().codes.clear();
    }

    /// Takes this access token from now on.
    pub fn accept(&self, token: &str) {
        let (client, scopes) = ("somebody".to_owned(), String::new());
        let grant = Grant { client, scopes, resource: None, family: 0 };
        self.inner.world().access.insert(token.to_owned(), (grant, u64::MAX));
    }

    /// Forgets every client.
    pub fn forget_clients(&self) {
        self.inner.world().clients.clear();
    }

    pub fn add_client(&self, id: &str, secret: Option<&str>, redirects: &[&str]) {
        let redirects = redirects.iter().map(|uri| (*uri).to_owned()).collect();
        let secret = secret.map(str::to_owned);
        self.inner.world().clients.insert(id.to_owned(), Client { secret, redirects });
    }

    /// How often a spent refresh token was shown again.
    pub fn reuses(&self) -> u32 {
        self.inner.world().reuses
    }

    /// Every request.
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.world().asked.clone()
    }

    /// Requests to this path.
    pub fn asked_at(&self, path: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.path == path).collect()
    }

    /// Token requests with this grant type.
    pub fn grants(&self, grant_type: &str) -> Vec<Asked> {
        let mut asked = self.asked_at("/token");
        asked.retain(|asked| asked.form.get("grant_type").map(String::as_str) == Some(grant_type));
        asked
    }
}

async fn handle(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let asked = Asked {
        path: uri.path().to_owned(),
        query: pairs(uri.query().unwrap_or_default().as_bytes()),
        form: if is_form { pairs(&body) } else { BTreeMap::new() },
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    inner.world().asked.push(asked.clone());
    let config = inner.config().clone();
    let prefix = config.issuer_path;
    let path = asked.path.as_str();
    if Some(path) == config.failing {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if Some(path) == config.gone {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Some((_, kind, text)) = config.replaced.filter(|(replaced, ..)| *replaced == path) {
        return ([(header::CONTENT_TYPE, kind)], text).into_response();
    }
    if let Some((_, target)) = config.redirects.iter().find(|(from, _)| from == path) {
        let target = [(header::LOCATION, target.clone())];
        return (StatusCode::TEMPORARY_REDIRECT, target).into_response();
    }
    if Some(path) == config.resource_metadata {
        return json_answer(200, inner.resource_metadata(&config));
    }
    if Some(path) == config.server_metadata {
        return json_answer(200, inner.server_metadata(&config));
    }
    match (method.as_str(), path.strip_prefix(prefix).unwrap_or(path)) {
        (_, "/mcp") => inner.endpoint(&config, &asked),
        ("GET", "/authorize") => inner.authorize(&config, &asked),
        ("POST", "/token" | "/moved/token") => {
            tokio::time::sleep(config.token_delay).await;
            match config.token_status {
                Some(status) => (StatusCode::from_u16(status).unwrap(), "no").into_response(),
                None => inner.token(&config, &asked),
            }
        }
        ("POST", "/register") if config.registration => inner.register(&config, &asked),
        ("POST", "/device") => inner.device(),
        ("POST", "/revoke") => inner.revoke(&config, &asked),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn json_answer(status: u16, body: Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::from_u16(status).unwrap(), kind, body.to_string()).into_response()
}

/// As much of MCP as a host needs to list no tools.
fn mcp_answer(request: &Value) -> Value {
    let result = match request["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "guarded", "version": "1" },
        }),
        Some("tools/list") => json!({ "tools": [] }),
        _ => json!({}),
    };
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
}

fn oauth_error(status: u16, code: &str, words: &str) -> Response {
    json_answer(status, json!({ "error": code, "error_description": words }))
}

impl Inner {
    fn config(&self) -> MutexGuard<'_, Config> {
        self.config.lock().unwrap()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.config().issuer_path)
    }

    fn resource(&self, config: &Config) -> String {
        config.resource.clone().unwrap_or_else(|| format!("{}/mcp", self.origin))
    }

    fn resource_metadata(&self, config: &Config) -> Value {
        let mut issuers = config.other_issuers.clone();
        issuers.extend(config.real_issuer_named.then(|| self.issuer()));
        let mut document =
            json!({ "resource": self.resource(config), "authorization_servers": issuers });
        if let Some(scopes) = &config.scopes_supported {
            document["scopes_supported"] = json!(scopes);
        }
        document
    }

    fn server_metadata(&self, config: &Config) -> Value {
        let at = |name: &str| format!("{}/{name}", self.issuer());
        let mut document = json!({
            "issuer": config.issuer.clone().unwrap_or_else(|| self.issuer()),
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "revocation_endpoint": at("revoke"),
            "device_authorization_endpoint": at("device"),
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": [config.auth_method],
            "authorization_response_iss_parameter_supported": config.iss.is_some(),
        });
        if config.registration {
            document["registration_endpoint"] = json!(at("register"));
        }
        if let Some(methods) = &config.pkce {
            document["code_challenge_methods_supported"] = json!(methods);
        }
        for (name, value) in config.extra_metadata.as_object().unwrap() {
            document[name] = value.clone();
        }
        document
    }

    fn endpoint(&self, config: &Config, asked: &Asked) -> Response {
        let bearer = asked.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let world = self.world();
        let grant = token.and_then(|token| world.access.get(token));
        let grant = grant.filter(|(grant, end)| {
            world.now < *end && !world.dead.contains(&grant.family) && !config.refuses_all_tokens
        });
        let Some((grant, _)) = grant else { return self.unauthorized(config, token.is_some()) };
        let has = |scope: &str| grant.scopes.split(' ').any(|held| held == scope);
        let call = asked.body["method"] == "tools/call";
        match config.call_scope {
            Some(scope) if call && (config.never_enough || !has(scope)) => {
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                (StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
            }
            _ if config.never_enough => StatusCode::FORBIDDEN.into_response(),
            _ if asked.body["id"].is_null() => StatusCode::ACCEPTED.into_response(),
            _ => json_answer(200, mcp_answer(&asked.body)),
        }
    }

    fn unauthorized(&self, config: &Config, had_token: bool) -> Response {
        let mut challenge = "Bearer realm=\"mcp\"".to_owned();
        if let (true, Some(path)) = (config.named_in_challenge, config.resource_metadata) {
            challenge += &format!(", resource_metadata=\"{}{path}\"", self.origin);
        }
        if let Some(scope) = config.challenge_scope {
            challenge += &format!(", scope=\"{scope}\"");
        }
        if had_token {
            challenge += ", error=\"invalid_token\"";
        }
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
    }

    fn register(&self, config: &Config, asked: &Asked) -> Response {
        let redirects: Vec<String> = asked.body["redirect_uris"]
            .as_array()
            .map(|uris| uris.iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect())
            .unwrap_or_default();
        if let Some(host) = config.refused_redirect_host
            && redirects.iter().any(|uri| uri.contains(host))
        {
            return oauth_error(400, "invalid_redirect_uri", "only numbers");
        }
        if asked.body["application_type"] != "native" {
            return oauth_error(400, "invalid_client_metadata", "application_type");
        }
        let mut world = self.world();
        world.serial += 1;
        let id = format!("client-{}", world.serial);
        let secret = (config.auth_method != "none").then(|| format!("s%:{}", world.serial));
        let mut answer = json!({
            "client_id": id,
            "redirect_uris": redirects,
            "token_endpoint_auth_method": config.auth_method,
        });
        if let Some(secret) = &secret {
            answer["client_secret"] = json!(secret);
            answer["client_secret_expires_at"] = json!(config.secret_expires_at);
        }
        world.clients.insert(id, Client { secret, redirects });
        json_answer(201, answer)
    }

    fn authorize(&self, config: &Config, asked: &Asked) -> Response {
        let query = &asked.query;
        let get = |name: &str| query.get(name).cloned().unwrap_or_default();
        let mut world = self.world();
        let Some(client) = world.clients.get(&get("client_id")) else {
            return (StatusCode::BAD_REQUEST, "unknown client").into_response();
        };
        let redirect = get("redirect_uri");
        if !client.redirects.contains(&redirect) {
            return (StatusCode::BAD_REQUEST, "unknown redirect").into_response();
        }
        let mut target = Url::parse(&redirect).unwrap();
        let right = get("response_type") == "code"
            && get("code_challenge_method") == "S256"
            && get("code_challenge").len() == 43
            && get("state").len() >= 20;
        if !right {
            return (StatusCode::BAD_REQUEST, "bad request").into_response();
        }
        target.query_pairs_mut().append_pair("state", &get("state"));
        if let Some(issuer) = &config.iss {
            let issuer = issuer.replace("@issuer", &self.issuer());
            target.query_pairs_mut().append_pair("iss", &issuer);
        }
        if config.denies {
            target
                .query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "<script>alert(1)</script>");
        } else {
            world.serial += 1;
            let code = format!("code-{}", world.serial);
            let grant = Grant {
                client: get("client_id"),
                scopes: get("scope"),
                resource: query.get("resource").cloned(),
                family: world.serial,
            };
            let challenge = get("code_challenge");
            world.codes.insert(code.clone(), Code { grant, challenge, redirect });
            target.query_pairs_mut().append_pair("code", &code);
        }
        (StatusCode::FOUND, [(header::LOCATION, target.to_string())]).into_response()
    }

    fn device(&self) -> Response {
        json_answer(
            200,
            json!({
                "device_code": "device-1",
                "user_code": "ABCD-EFGH",
                "verification_uri": format!("{}/activate", self.origin),
                "expires_in": 60,
                "interval": 1,
            }),
        )
    }

    fn revoke(&self, config: &Config, asked: &Asked) -> Response {
        if !config.revokes_access_tokens && asked.form["token_type_hint"] == "access_token" {
            return oauth_error(400, "unsupported_token_type", "it ends by itself");
        }
        let token = asked.form.get("token").cloned().unwrap_or_default();
        let mut world = self.world();
        let family = world.refresh.get(&token).map(|grant| grant.family);
        let family = family.or_else(|| world.access.get(&token).map(|(grant, _)| grant.family));
        world.dead.extend(family);
        StatusCode::OK.into_response()
    }

    /// The client of a token request, authenticated exactly as configured.
    fn authenticated(&self, config: &Config, asked: &Asked) -> Result<String, Box<Response>> {
        let refused = || Box::new(oauth_error(401, "invalid_client", "who are you"));
        let world = self.world();
        let (id, secret) = match asked.headers.get(header::AUTHORIZATION) {
            Some(value) if config.auth_method == "client_secret_basic" => {
                let encoded = value.to_str().unwrap().strip_prefix("Basic ").ok_or_else(refused)?;
                let pair = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
                let (id, secret) = pair.split_once(':').ok_or_else(refused)?;
                (decoded(id), Some(decoded(secret)))
            }
            None if config.auth_method != "client_secret_basic" => {
                let id = asked.form.get("client_id").cloned().unwrap_or_default();
                (id, asked.form.get("client_secret").cloned())
            }
            _ => return Err(refused()),
        };
        let client = world.clients.get(&id).ok_or_else(refused)?;
        let right = match config.auth_method {
            "private_key_jwt" => asked.form.contains_key("client_assertion"),
            _ => client.secret == secret,
        };
        right.then_some(id).ok_or_else(refused)
    }

    fn token(&self, config: &Config, asked: &Asked) -> Response {
        let client = match self.authenticated(config, asked) {
            Ok(client) => client,
            Err(response) => return *response,
        };
        let get = |name: &str| asked.form.get(name).cloned().unwrap_or_default();
        let invalid = |words| oauth_error(400, "invalid_grant", words);
        match get("grant_type").as_str() {
            "authorization_code" => {
                let code = self.world().codes.remove(&get("code"));
                let Some(code) = code else { return invalid("no such code") };
                let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
                if hash != code.challenge
                    || get("redirect_uri") != code.redirect
                    || client != code.grant.client
                    || asked.form.get("resource") != code.grant.resource.as_ref()
                {
                    return invalid("the code does not fit");
                }
                self.issue(config, code.grant)
            }
            "refresh_token" => {
                let token = get("refresh_token");
                let mut world = self.world();
                if let Some(family) = world.spent.get(&token).copied() {
                    world.reuses += 1;
                    world.dead.insert(family);
                    return invalid("reuse");
                }
                let grant = world.refresh.get(&token).cloned();
                let grant = grant.filter(|grant| {
                    grant.client == client
                        && !world.dead.contains(&grant.family)
                        && asked.form.get("resource") == grant.resource.as_ref()
                });
                let Some(grant) = grant else { return invalid("no such grant") };
                if config.rotates {
                    world.refresh.remove(&token);
                    world.spent.insert(token, grant.family);
                }
                drop(world);
                self.issue(config, grant)
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                let mut world = self.world();
                world.device_polls += 1;
                if world.device_polls <= config.device_polls {
                    return oauth_error(400, "authorization_pending", "");
                }
                drop(world);
                self.issue_to(config, client, asked)
            }
            "client_credentials" => self.issue_to(config, client, asked),
            _ => oauth_error(400, "unsupported_grant_type", ""),
        }
    }

    fn issue_to(&self, config: &Config, client: String, asked: &Asked) -> Response {
        let family = {
            let mut world = self.world();
            world.serial += 1;
            world.serial
        };
        let scopes = asked.form.get("scope").cloned().unwrap_or_default();
        let resource = asked.form.get("resource").cloned();
        self.issue(config, Grant { client, scopes, resource, family })
    }

    fn issue(&self, config: &Config, grant: Grant) -> Response {
        let mut world = self.world();
        world.serial += 1;
        let token = format!("access-{}", world.serial);
        let end = world.now + config.lifetime.unwrap_or(u64::MAX / 2);
        world.access.insert(token.clone(), (grant.clone(), end));
        let mut answer = json!({ "access_token": token, "token_type": "bearer" });
        if let Some(lifetime) = config.lifetime {
            answer["expires_in"] = json!(lifetime);
        }
        if config.refresh_tokens {
            let token = format!("refresh-{}", world.serial);
            let known = world.refresh.iter().any(|(_, other)| other.family == grant.family);
            if config.rotates || !known {
                world.refresh.insert(token.clone(), grant);
                answer["refresh_token"] = json!(token);
            }
        }
        json_answer(200, answer)
    }
}

fn decoded(text: &str) -> String {
    let pair = format!("x={text}");
    form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}
