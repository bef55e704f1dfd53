//! The token, device and revocation endpoints.

use super::*;

impl Inner {
    pub(super) fn device(&self) -> Response {
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

    pub(super) fn revoke(&self, config: &Config, asked: &IssuerRequest) -> Response {
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

    /// Returns the client of a token request, authenticated exactly as configured.
    fn authenticated(
        &self,
        config: &Config,
        asked: &IssuerRequest,
    ) -> Result<String, Box<Response>> {
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

    pub(super) fn token(&self, config: &Config, asked: &IssuerRequest) -> Response {
        let renews = asked.form.get("grant_type").is_some_and(|grant| grant == "refresh_token");
        if let Some(refusal) = self.refused_refresh(config, asked).filter(|_| renews) {
            return refusal;
        }
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
                        && (asked.form.get("resource") == grant.resource.as_ref()
                            || config.refused_at_renewal == Some("resource"))
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

    fn refused_refresh(&self, config: &Config, asked: &IssuerRequest) -> Option<Response> {
        let has = |name: &Option<&str>| name.is_some_and(|name| asked.form.contains_key(name));
        if let Some(answer) = config.renewal {
            return Some(text_answer(answer));
        }
        if has(&config.refused_at_renewal) {
            let words = format!("{} is not a parameter of this", config.refused_at_renewal?);
            return Some(oauth_error(400, "invalid_request", &words));
        }
        let lacks = config.needed_at_renewal.is_some() && !has(&config.needed_at_renewal);
        lacks.then(|| oauth_error(400, "invalid_request", "something is missing"))
    }

    fn issue_to(&self, config: &Config, client: String, asked: &IssuerRequest) -> Response {
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
        for (name, value) in config.extra_tokens.as_object().unwrap() {
            answer[name] = value.clone();
        }
        json_answer(200, answer)
    }
}
