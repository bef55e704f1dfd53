//! The events that the tasks of a remote report to the bridge.

use http::{HeaderValue, StatusCode};
use tokio::sync::OwnedSemaphorePermit;

use super::Transport;
use super::remote_id::number_of;
use crate::budget::Share;
use crate::error::Failure;
use crate::jsonrpc::{Message, RequestId};

/// The permits and memory that a large message holds while it waits for the bridge.
#[derive(Debug)]
#[expect(dead_code, reason = "what counts is when they are dropped")]
pub struct MessageWeight {
    pub(super) waiting: Option<OwnedSemaphorePermit>,
    pub(super) share: Option<Share>,
}

/// An event that a task of the remote reports.
#[derive(Debug)]
pub enum RemoteEvent {
    /// The transport works; the answer to the probe follows.
    Opened {
        /// The number of the probe's exchange.
        exchange: u64,
        transport: Transport,
        /// The session id that the remote assigned.
        session_id: Option<HeaderValue>,
        generation: u32,
    },
    /// A message from the remote.
    Message {
        /// The exchange on which it arrived; `None` for the standalone stream and HTTP+SSE.
        exchange: Option<u64>,
        generation: u32,
        message: Message,
        /// Its share of the waiting bytes and of the budget; released when dropped.
        #[expect(dead_code, reason = "what counts is when it is dropped")]
        weight: MessageWeight,
    },
    /// An exchange is over; no more events belong to it.
    Ended { exchange: u64, generation: u32, outcome: Outcome },
    /// The standalone stream was opened, or the remote does not offer one.
    Listening { generation: u32, offered: bool },
    /// The HTTP+SSE stream ended, and the session with it (T-74).
    SessionLost { generation: u32 },
    /// The remote refuses to open the standalone stream again. Only a POST can show whether the
    /// session is lost.
    SessionDoubted { generation: u32 },
}

impl RemoteEvent {
    /// The generation of the session that the event belongs to.
    pub fn generation(&self) -> u32 {
        match self {
            Self::Opened { generation, .. }
            | Self::Message { generation, .. }
            | Self::Ended { generation, .. }
            | Self::Listening { generation, .. }
            | Self::SessionLost { generation }
            | Self::SessionDoubted { generation } => *generation,
        }
    }
}

/// How an exchange ended.
#[derive(Debug)]
pub enum Outcome {
    /// The message was accepted, or answered.
    Done,
    /// The remote does not know the session and did not execute the message (T-32).
    SessionLost(Box<ProbeRefusal>),
    /// The remote refused the message with an HTTP error.
    Refused(Box<ProbeRefusal>),
    /// No answer will arrive.
    Failed(Failure),
}

impl Outcome {
    /// A response without an answer. For a probe, it may mean that the server has another transport
    /// or era.
    pub(super) fn refused(status: StatusCode, failure: Failure) -> Self {
        let status = Some(status.as_u16());
        Self::Refused(Box::new(ProbeRefusal { status, failure, answer: None }))
    }
}

/// How a remote refused a message.
#[derive(Debug)]
pub struct ProbeRefusal {
    /// The HTTP status; `None` if the server offers no HTTP+SSE stream.
    pub status: Option<u16>,
    /// What to tell the host if nothing else works.
    pub failure: Failure,
    /// The JSON-RPC error in the body, if there was one (T-24).
    pub answer: Option<Message>,
}

impl ProbeRefusal {
    /// The JSON-RPC error, if it has the id of the request with this number.
    pub fn answer_to(&self, number: u64) -> Option<&Message> {
        self.answer.as_ref().filter(|answer| is_answer_to(answer, number))
    }
}

/// Whether an answer has the id of the request with this number.
pub fn is_answer_to(answer: &Message, number: u64) -> bool {
    answer.id().and_then(RequestId::as_own_number).is_some_and(|id| number_of(id) == number)
}
