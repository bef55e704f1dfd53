//! Work on requests, and the faults of answers on their way to a stream.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::events::EndOnDrop;
use crate::faults::{AskFault, Plan};
use crate::methods;
use crate::product::{CallContext, QuestionChannel, Streams};
use crate::rounds::Rounds;
use crate::rpc_error::MethodResult;
use crate::session::HostSession;
use crate::state::MockState;
use crate::tasks::Becomes;
use mcp_tether_wire::jsonrpc::{Message, RequestId, error_response, result_response};
use mcp_tether_wire::protocol::methods as names;

/// The context that all requests of one POST share.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) shared: Arc<MockState>,
    pub(super) session: Arc<HostSession>,
    pub(super) credential: String,
    pub(super) plan: Plan,
    pub(super) streams: Streams,
    /// Ends the log of the answers when the last piece of work is done or cancelled.
    pub(super) end: Option<Arc<EndOnDrop>>,
    /// The code of the error that was answered, if it was one.
    pub(super) refused: Arc<OnceLock<i64>>,
}

impl Work {
    /// Answers a request in the background: a host that goes away does not stop it (T-35).
    pub(super) fn start(&self, request: Message) {
        let Some(id) = request.id().cloned() else {
            return;
        };
        let (call, becomes) = self.call(&request, id.clone(), QuestionChannel::Session);
        let running = tokio::spawn(self.clone().run(request, call));
        self.watch_over(&id, &becomes, running.abort_handle());
    }

    /// Answers a call that asks in rounds. Returns once the call waits for something.
    pub(super) async fn start_round(&self, request: Message, rounds: Rounds) {
        let Some(id) = request.id().cloned() else {
            return;
        };
        let (call, becomes) = self.call(&request, id.clone(), QuestionChannel::Rounds(rounds));
        let mut running = Box::pin(self.clone().run(request, call));
        let first = poll_fn(|context| Poll::Ready(running.as_mut().poll(context))).await;
        if first.is_pending() {
            let running = tokio::spawn(running);
            self.watch_over(&id, &becomes, running.abort_handle());
        }
    }

    /// Registers the work where it can be stopped: at the session, or at the task that it became.
    fn watch_over(&self, id: &RequestId, becomes: &Becomes, running: AbortHandle) {
        becomes.runs_as(running.clone());
        if becomes.task().is_none() {
            self.session.begin(id, running);
        }
    }

    async fn run(self, request: Message, call: CallContext) {
        if let Some(ask) = &self.plan.ask {
            self.ask(&call, ask).await;
        }
        let outcome = methods::handle(&self.shared, &call, &request, &self.plan).await;
        if let Some(task) = call.task() {
            return task.finish(outcome);
        }
        if let Some(id) = request.id() {
            self.session.finish(id);
            self.deliver(id, outcome);
        }
    }

    /// Sends an answer on its way.
    pub(super) fn deliver(&self, id: &RequestId, outcome: MethodResult) {
        if let Err(error) = &outcome {
            // Only the first answer counts.
            let _ = self.refused.set(error.code);
        }
        let edits = &self.plan.edits;
        let message = match outcome {
            Ok(result) => result_response(id, edits.result(result)),
            Err(error) => error_response(id, error.code, &error.message, error.data),
        };
        for payload in edits.messages(message).into_iter().map(Bytes::from) {
            match self.plan.batch {
                0 => self.streams.answers.answer(payload),
                size => self.deliver_in_array(payload, size),
            }
        }
    }

    fn deliver_in_array(&self, payload: Bytes, size: usize) {
        if let Some(array) = self.shared.batch.collect(payload, size, self.end.clone()) {
            self.streams.answers.answer(array);
        }
    }

    fn call(
        &self,
        request: &Message,
        id: RequestId,
        asking: QuestionChannel,
    ) -> (CallContext, Arc<Becomes>) {
        let becomes = Arc::<Becomes>::default();
        let call = CallContext {
            profile: self.shared.product.profile(),
            connections: Arc::clone(&self.shared.connections),
            tasks: Arc::clone(&self.shared.tasks),
            session: Arc::clone(&self.session),
            credential: self.credential.clone(),
            streams: self.streams.clone(),
            progress_token: CallContext::progress_token(request),
            asking,
            id,
            becomes: Arc::clone(&becomes),
            terms: self.plan.terms.unwrap_or_default(),
        };
        (call, becomes)
    }

    async fn ask(&self, call: &CallContext, ask: &AskFault) {
        let log = if ask.on_get { self.session.standalone() } else { &call.streams.related };
        let asked = self.session.ask(log, ask.method, &question(ask.method));
        // Where questions are asked in rounds, requests to the host are not allowed (T-61).
        if matches!(call.asking, QuestionChannel::Session) {
            let _ = asked.answer().await;
        }
    }
}

/// Asks the host a question on its standalone stream as soon as it has one, because of a
/// notification: there is no open request that the question could belong to.
pub(super) fn ask_on_standalone_stream(session: &Arc<HostSession>, plan: &Plan) {
    let Some(ask) = plan.ask.clone() else {
        return;
    };
    let session = Arc::clone(session);
    tokio::spawn(async move {
        session.standalone().until_read().await;
        let asked = session.ask(session.standalone(), ask.method, &question(ask.method));
        let _ = asked.answer().await;
    });
}

/// Returns parameters for a question that any host can answer.
fn question(method: &str) -> Value {
    match method {
        names::SAMPLE => json!({
            "messages": [
                { "role": "user", "content": { "type": "text", "text": "say something" } },
            ],
            "maxTokens": 10,
        }),
        names::ELICIT => json!({
            "message": "go on?",
            "requestedSchema": {
                "type": "object",
                "properties": { "go_on": { "type": "boolean" } },
            },
        }),
        _ => Value::Null,
    }
}
