//! Handles changes of the sign-in that the remote waits for: the host is told that it waits, and
//! what was lost is opened again once it is done.

use crate::bridge::Bridge;
use crate::remote::SignInState;

impl Bridge {
    /// Handles a change of the sign-in's state.
    pub(in crate::bridge) fn handle_sign_in_state(&mut self) {
        let state = self.sign_in_state();
        for slot in self.slots.ids() {
            match &state {
                SignInState::Waiting(_) | SignInState::Needed
                    if self.slots[slot].timers.grace_is_over() =>
                {
                    self.answer_minimal(slot);
                    self.offer_sign_in(slot);
                }
                SignInState::SignedIn if self.slots[slot].lifecycle.is_lost() => self.reopen(slot),
                _ => {}
            }
        }
        if !matches!(state, SignInState::Idle | SignInState::Needed) {
            for call in std::mem::take(&mut self.sign_in_calls) {
                self.answer_sign_in(call);
            }
        }
    }
}
