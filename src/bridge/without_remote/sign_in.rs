//! Answers the host while a sign-in is pending: with nothing cached, the host gets a
//! truthful minimal answer whose only tool, `sign_in`, returns the page to open. Once the sign-in
//! is done, the bridge continues without a restart.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bridge::Bridge;
use crate::bridge::host_side::request::{HostRequest, Requester};
use crate::bridge::session::slots::SlotId;
use crate::error::Failure;
use crate::jsonrpc::{Frame, notification};
use crate::protocol::{ProtocolVersion, methods};
use crate::redact::SafeUrl;
use crate::remote::SignInState;

/// The tool of the minimal answer.
const TOOL: &str = "sign_in";

#[derive(Deserialize)]
struct Call {
    name: String,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

impl Bridge {
    /// Whether this is a modern host's request and the remote's era is not known yet.
    pub(in crate::bridge) fn waits_for_era(&self, request: &HostRequest) -> bool {
        request.requester() == Requester::ModernHost && self.choices.era.is_none()
    }

    /// How far the sign-in is.
    pub(super) fn sign_in_state(&self) -> SignInState {
        self.slots.authorizer().state().borrow().clone()
    }

    /// The `InitializeResult` for an otherwise unknown server. `after` says what the host will see
    /// once the sign-in is done.
    pub(in crate::bridge) fn minimal_result(
        &self,
        version: ProtocolVersion,
        after: &str,
    ) -> String {
        let server = SafeUrl::new(self.slots[SlotId::FIRST].remote.endpoint()).to_string();
        let changing = json!({ "listChanged": true });
        let result = json!({
            "protocolVersion": version.name(),
            "capabilities": { "tools": changing, "prompts": changing, "resources": changing },
            "serverInfo": { "name": server, "version": env!("CARGO_PKG_VERSION") },
            "instructions": format!(
                "A sign-in to {server} is needed before its tools can be used. {} {after}",
                self.how_to_sign_in()
            ),
        });
        result.to_string()
    }

    /// Makes list requests return only the tool `sign_in` from now on.
    pub(in crate::bridge) fn cache_minimal_lists(&mut self, slot: SlotId) {
        let server = SafeUrl::new(self.slots[SlotId::FIRST].remote.endpoint()).to_string();
        let lists = [
            (methods::TOOLS_LIST, json!({ "tools": [tool(&server)] })),
            (methods::PROMPTS_LIST, json!({ "prompts": [] })),
            (methods::RESOURCES_LIST, json!({ "resources": [] })),
            (methods::RESOURCE_TEMPLATES_LIST, json!({ "resourceTemplates": [] })),
        ];
        self.slots[slot]
            .cache
            .answer_minimal(lists.map(|(method, list)| (method, list.to_string())));
    }

    /// Handles a call of the tool `sign_in`, if the host was offered it, and gives back any other
    /// request.
    pub(in crate::bridge) fn handle_sign_in_call(
        &mut self,
        slot: SlotId,
        request: HostRequest,
    ) -> Option<HostRequest> {
        let state = &self.slots[slot];
        let waits = state.lifecycle.is_answered_early() || self.waits_for_era(&request);
        let offered = state.cache.is_minimal() && waits;
        let is_call =
            || request.message().params_as::<Call>().is_some_and(|call| call.name == TOOL);
        if !offered || !is_call() {
            return Some(request);
        }
        let done = *self.slots.authorizer().state().borrow() == SignInState::SignedIn;
        if !done {
            self.slots.authorizer().begin();
        }
        match self.sign_in_state() {
            SignInState::Waiting(_) | SignInState::SignedIn => self.answer_sign_in(request),
            _ => self.sign_in_calls.push(request),
        }
        None
    }

    /// Answers a call of the tool `sign_in` with what the person has to do next.
    pub(super) fn answer_sign_in(&mut self, request: HostRequest) {
        let failed = matches!(self.sign_in_state(), SignInState::Failed(_));
        self.report_progress(&request);
        let content = json!([{ "type": "text", "text": self.how_to_sign_in() }]);
        let result = json!({ "content": content, "isError": failed });
        self.reply_in_its_era(request, &result.to_string());
    }

    fn report_progress(&mut self, request: &HostRequest) {
        let call = request.message().params_as::<Call>();
        let token = call.map(|call| call.meta["progressToken"].clone());
        let Some(token) = token.filter(|token| !token.is_null()) else { return };
        let params =
            json!({ "progressToken": token, "progress": 1, "message": "the sign-in waits" });
        let line = notification(methods::PROGRESS, Some(&params.to_string()));
        let slot = if request.is_from_adapter() {
            self.slots.for_adapter()
        } else {
            self.slots.for_host()
        };
        self.tell_host(slot, Frame::from(line), None);
    }

    /// The next step for the user.
    fn how_to_sign_in(&self) -> String {
        match &*self.slots.authorizer().state().borrow() {
            SignInState::Waiting(waiting) => {
                // The page is meant for the user; its URL holds a state but no credential.
                let page = waiting.page.expose_to_person();
                match &waiting.user_code {
                    Some(code) => format!("Open {page} and enter the code {code}."),
                    None => format!("Open this page in a browser: {page}"),
                }
            }
            SignInState::SignedIn => "The sign-in is done; list the tools again.".to_owned(),
            SignInState::Failed(failure) => describe_failure(failure),
            SignInState::Idle | SignInState::Needed => {
                format!("Call the tool `{TOOL}` to get the page to open.")
            }
        }
    }
}

fn describe_failure(failure: &Failure) -> String {
    format!("The sign-in failed: {}. {}", failure.message, failure.hint)
}

fn tool(server: &str) -> Value {
    json!({
        "name": TOOL,
        "title": "Sign in",
        "description": format!("Gives the page on which the user signs in to {server}."),
        "inputSchema": { "type": "object", "properties": {}, "additionalProperties": false },
        "annotations": { "readOnlyHint": true, "idempotentHint": true },
    })
}
