//! Middleware of every route: reads and records the request, and applies faults that do not depend
//! on its content. The body of the answer reports how the exchange ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::exchange::{self, HttpExchange};
use super::reply;
use crate::faults::{Point, Silence};
use crate::recorder::{ExchangeEnd, RecordedRequest, Ticket};
use crate::state::MockState;
use crate::wire::Switch;
use mcp_tether_wire::jsonrpc::Received;

/// Records a request, applies the faults that concern it as a whole, and passes it on.
pub(super) async fn record(
    State(shared): State<Arc<MockState>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return reply::empty(StatusCode::BAD_REQUEST);
    };
    let received = (!body.is_empty()).then(|| Received::parse(body.clone()));
    let messages = exchange::messages(received.as_ref());
    let ticket = Arc::new(shared.recorder.begin(RecordedRequest {
        number: 0,
        at: SystemTime::now(),
        http_method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: body.clone(),
        messages: messages.iter().map(exchange::recorded).collect(),
        status: None,
        ending: ExchangeEnd::Open,
    }));
    let tool = exchange::tool_name(&messages).unwrap_or_default();
    let plan = shared.plan(&exchange::asked(&parts.method, &parts.uri, &messages, &tool));
    let exchange = Arc::new(HttpExchange {
        http: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: parts.headers.clone(),
        body,
        received,
        plan,
        switch,
        ticket,
    });
    let response = match before_work(&exchange).await {
        Some(response) => response,
        None => {
            let mut request = Request::from_parts(parts, Body::empty());
            request.extensions_mut().insert(Arc::clone(&exchange));
            next.run(request).await
        }
    };
    if let Some(late) = exchange.plan.late {
        tokio::time::sleep(late).await;
    }
    if exchange.plan.disconnect == Some(Point::BeforeHeaders) {
        exchange.cut().await;
    }
    tracked(response, &exchange)
}

/// Returns the answer of faults that do not depend on the content of the request.
async fn before_work(exchange: &HttpExchange) -> Option<Response> {
    let plan = &exchange.plan;
    if let Some(delay) = plan.delay {
        tokio::time::sleep(delay).await;
    }
    if plan.disconnect == Some(Point::BeforeWork) {
        exchange.cut().await;
    }
    if plan.silent == Some(Silence::Headers) {
        std::future::pending::<()>().await;
    }
    if let Some(redirect) = &plan.redirect
        && reply::hops_so_far(exchange) < redirect.hops
    {
        return Some(reply::redirect(exchange, redirect));
    }
    plan.status.as_ref().map(|fault| reply::fault(exchange, fault))
}

fn tracked(mut response: Response, exchange: &HttpExchange) -> Response {
    exchange.plan.edits.head(response.headers_mut());
    exchange.ticket.status(response.status().as_u16());
    response.map(|inner| Body::new(Tracked { inner, ticket: Arc::clone(&exchange.ticket) }))
}

/// A body that reports to the record how it ended.
struct Tracked {
    inner: Body,
    ticket: Arc<Ticket>,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.ticket.end(ExchangeEnd::Completed),
            Poll::Ready(Some(Err(_))) => self.ticket.end(ExchangeEnd::Cut),
            Poll::Ready(Some(Ok(_))) if self.inner.is_end_stream() => {
                self.ticket.end(ExchangeEnd::Completed);
            }
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        // A body without content is never polled.
        let ending = if self.inner.is_end_stream() {
            ExchangeEnd::Completed
        } else {
            ExchangeEnd::Disconnected
        };
        // Everything attached to the body is dropped before the ending is visible.
        self.inner = Body::empty();
        self.ticket.end(ending);
    }
}
