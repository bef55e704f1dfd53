//! Requests that are not for a transport: pages and endpoints of the product, documents and
//! endpoints of the OAuth side, if there is one.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::exchange::HttpExchange;
use super::{gate, reply};
use crate::oauth::OAuthCall;
use crate::product::{WebAnswer, WebRequest};
use crate::state::MockState;

/// Answers every request that is not for an MCP endpoint.
pub(super) async fn endpoint(
    State(shared): State<Arc<MockState>>,
    Extension(exchange): Extension<Arc<HttpExchange>>,
) -> Response {
    if let Err(refusal) = gate::check_host(&shared, &exchange) {
        return *refusal;
    }
    let (path, query) = (exchange.uri.path(), exchange.uri.query().unwrap_or_default());
    if !shared.only_authorizes {
        let asked = WebRequest {
            method: exchange.http.as_str(),
            path,
            query,
            headers: &exchange.headers,
            body: &exchange.body,
            origin: &format!("http://127.0.0.1:{}", shared.port()),
        };
        if let Some(answer) = shared.product.web(&asked) {
            return response(answer);
        }
    }
    let Some(oauth) = &shared.oauth else {
        return reply::not_found();
    };
    let asked = OAuthCall {
        http: &exchange.http,
        path,
        query,
        headers: &exchange.headers,
        body: &exchange.body,
        faults: &exchange.plan.oauth,
    };
    oauth.respond(&asked).await.unwrap_or_else(reply::not_found)
}

fn response(answer: WebAnswer) -> Response {
    let mut response = Response::new(answer.body.into());
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        reply::set(&mut response, name, &value);
    }
    response
}
