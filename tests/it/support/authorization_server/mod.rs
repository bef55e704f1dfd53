//! A small strict authorization server and the MCP endpoint that it protects. [`Config`] holds its
//! behaviour, which a test may change at any time; it records every request. It imports nothing of
//! the code under test.

mod config;
mod registration;
mod tokens;

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
use tokio::sync::watch;
use url::{Url, form_urlencoded};

use crate::support::waiting::until;

pub use self::config::{Answer, Config};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct IssuerRequest {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
    /// The form as it came, with duplicate names.
    pub pairs: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Debug)]
struct Client {
    secret: Option<String>,
    redirects: Vec<String>,
    scope: Option<String>,
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
    asked: Vec<IssuerRequest>,
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
    /// Tells of every request.
    changed: watch::Sender<()>,
    origin: String,
}

impl AuthorizationServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub async fn start(config: Config) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let world = World { now: 1_800_000_000, ..World::default() };
        let inner = Arc::new(Inner {
            config: Mutex::new(config),
            world: Mutex::new(world),
            changed: watch::Sender::new(()),
            origin,
        });
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

    /// Returns the MCP endpoint.
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
        self.inner.world().clients.insert(id.to_owned(), Client { secret, redirects, scope: None });
    }

    /// Returns how often a spent refresh token was shown again.
    pub fn reuses(&self) -> u32 {
        self.inner.world().reuses
    }

    /// Returns every request.
    pub fn asked(&self) -> Vec<IssuerRequest> {
        self.inner.world().asked.clone()
    }

    /// Requests to this path.
    pub fn asked_at(&self, path: &str) -> Vec<IssuerRequest> {
        self.asked().into_iter().filter(|asked| asked.path == path).collect()
    }

    /// Waits until the token endpoint has been asked this often.
    pub async fn until_tokens_asked(&self, times: usize) {
        let mut changed = self.inner.changed.subscribe();
        until(&format!("{times} requests to the token endpoint"), async {
            while self.asked_at("/token").len() < times {
                changed.changed().await.expect("the server runs");
            }
        })
        .await;
    }

    /// Token requests with this grant type.
    pub fn grants(&self, grant_type: &str) -> Vec<IssuerRequest> {
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
    let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let asked = IssuerRequest {
        path: uri.path().to_owned(),
        query: pairs(uri.query().unwrap_or_default().as_bytes()).into_iter().collect(),
        form: if is_form { pairs(&body).into_iter().collect() } else { BTreeMap::new() },
        pairs: if is_form { pairs(&body) } else { Vec::new() },
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    inner.world().asked.push(asked.clone());
    inner.changed.send_replace(());
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
        let mut answer = text_answer((config.replaced_status, kind, text));
        if let Some(seconds) = config.retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.parse().unwrap());
        }
        return answer;
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

fn text_answer((status, kind, text): Answer) -> Response {
    let kind = [(header::CONTENT_TYPE, kind)];
    (StatusCode::from_u16(status).unwrap(), kind, text).into_response()
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

    fn endpoint(&self, config: &Config, asked: &IssuerRequest) -> Response {
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
        let status = if had_token { config.refused_token } else { config.unauthorized };
        let status = StatusCode::from_u16(status).unwrap();
        (status, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
    }

    fn authorize(&self, config: &Config, asked: &IssuerRequest) -> Response {
        let query = &asked.query;
        let get = |name: &str| query.get(name).cloned().unwrap_or_default();
        let mut world = self.world();
        let Some(client) = world.clients.get(&get("client_id")) else {
            let status = StatusCode::from_u16(config.unknown_client).unwrap();
            return (status, "unknown client").into_response();
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
        let registered = client.scope.clone().unwrap_or_default();
        let mut asked_for = query.get("scope").into_iter().flat_map(|scope| scope.split(' '));
        let is_unbound = |scope: &str| !registered.split(' ').any(|held| held == scope);
        if config.binds_scopes && asked_for.any(is_unbound) {
            target.query_pairs_mut().append_pair("error", "invalid_scope");
        } else if config.denies {
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
}

fn decoded(text: &str) -> String {
    let pair = format!("x={text}");
    form_urlencoded::parse(pair.as_bytes()).next().unwrap().1.into_owned()
}
