//! The registration endpoint: its refusals, and the clients that it creates.

use super::*;

impl Inner {
    pub(super) fn register(&self, config: &Config, asked: &IssuerRequest) -> Response {
        let redirects: Vec<String> = asked.body["redirect_uris"]
            .as_array()
            .map(|uris| uris.iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect())
            .unwrap_or_default();
        if let Some(host) = config.refused_redirect_host
            && redirects.iter().any(|uri| uri.contains(host))
        {
            return oauth_error(400, "invalid_redirect_uri", "only numbers");
        }
        if let Some(answer) = config.registering {
            return text_answer(answer);
        }
        let has = |name: &str| !asked.body[name].is_null();
        if config.needed_to_register.is_some_and(|name| !has(name))
            || config.refused_to_register.is_some_and(has)
        {
            let name = config.needed_to_register.or(config.refused_to_register).unwrap();
            return oauth_error(400, "invalid_client_metadata", &format!("what about {name}?"));
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
        let scope = asked.body["scope"].as_str().map(str::to_owned);
        world.clients.insert(id, Client { secret, redirects, scope });
        json_answer(201, answer)
    }
}
