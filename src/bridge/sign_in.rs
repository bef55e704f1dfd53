//! A sign-in that waits while the host waits: with nothing remembered, the host gets a
//! truthful minimal answer whose one tool, `sign_in`, gives the page to open. When the sign-in is
//! done everything goes on without a restart.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Bridge;
use super::in_flight::Held;
use crate::error::Failure;
use crate::jsonrpc::Frame;
use crate::protocol::{Era, ProtocolVersion, methods};
use crate::redact::SafeUrl;
use crate::remote::SignInState;

/// The tool of the minimal answer.
const TOOL: &str = "sign_in";

#[derive(Deserialize)]
struct Hello {
    #[serde(rename = "protocolVersion", default)]
    version: String,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

impl Bridge {
    /// Something changed about signing in.
    pub(super) fn take_sign_in_state(&mut self) {
        let state = self.remote.authorizer().state().borrow().clone();
        match &state {
            SignInState::Waiting(_) | SignInState::Needed if self.timers.grace_is_over() => {
                self.answer_minimal();
                self.offer_sign_in();
            }
            SignInState::SignedIn if self.opening.is_lost() => self.reopen(),
            _ => {}
        }
        if !matches!(state, SignInState::Idle | SignInState::Needed) {
            for held in std::mem::take(&mut self.sign_in_calls) {
                self.answer_sign_in(&held);
            }
        }
    }

    /// Whether a person has to act before the remote answers anything.
    pub(super) fn sign_in_waits(&self) -> bool {
        let state = self.remote.authorizer().state();
        matches!(*state.borrow(), SignInState::Waiting(_) | SignInState::Needed)
    }

    /// Answers the host's `initialize` although nothing is known of the server but that it wants a
    /// sign-in.
    pub(super) fn answer_minimal(&mut self) {
        if !self.remembered.is_on() {
            return;
        }
        let Some(number) = self.opening.first_number() else { return };
        let Some(initialize) = self.opening.initialize().cloned() else { return };
        let version =
            initialize.params_as::<Hello>().and_then(|h| ProtocolVersion::from_name(&h.version));
        let version = version
            .filter(|version| version.era() == Era::Legacy)
            .unwrap_or(ProtocolVersion::NEWEST_LEGACY);
        let result =
            self.minimal_result(version, "The tools appear by themselves once it is done.");
        self.remember_minimal_lists();
        self.answer_first(number, &result);
    }

    /// The `InitializeResult` of a server of which nothing else is known; `after` says what the
    /// host sees when the sign-in is done.
    pub(super) fn minimal_result(&self, version: ProtocolVersion, after: &str) -> String {
        let server = SafeUrl::new(self.remote.endpoint()).to_string();
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

    /// From now on lists are answered with the one tool.
    pub(super) fn remember_minimal_lists(&mut self) {
        let server = SafeUrl::new(self.remote.endpoint()).to_string();
        let lists = [
            ("tools/list", json!({ "tools": [tool(&server)] })),
            ("prompts/list", json!({ "prompts": [] })),
            ("resources/list", json!({ "resources": [] })),
            ("resources/templates/list", json!({ "resourceTemplates": [] })),
        ];
        self.remembered.answer_minimal(lists.map(|(method, list)| (method, list.to_string())));
    }

    /// Takes a call of the tool `sign_in`, if that is what the host was offered. Says whether it
    /// was one.
    pub(super) fn take_sign_in_call(&mut self, held: &Held) -> bool {
        let waits = self.opening.is_answered_early() || self.waits_for_era(held);
        let offered = self.remembered.is_minimal() && waits;
        let is_call = || held.message.params_as::<Call>().is_some_and(|call| call.name == TOOL);
        if !offered || !is_call() {
            return false;
        }
        let done = *self.remote.authorizer().state().borrow() == SignInState::SignedIn;
        if !done {
            self.remote.authorizer().begin();
        }
        let state = self.remote.authorizer().state().borrow().clone();
        match state {
            SignInState::Waiting(_) | SignInState::SignedIn => self.answer_sign_in(held),
            _ => self.sign_in_calls.push(held.clone()),
        }
        true
    }

    fn answer_sign_in(&mut self, held: &Held) {
        let state = self.remote.authorizer().state().borrow().clone();
        let failed = matches!(state, SignInState::Failed(_));
        self.report_progress(held);
        let content = json!([{ "type": "text", "text": self.how_to_sign_in() }]);
        let result = json!({ "content": content, "isError": failed });
        self.answer_in_its_era(held, &result.to_string());
    }

    fn report_progress(&mut self, held: &Held) {
        let token = held.message.params_as::<Call>().map(|call| call.meta["progressToken"].clone());
        let Some(token) = token.filter(|token| !token.is_null()) else { return };
        let params =
            json!({ "progressToken": token, "progress": 1, "message": "the sign-in waits" });
        let line = json!({ "jsonrpc": "2.0", "method": methods::PROGRESS, "params": params });
        self.tell_host(Frame::from(line.to_string()), None);
    }

    /// What the person has to do now.
    fn how_to_sign_in(&self) -> String {
        match &*self.remote.authorizer().state().borrow() {
            SignInState::Waiting(waiting) => {
                // The page is for the person in front of the host: it holds a state, no credential.
                let page = waiting.page.expose();
                match &waiting.user_code {
                    Some(code) => format!("Open {page} and enter the code {code}."),
                    None => format!("Open this page in a browser: {page}"),
                }
            }
            SignInState::SignedIn => "The sign-in is done; list the tools again.".to_owned(),
            SignInState::Failed(failure) => told(failure),
            SignInState::Idle | SignInState::Needed => {
                format!("Call the tool `{TOOL}` to get the page to open.")
            }
        }
    }
}

fn told(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("The sign-in did not work: {}. {hint}", failure.message),
        None => format!("The sign-in did not work: {}.", failure.message),
    }
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
