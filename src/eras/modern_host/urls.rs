//! Pages that the user has to visit before a call: a server of 2025-11-25 demands them with
//! `-32042`. The modern host is asked for consent in a separate round, and the request is sent
//! again once the page has been visited (E-39). Never opens a page itself.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::calls::CallStage;
use super::inputs::{InputRequest, input_request};
use super::refusal::{RequestRefusal, fault_of_server};
use super::results::tool_error;
use super::timers::Timer;
use super::{HostContext, ModernHost};
use crate::error::{Failure, FailureKind};
use crate::jsonrpc::{Frame, Message};
use crate::protocol::{codes, methods};

/// The pause before the request is sent again, unless the server reports that the page was visited.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(16);
/// How often the same pages may be demanded before the host is asked again; about five minutes.
const ATTEMPTS: u32 = 20;
/// How many pages one answer may name (S-12).
const PAGES: usize = 16;

/// The pages to visit before a call.
#[derive(Debug, Default)]
pub(super) struct RequiredPages {
    pages: BTreeSet<String>,
    /// The server's ids of pages not yet reported as visited.
    open: BTreeSet<String>,
    attempts: u32,
    /// Whether the user has agreed to visit them.
    allowed: bool,
}

#[derive(serde::Deserialize)]
struct Demand {
    data: Pages,
}

#[derive(serde::Deserialize)]
struct Pages {
    elicitations: Vec<Value>,
}

impl ModernHost {
    /// Handles an error that demands that pages be visited first.
    pub(super) fn urls_required(
        &mut self,
        number: u64,
        answer: &Message,
        cx: &mut HostContext<'_>,
    ) {
        let demanded = answer.outcome_as::<Demand>().map(|demand| demand.data.elicitations);
        let pages: Vec<Value> = demanded
            .unwrap_or_default()
            .into_iter()
            .filter(|page| page["url"].is_string())
            .take(PAGES)
            .collect();
        let Some(call) = self.calls.get_mut(&number) else { return };
        if pages.is_empty() {
            return self.end_with(
                number,
                &fault_of_server("the server wants the user to visit a page but names none"),
                cx,
            );
        }
        if !call.capabilities["elicitation"]["url"].is_object() {
            return self.refuse_call(number, &needs_url(), cx);
        }
        let text = |page: &Value, name: &str| page[name].as_str().map(str::to_owned);
        let urls: BTreeSet<String> = pages.iter().filter_map(|page| text(page, "url")).collect();
        let open = pages.iter().filter_map(|page| text(page, "elicitationId")).collect();
        let known = call.urls.take().filter(|known| known.allowed && known.pages == urls);
        if let Some(known) = known.filter(|known| known.attempts < ATTEMPTS) {
            // Consent is not completion: the same page is not asked for again.
            call.urls = Some(RequiredPages { open, ..known });
            return self.resend_later(number, cx);
        }
        call.urls = Some(RequiredPages { pages: urls, open, attempts: 0, allowed: false });
        call.stage = CallStage::Paused;
        for page in pages {
            let key = call.mint_key('e');
            let request = input_request(methods::ELICIT, Some(&page.to_string()));
            let method = methods::ELICIT.to_owned();
            call.inputs.push(InputRequest { key, number: None, method, request, is_asked: false });
        }
        self.suspend(number, cx);
    }

    /// Sends the call again later, because the host agreed to every page.
    pub(super) fn page_allowed(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.is_paused()) else {
            return;
        };
        let Some(urls) = &mut call.urls else { return };
        urls.allowed = true;
        self.resend_later(number, cx);
    }

    /// Ends the call, because the host did not agree.
    pub(super) fn page_refused(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let text = "the user did not agree to visit the page that the server asks for";
        let Some(call) = self.calls.get(&number) else { return };
        if call.method() != methods::TOOLS_CALL {
            let failure = Failure::new(FailureKind::Declined, text)
                .hint("send the request again and agree to the page when the host shows it");
            return self.end_with(number, &failure, cx);
        }
        let Some(call) = self.forget_call(number) else { return };
        let Some(requester) = call.requester else { return };
        self.answer(&requester.id, tool_error(&requester.id, text), cx);
    }

    /// Handles the server's report that a page was visited, which is not passed to the host (E-39).
    pub(super) fn page_visited(&mut self, message: &Message, cx: &mut HostContext<'_>) {
        #[derive(serde::Deserialize)]
        struct Complete {
            #[serde(rename = "elicitationId")]
            id: String,
        }
        let Some(Complete { id }) = message.params_as() else { return };
        let ready: Vec<(u64, u32)> = self
            .calls
            .iter_mut()
            .filter_map(|(number, call)| {
                let urls = call.urls.as_mut()?;
                let last = urls.open.remove(&id) && urls.open.is_empty() && urls.allowed;
                last.then_some((*number, call.round))
            })
            .collect();
        for (call, round) in ready {
            self.timers.set(cx.now, Timer::Resend { call, round });
        }
    }

    fn resend_later(&mut self, number: u64, cx: &mut HostContext<'_>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        let Some(urls) = &mut call.urls else { return };
        call.stage = CallStage::Paused;
        let pause = (FIRST_PAUSE * 2_u32.pow(urls.attempts.min(8))).min(LONGEST_PAUSE);
        let pause = if urls.open.is_empty() && urls.attempts == 0 { Duration::ZERO } else { pause };
        urls.attempts += 1;
        self.timers.set(cx.now + pause, Timer::Resend { call: number, round: call.round });
    }

    /// Sends a call again if it still waits for that.
    pub(super) fn resend(&mut self, number: u64, round: u32, cx: &mut HostContext<'_>) {
        let waits = self.calls.get(&number).is_some_and(|call| {
            call.round == round
                && call.is_paused()
                && call.urls.as_ref().is_some_and(|urls| urls.allowed)
        });
        if waits {
            self.send_call(number, cx);
        }
    }

    /// Ends a call with a failure of the bridge.
    pub(super) fn end_with(&mut self, number: u64, failure: &Failure, cx: &mut HostContext<'_>) {
        self.refuse_inputs(number, cx);
        let Some(requester) = self.forget_call(number).and_then(|call| call.requester) else {
            return;
        };
        self.fail(&requester.id, failure, cx);
    }

    fn refuse_call(&mut self, number: u64, refusal: &RequestRefusal, cx: &mut HostContext<'_>) {
        let Some(requester) = self.forget_call(number).and_then(|call| call.requester) else {
            return;
        };
        self.answer(&requester.id, Frame::from(refusal.to_response(&requester.id)), cx);
    }
}

/// The error for a host that cannot be asked to visit a page (E-39).
fn needs_url() -> RequestRefusal {
    RequestRefusal {
        code: codes::MISSING_CLIENT_CAPABILITY,
        message: "the server needs URL elicitation, which this host does not have".to_owned(),
        data: json!({ "requiredCapabilities": { "elicitation": { "url": {} } } }),
    }
}
