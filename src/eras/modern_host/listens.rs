//! `subscriptions/listen` with a legacy server: the session's subscriptions are shared by all
//! listens; each listen first gets an acknowledgement of what the server accepted, then
//! notifications under its id (E-43, E-44).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;

use super::filter::{self, KINDS};
use super::timers::Timer;
use super::{HostContext, ModernHost, OpenHostRequest, RequestPurpose};
use crate::jsonrpc::{Frame, Message, RequestId};
use crate::protocol::methods;

/// How long an acknowledgement waits for the server's answers.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(2);
/// How many notifications may wait for an acknowledgement (S-12).
const BUFFERED: usize = 256;

/// All listens of the host and the subscriptions behind them.
#[derive(Debug, Default)]
pub(super) struct Listens {
    open: BTreeMap<u64, HostListen>,
    subscriptions: HashMap<String, Subscription>,
}

#[derive(Debug)]
struct HostListen {
    id: RequestId,
    kinds: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
    acknowledged: bool,
    early: Vec<Message>,
}

/// A subscription of the session.
#[derive(Debug, Default)]
struct Subscription {
    state: SubscriptionState,
    users: BTreeSet<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SubscriptionState {
    #[default]
    Beginning,
    Accepted,
    Ending,
}

impl ModernHost {
    /// Opens a listen.
    pub(super) fn listen(&mut self, id: RequestId, message: &Message, cx: &mut HostContext<'_>) {
        let (kinds, resources) = match filter::read(message) {
            Ok(filter) => filter,
            Err(refusal) => return self.refuse(&id, &refusal, cx),
        };
        let number = cx.numbers.fresh();
        self.host_ids.insert(id.clone(), OpenHostRequest::Listen(number));
        let listen = HostListen {
            id,
            kinds,
            resources: resources.clone(),
            acknowledged: false,
            early: Vec::new(),
        };
        self.listens.open.insert(number, listen);
        if self.session.server_does("resources", "subscribe") {
            for uri in resources {
                self.join_subscription(number, uri, cx);
            }
        }
        self.timers.set(cx.now + ACKNOWLEDGEMENT, Timer::Acknowledge { listen: number });
        self.acknowledge_if_ready(number, cx);
    }

    fn join_subscription(&mut self, listen: u64, uri: String, cx: &mut HostContext<'_>) {
        let known = self.listens.subscriptions.contains_key(&uri);
        self.listens.subscriptions.entry(uri.clone()).or_default().users.insert(listen);
        if !known {
            self.subscribe(uri, cx);
        }
    }

    fn subscribe(&mut self, uri: String, cx: &mut HostContext<'_>) {
        let params = json!({ "uri": uri });
        self.ask(RequestPurpose::Subscribe(uri), methods::SUBSCRIBE, &params, cx);
    }

    /// Subscribes again in a new session, which has no subscriptions (E-14).
    pub(super) fn subscribe_again(&mut self, cx: &mut HostContext<'_>) {
        let lasting = |s: &Subscription| s.state != SubscriptionState::Ending;
        let subscriptions = self.listens.subscriptions.iter().filter(|(_, s)| lasting(s));
        let uris: Vec<String> = subscriptions.map(|(uri, _)| uri.clone()).collect();
        for uri in uris {
            self.subscribe(uri, cx);
        }
    }

    /// Handles the server's answer to a subscription.
    pub(super) fn subscribed(&mut self, uri: &str, accepted: bool, cx: &mut HostContext<'_>) {
        let Some(subscription) = self.listens.subscriptions.get_mut(uri) else { return };
        if !accepted {
            self.listens.subscriptions.remove(uri);
        } else if subscription.users.is_empty() {
            self.unsubscribe(uri, cx);
        } else {
            subscription.state = SubscriptionState::Accepted;
        }
        self.acknowledge_those_ready(cx);
    }

    fn unsubscribe(&mut self, uri: &str, cx: &mut HostContext<'_>) {
        if let Some(subscription) = self.listens.subscriptions.get_mut(uri) {
            subscription.state = SubscriptionState::Ending;
            self.ask(
                RequestPurpose::Unsubscribe(uri.to_owned()),
                methods::UNSUBSCRIBE,
                &json!({ "uri": uri }),
                cx,
            );
        }
    }

    /// Handles the end of a subscription. A listen that has since joined it needs a new one.
    pub(super) fn unsubscribed(&mut self, uri: &str, cx: &mut HostContext<'_>) {
        let Some(subscription) = self.listens.subscriptions.get_mut(uri) else { return };
        if subscription.users.is_empty() {
            self.listens.subscriptions.remove(uri);
        } else {
            subscription.state = SubscriptionState::Beginning;
            self.subscribe(uri.to_owned(), cx);
        }
    }

    /// Ends a listen that the host cancelled. Writes nothing.
    pub(super) fn end_listen(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(listen) = self.listens.open.remove(&number) else { return };
        for uri in listen.resources {
            let Some(subscription) = self.listens.subscriptions.get_mut(&uri) else { continue };
            subscription.users.remove(&number);
            if subscription.users.is_empty() && subscription.state == SubscriptionState::Accepted {
                self.unsubscribe(&uri, cx);
            }
        }
    }

    /// Acknowledges the listens that no longer wait for anything.
    pub(super) fn acknowledge_those_ready(&mut self, cx: &mut HostContext<'_>) {
        let waiting: Vec<u64> =
            self.listens.open.iter().filter(|(_, l)| !l.acknowledged).map(|(n, _)| *n).collect();
        for number in waiting {
            self.acknowledge_if_ready(number, cx);
        }
    }

    fn acknowledge_if_ready(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(listen) = self.listens.open.get(&number) else { return };
        let subscribing = listen.resources.iter().any(|uri| {
            let subscription = self.listens.subscriptions.get(uri);
            subscription.is_some_and(|known| known.state != SubscriptionState::Accepted)
        });
        let hopes = !listen.resources.is_empty() || self.announced(listen).next().is_some();
        if !subscribing && (self.session.pushes.is_some() || !hopes) {
            self.acknowledge(number, cx);
        }
    }

    /// The kinds of changes that a listen asked for and the server announces.
    fn announced(&self, listen: &HostListen) -> impl Iterator<Item = &'static str> {
        KINDS
            .into_iter()
            .filter(|(name, capability, _)| {
                listen.kinds.contains(name) && self.session.server_does(capability, "listChanged")
            })
            .map(|(name, ..)| name)
    }

    /// Acknowledges a listen, then sends the notifications that arrived in the meantime.
    pub(super) fn acknowledge(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(listen) = self.listens.open.get(&number).filter(|listen| !listen.acknowledged)
        else {
            return;
        };
        let pushes = self.session.pushes != Some(false);
        let kinds: BTreeSet<&'static str> = self.announced(listen).filter(|_| pushes).collect();
        let accepted = |uri: &&String| {
            let subscription = self.listens.subscriptions.get(*uri);
            pushes && subscription.is_some_and(|s| s.state == SubscriptionState::Accepted)
        };
        let resources: BTreeSet<String> =
            listen.resources.iter().filter(accepted).cloned().collect();
        let line = filter::acknowledgement(&listen.id, &kinds, &resources);
        self.say(Frame::from(line), cx);
        let Some(listen) = self.listens.open.get_mut(&number) else { return };
        listen.kinds = kinds;
        listen.acknowledged = true;
        // Resources that were not accepted stay registered until the server has answered.
        let refused: Vec<String> = listen.resources.difference(&resources).cloned().collect();
        listen.resources = resources;
        let early = std::mem::take(&mut listen.early);
        for uri in refused {
            self.leave_subscription(number, &uri, cx);
        }
        for message in early {
            self.tell_listen(number, &message, cx);
        }
    }

    fn leave_subscription(&mut self, listen: u64, uri: &str, cx: &mut HostContext<'_>) {
        let Some(subscription) = self.listens.subscriptions.get_mut(uri) else { return };
        subscription.users.remove(&listen);
        if subscription.users.is_empty() && subscription.state == SubscriptionState::Accepted {
            self.unsubscribe(uri, cx);
        }
    }

    /// Sends a change to each listen that asked for it.
    pub(super) fn tell_listens(&mut self, message: &Message, cx: &mut HostContext<'_>) {
        let all: Vec<u64> = self.listens.open.keys().copied().collect();
        for number in all {
            self.tell_listen(number, message, cx);
        }
    }

    fn tell_listen(&mut self, number: u64, message: &Message, cx: &mut HostContext<'_>) {
        let Some(listen) = self.listens.open.get_mut(&number) else { return };
        if !listen.wants(message) {
            return;
        }
        if listen.acknowledged {
            let line = filter::tag_with_listen(message, &listen.id);
            return self.say_edited(line, cx);
        }
        let known = listen.early.iter().any(|early| early.raw() == message.raw());
        if !known && listen.early.len() < BUFFERED {
            listen.early.push(message.clone());
        }
    }
}

impl HostListen {
    fn wants(&self, message: &Message) -> bool {
        #[derive(serde::Deserialize)]
        struct Updated {
            uri: String,
        }
        if message.method() != methods::RESOURCE_UPDATED {
            let kind = KINDS.iter().find(|(_, _, method)| *method == message.method());
            return kind.is_some_and(|(name, ..)| self.kinds.contains(name));
        }
        let Some(Updated { uri }) = message.params_as() else { return false };
        self.resources.iter().any(|known| filter::covers(known, &uri))
    }
}
