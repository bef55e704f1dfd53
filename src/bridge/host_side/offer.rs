//! Refuses requests for hidden tools, prompts and resources (S-72).

use super::request::HostRequest;
use crate::bridge::Bridge;
use crate::protocol::{codes, methods};

impl Bridge {
    /// Returns the request if it may go to the remote, and refuses it otherwise. A call starts the
    /// sign-in that `--login on-demand` deferred: it needs the server.
    pub(in crate::bridge) fn admit(&mut self, request: HostRequest) -> Option<HostRequest> {
        if let Err(text) = self.offer.allows(request.message()) {
            self.reply_error(request, codes::INVALID_PARAMS, &text);
            return None;
        }
        if request.method() == methods::TOOLS_CALL {
            self.slots.authorizer().demand();
        }
        Some(request)
    }
}
