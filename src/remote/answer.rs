//! What answers a POST: one JSON body, an event stream, or nothing here because the answer comes on
//! another stream.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use reqwest::Response;

use super::Outcome;
use super::failures::{failure_for_media_type, lost_failure, protocol_failure, timeout_failure};
use super::post::Post;
use super::wire::{Wire, drain, media_type};
use crate::error::Failure;
use crate::jsonrpc::{Message, MessageKind, Received};
use crate::protocol::headers;

/// How much of the body of an error response is read, in bytes.
const MAX_ERROR_BODY: usize = 1024 * 1024;
/// How long the body of an error response may be silent.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(10);

impl Wire {
    /// Reads the body of a successful response.
    pub(super) async fn read_answer(
        &self,
        response: Response,
        post: &Post,
        elsewhere: bool,
    ) -> Outcome {
        if !post.is_request {
            drain(response).await;
            return Outcome::Done;
        }
        let url = response.url().clone();
        match media_type(&response).as_str() {
            headers::EVENT_STREAM => self.follow_to_answer(response, post).await,
            headers::JSON => match self.read_json_answer(response, post, elsewhere).await {
                Ok(outcome) => outcome,
                Err(failure) => Outcome::Failed(failure),
            },
            _ if elsewhere
                || response.status() == StatusCode::ACCEPTED && post.modern.is_none() =>
            {
                drain(response).await;
                self.await_elsewhere(post).await
            }
            other => Outcome::Failed(failure_for_media_type(other, &url)),
        }
    }

    async fn read_json_answer(
        &self,
        response: Response,
        post: &Post,
        elsewhere: bool,
    ) -> Result<Outcome, Failure> {
        let accepted = response.status() == StatusCode::ACCEPTED && post.modern.is_none();
        let broken = |reason| lost_failure(&format!("the answer is incomplete: {reason}"));
        let body = self.read_body(response).await.map_err(broken)?;
        if body.iter().all(u8::is_ascii_whitespace) {
            if elsewhere || accepted {
                return Ok(self.await_elsewhere(post).await);
            }
            return Err(protocol_failure("server answered with an empty body"));
        }
        let answered = match Received::parse(body) {
            Ok(received) => self.deliver(received, post.origin()).await,
            Err(_) if elsewhere => false,
            Err(invalid) => {
                let what = format!("the server's answer is {}", invalid.reason);
                return Err(protocol_failure(&what));
            }
        };
        if answered {
            Ok(Outcome::Done)
        } else if elsewhere {
            Ok(self.await_elsewhere(post).await)
        } else {
            Err(protocol_failure("server answered with another id than asked"))
        }
    }

    /// Waits for the answer to an accepted request, which comes on another stream (T-37, HTTP+SSE).
    async fn await_elsewhere(&self, post: &Post) -> Outcome {
        let settled = post.handle.wait_until_settled();
        match self.open_prompts.timeout_unless_prompting(self.limits.headers, settled).await {
            Some(()) => Outcome::Done,
            None => {
                let what = "the server accepted the request and sent no answer";
                Outcome::Failed(timeout_failure(what))
            }
        }
    }

    /// The body of an error response; empty where it is too large or does not come.
    pub(super) async fn read_error_body(&self, mut response: Response) -> Bytes {
        let mut body = Vec::new();
        let limit = Some(ERROR_BODY_TIMEOUT);
        while let Some(Ok(Some(chunk))) =
            self.open_prompts.timeout_unless_prompting(limit, response.chunk()).await
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ERROR_BODY {
                return Bytes::new();
            }
        }
        body.into()
    }
}

/// The JSON-RPC error in the body of an HTTP error, if there is one (T-24).
pub(super) fn parse_json_rpc_error(body: Bytes) -> Option<Message> {
    Message::parse(body).ok().filter(|message| message.kind() == MessageKind::ErrorResponse)
}
