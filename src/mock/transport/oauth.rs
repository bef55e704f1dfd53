//! Requests that are for no transport: documents and endpoints of the OAuth side, if there is one.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;

use super::exchange::Exchange;
use super::{gate, reply};
use crate::mock::oauth::Asked;
use crate::mock::state::Shared;

/// Whatever is no endpoint of MCP.
pub(super) async fn endpoint(
    State(shared): State<Arc<Shared>>,
    Extension(exchange): Extension<Arc<Exchange>>,
) -> Response {
    let Some(oauth) = &shared.oauth else {
        return reply::not_found();
    };
    if let Err(refusal) = gate::local(&shared, &exchange) {
        return *refusal;
    }
    let asked = Asked {
        http: &exchange.http,
        path: exchange.uri.path(),
        query: exchange.uri.query().unwrap_or_default(),
        headers: &exchange.headers,
        body: &exchange.body,
        faults: &exchange.plan.oauth,
    };
    oauth.respond(&asked).await.unwrap_or_else(reply::not_found)
}
