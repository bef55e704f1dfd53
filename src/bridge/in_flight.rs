//! Who waits for what: open requests of the host and of the bridge towards the remote, and open
//! requests of the remote towards the host.

use std::collections::HashMap;
use std::time::Instant;

use crate::jsonrpc::{Message, RequestId};
use crate::protocol::methods;
use crate::remote::ExchangeHandle;

/// Who waits for the answer to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asker {
    /// A host of the legacy era, or the bridge's own part.
    #[default]
    Host,
    /// A host of the modern era; its message is meant for a remote of that era.
    ModernHost,
    /// The adapter of such a host, which asks a legacy remote.
    Translator,
}

/// A host message that waits or is under way.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// As the host wrote it.
    pub(super) message: Message,
    /// The batch it came in, if any.
    pub(super) batch: Option<u64>,
    /// Whether it was already sent once and may not be sent a third time (T-32).
    pub(super) repeated: bool,
    /// Who waits for the answer.
    pub(super) asker: Asker,
    /// When it came.
    pub(super) since: Instant,
}

impl Held {
    /// A message of a host, as it arrives.
    pub(super) fn new(message: Message, batch: Option<u64>) -> Self {
        let since = Instant::now();
        Self { message, batch, repeated: false, asker: Asker::Host, since }
    }

    /// How long it has been with us, for the log.
    pub(super) fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether this is the request of this id.
    pub(super) fn is_of(&self, asker: Asker, id: &RequestId) -> bool {
        self.message.id() == Some(id) && self.is_translators() == (asker == Asker::Translator)
    }

    /// Whether the adapter of a modern host waits for the answer.
    pub(super) fn is_translators(&self) -> bool {
        self.asker == Asker::Translator
    }
}

/// Why a request was sent to the remote.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The host asked.
    Host(Held),
    /// The bridge opens a session again with the host's own `initialize`.
    Reopen,
    /// The bridge lists again what the host was answered from memory.
    Compare(Message),
    /// The bridge asks something whose answer the host does not see: what restores a session, or a
    /// sign of life.
    Own,
}

/// A request that the remote owes an answer to.
#[derive(Debug)]
pub(super) struct OpenRequest {
    pub(super) purpose: Purpose,
    pub(super) flight: ExchangeHandle,
    pub(super) generation: u32,
}

/// A request of the remote that the host owes an answer to.
#[derive(Debug)]
pub(super) struct RemoteRequest {
    /// The id that the remote used.
    pub(super) id: RequestId,
    pub(super) generation: u32,
    /// The request of the host that brought it up, where its own stream says so.
    pub(super) behind: Option<u64>,
    /// Whether a person is being asked (T-26).
    pub(super) asks_a_person: bool,
}

/// All open requests.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    to_remote: HashMap<u64, OpenRequest>,
    /// By id, and whether that id is one of the adapter's.
    by_host_id: HashMap<(bool, RequestId), u64>,
    to_host: HashMap<u64, RemoteRequest>,
    /// Answers of the host on their way to the remote, and the requests that cannot go on without
    /// them.
    answers: HashMap<u64, u64>,
}

impl InFlight {
    /// Records a request under the number it was sent with.
    pub(super) fn open(&mut self, number: u64, request: OpenRequest) {
        if let Purpose::Host(held) = &request.purpose
            && let Some(id) = held.message.id()
        {
            self.by_host_id.insert((held.is_translators(), id.clone()), number);
        }
        self.to_remote.insert(number, request);
    }

    /// The request goes out in another exchange now.
    pub(super) fn flies(&mut self, number: u64, flight: &ExchangeHandle) {
        if let Some(request) = self.to_remote.get_mut(&number) {
            request.flight = flight.clone();
        }
    }

    /// The open request of this number.
    pub(super) fn get(&self, number: u64) -> Option<&OpenRequest> {
        self.to_remote.get(&number)
    }

    /// Takes a request out because it is answered or given up.
    pub(super) fn close(&mut self, number: u64) -> Option<OpenRequest> {
        let request = self.to_remote.remove(&number)?;
        if let Purpose::Host(held) = &request.purpose
            && let Some(id) = held.message.id()
        {
            self.by_host_id.remove(&(held.is_translators(), id.clone()));
        }
        Some(request)
    }

    /// The number under which the request of this id is under way.
    pub(super) fn number_of(&self, asker: Asker, id: &RequestId) -> Option<u64> {
        self.by_host_id.get(&(asker == Asker::Translator, id.clone())).copied()
    }

    /// The numbers of all requests that were sent in this session.
    pub(super) fn numbers_in(&self, generation: u32) -> Vec<u64> {
        let of_session = |(number, request): (&u64, &OpenRequest)| {
            (request.generation == generation).then_some(*number)
        };
        let mut numbers: Vec<u64> = self.to_remote.iter().filter_map(of_session).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The numbers of all requests that the host waits for.
    pub(super) fn host_numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.by_host_id.values().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// Whether the host waits for nothing. A subscription is not waited for: it ends with the host.
    pub(super) fn host_waits_for_nothing(&self) -> bool {
        self.by_host_id.values().all(|number| {
            self.to_remote.get(number).is_some_and(|request| match &request.purpose {
                Purpose::Host(held) => held.message.method() == methods::LISTEN,
                _ => false,
            })
        })
    }

    /// Records a request of the remote under the id that the host sees.
    pub(super) fn open_to_host(&mut self, number: u64, request: RemoteRequest) {
        self.to_host.insert(number, request);
    }

    /// The session of the remote's request that is answered under this id.
    pub(super) fn generation_to_host(&self, id: &RequestId) -> Option<u32> {
        let RequestId::Integer(digits) = id else { return None };
        self.to_host.get(&digits.parse().ok()?).map(|request| request.generation)
    }

    /// Takes the remote's request out that the host answers.
    pub(super) fn close_to_host(&mut self, id: &RequestId) -> Option<RemoteRequest> {
        let RequestId::Integer(digits) = id else { return None };
        self.to_host.remove(&digits.parse().ok()?)
    }

    /// The id that the host sees for a request of the remote.
    pub(super) fn host_side_number(&self, id: &RequestId, generation: u32) -> Option<u64> {
        self.to_host
            .iter()
            .find(|(_, request)| request.id == *id && request.generation == generation)
            .map(|(number, _)| *number)
    }

    /// The host's answer to the remote leaves under this number; the request behind it waits for
    /// it.
    pub(super) fn answer_leaves(&mut self, number: u64, behind: Option<u64>) {
        if let Some(behind) = behind {
            self.answers.insert(number, behind);
        }
    }

    /// The exchange of this number is over; the request that waited for it, if it carried an
    /// answer.
    pub(super) fn answer_left(&mut self, number: u64) -> Option<u64> {
        self.answers.remove(&number)
    }

    /// How many questions to a person are open.
    pub(super) fn questions(&self) -> usize {
        self.to_host.values().filter(|request| request.asks_a_person).count()
    }
}

/// Whether answering this request of the remote may take a person's time.
pub(super) fn asks_a_person(method: &str) -> bool {
    matches!(method, methods::ELICIT | methods::SAMPLE)
}
