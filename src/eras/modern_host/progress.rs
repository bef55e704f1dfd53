//! Passes on progress notifications: under the token of the host's latest request, strictly
//! increasing over all rounds of a call, and none while the host has questions to answer (E-63,
//! E-64).

use super::{HostContext, ModernHost};
use crate::jsonrpc::{Change, Member, Message, Object};
use crate::protocol::meta;

impl ModernHost {
    /// Passes on progress under the token of the host's latest request, if it has increased.
    pub(super) fn handle_progress(&mut self, message: &Message, cx: &mut HostContext<'_>) {
        #[derive(serde::Deserialize)]
        struct Progress {
            #[serde(rename = "progressToken")]
            token: u64,
            progress: f64,
        }
        // Our tokens are the numbers of calls.
        let Some(progress) = message.params_as::<Progress>() else { return };
        let Some(call) = self.calls.get_mut(&progress.token) else { return };
        let token = call.requester.as_ref().and_then(|requester| requester.token.clone());
        let Some(token) = token else { return };
        if call.progress.is_some_and(|last| progress.progress <= last) {
            return;
        }
        call.progress = Some(progress.progress);
        let (Some(text), Some(range)) = (message.params(), message.params_range()) else { return };
        let Some(params) = Object::parse(text) else { return };
        let change = |member: &Member<'_>| match member.name.as_str() {
            meta::PROGRESS_TOKEN => Change::Replace(token.clone()),
            _ => Change::Keep,
        };
        let edits = params.rewrite(range.start, change, &[]);
        self.say_edited(message.edited(&edits), cx);
    }
}
