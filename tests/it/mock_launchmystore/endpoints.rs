//! The endpoints around its MCP server.

use reqwest::Method;
use serde_json::{Value, json};

use super::{OWNER, PASSWORD, TOKEN, web, with_token};
use crate::raw_host::{RawHost, initialize, json_of};

async fn minted(host: &RawHost, body: Value) -> reqwest::Response {
    web(host, Method::POST, "/mcp/token")
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn anyone_can_read_the_description_of_the_server() {
    let host = with_token();
    let info = json_of(web(&host, Method::GET, "/mcp/info").send().await.unwrap()).await;
    assert_eq!(info["name"], "launchmystore");
    assert_eq!(info["transports"]["streamableHttp"], host.mock.url().as_str());
    assert_eq!(info["transports"]["sse"], host.mock.sse_url().as_str());
    for (name, path) in info["endpoints"].as_object().unwrap() {
        let path = path.as_str().unwrap();
        let response = host.http.get(path).send().await.unwrap();
        assert_ne!(response.status(), 404, "{name}: {path}");
    }
}

#[tokio::test]
async fn a_token_is_issued_for_a_year_and_works_at_once() {
    let mut host = with_token();
    let body = json!({ "email": OWNER, "password": PASSWORD, "role": "editor", "label": "ci" });
    let response = minted(&host, body).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let minted_token = json_of(response).await;
    assert_eq!(minted_token["role"], "editor");
    let token = minted_token["token"].as_str().unwrap();
    assert!(token.len() > 40);
    let day = |name: &str| {
        let text = minted_token[name].as_str().unwrap();
        text[..10].parse::<mcp_tether_mock::Date>().unwrap()
    };
    assert_eq!(day("expiresAt").days_since(day("createdAt")), 365);
    host.set("authorization", &format!("Bearer {token}"));
    assert_eq!(host.post(&initialize("2025-06-18")).await.status(), 200);

    let basic = web(&host, Method::POST, "/mcp/token").basic_auth(OWNER, Some(PASSWORD));
    assert_eq!(json_of(basic.send().await.unwrap()).await["role"], "owner");
}

#[tokio::test]
async fn no_token_is_issued_to_strangers() {
    let host = with_token();
    let manager = "manager@harborpine.example";
    for (body, status, told) in [
        (json!({}), 401, "send `email` and `password`"),
        (json!({ "email": OWNER, "password": "wrong" }), 401, "wrong"),
        (json!({ "email": "nobody@x.example", "password": PASSWORD }), 401, "wrong"),
        (json!({ "email": manager, "password": PASSWORD, "role": "owner" }), 401, "manager"),
        (json!({ "email": OWNER, "password": PASSWORD, "role": "king" }), 400, "`king`"),
        (json!({ "email": OWNER, "password": 1 }), 400, "`password`"),
        (json!([1]), 400, "JSON object"),
    ] {
        let response = minted(&host, body.clone()).await;
        assert_eq!(response.status(), status, "{body}");
        let error = json_of(response).await["error"].as_str().unwrap().to_owned();
        assert!(error.contains(told), "{body}: {error}");
    }
    let bearer = web(&host, Method::POST, "/mcp/token").bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(bearer.status(), 401, "a token mints no tokens");
    let get = web(&host, Method::GET, "/mcp/token").send().await.unwrap();
    assert_eq!((get.status().as_u16(), &get.headers()["allow"]), (405, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn each_host_gets_a_snippet_with_a_token_that_works() {
    let host = with_token();
    for name in ["claude", "claudeCode", "cursor", "codex"] {
        let path = format!("/mcp/config?client={name}");
        assert_eq!(web(&host, Method::GET, &path).send().await.unwrap().status(), 401);
        let fresh = web(&host, Method::GET, &path).basic_auth(OWNER, Some(PASSWORD));
        let text = fresh.send().await.unwrap().text().await.unwrap();
        let start = text.find("lms_").unwrap();
        let token: String = text[start..].chars().take_while(|c| !"\"\n ".contains(*c)).collect();
        assert_ne!(token, TOKEN);
        let response = web(&host, Method::GET, "/mcp/tools").bearer_auth(&token).send().await;
        assert_eq!(response.unwrap().status(), 200, "{name}");

        let given = web(&host, Method::GET, &format!("{path}&token=lms_mine")).send().await;
        let text = given.unwrap().text().await.unwrap();
        assert!(text.contains("lms_mine"), "{text}");
        if name == "codex" {
            assert!(text.contains(&format!("url = \"{}\"", host.mock.url())), "{text}");
            assert!(text.contains("bearer_token_env_var"), "{text}");
        } else {
            let snippet: Value = serde_json::from_str(&text).unwrap();
            let entry = &snippet["mcpServers"]["launchmystore"];
            assert_eq!(entry["type"], "sse");
            assert_eq!(entry["url"], host.mock.sse_url().as_str());
            assert_eq!(entry["headers"]["Authorization"], "Bearer lms_mine");
        }
    }
    for path in ["/mcp/config?client=vim", "/mcp/config?token=%22%0Aevil"] {
        let response = web(&host, Method::GET, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(response.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn tools_resources_and_documentation_are_for_those_who_are_known() {
    let host = with_token();
    for path in ["/mcp/tools", "/mcp/resources", "/mcp/docs"] {
        let unknown = web(&host, Method::GET, path).send().await.unwrap();
        assert_eq!(unknown.status(), 401, "{path}");
        let post = web(&host, Method::POST, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(post.status(), 405, "{path}");
    }
    let get = |path: &'static str| web(&host, Method::GET, path).bearer_auth(TOKEN).send();
    let tools = json_of(get("/mcp/tools").await.unwrap()).await;
    assert_eq!(tools["total"], 63);
    let docs = get("/mcp/docs").await.unwrap();
    assert!(docs.headers()["content-type"].to_str().unwrap().starts_with("text/markdown"));
    let docs = docs.text().await.unwrap();
    for tool in tools["tools"].as_array().unwrap() {
        assert!(docs.contains(&format!("- `{}`: ", tool["name"].as_str().unwrap())), "{tool}");
        assert!(docs.contains(&format!("## {}", tool["category"].as_str().unwrap())), "{tool}");
    }
    let resources = json_of(get("/mcp/resources").await.unwrap()).await;
    assert_eq!(resources["total"], 4);
}

/// S-14
#[tokio::test]
async fn foreign_origins_get_nothing() {
    let host = with_token();
    for path in ["/mcp/info", "/admin/ai-connector"] {
        let request = web(&host, Method::GET, path).header("origin", "https://evil.example");
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
}
