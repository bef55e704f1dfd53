//! HTTP: routes, the steps of every request, and the two transports. Requests for neither of them
//! go to the product, which may have pages, and to the OAuth side, if there is one.

mod body;
mod encode;
mod exchange;
mod flood;
mod gate;
mod http_sse;
mod mirrored;
mod modern;
mod other_routes;
mod record;
mod reply;
mod streamable_http;
mod work;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use super::state::MockState;

/// Returns all routes of one mock.
pub(super) fn router(shared: &Arc<MockState>) -> Router {
    let mut router = Router::new();
    if !shared.only_authorizes {
        router = mcp(shared);
    }
    router
        .fallback(other_routes::endpoint)
        .layer(from_fn_with_state(Arc::clone(shared), record::record))
        .with_state(Arc::clone(shared))
}

/// Returns the routes of the transports.
fn mcp(shared: &MockState) -> Router<Arc<MockState>> {
    let paths = shared.product.profile().paths;
    let served = shared.options.protocol;
    let mut router = Router::new();
    if served.has_streamable_http() {
        router = router.route(paths.mcp, any(streamable_http::endpoint));
    } else {
        // A remote of 2024-11-05 has its stream at its one URL; posting there is a mistake.
        router = router.route(paths.mcp, get(http_sse::open).post(http_sse::message));
    }
    if served.has_http_sse() {
        router = router
            .route(paths.sse, get(http_sse::open).post(http_sse::message))
            .route(paths.message, post(http_sse::message));
    }
    router
}
