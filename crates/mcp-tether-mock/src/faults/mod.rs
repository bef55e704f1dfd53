//! Faults: mistakes and rare but legal behaviour of a remote, chosen by a line of text such as
//! `status=503:retry-after=1:times=2:method=tools/list`. A fault only writes into a [`Plan`]; the
//! transports act on it. A fault that only changes an answer adds an edit (`edits`) to the plan and
//! has its own file in `answers`.

mod answers;
mod edits;
mod fault;
mod modern_plan;
mod modern_table;
mod oauth_plan;
mod oauth_table;
mod plan;
mod row;
mod table;
mod words;

pub(super) use fault::ActiveFault;
pub use fault::{Fault, FaultHelp};
pub(super) use modern_plan::{Granted, ListenEnd, ModernFaults};
pub(super) use oauth_plan::{
    CallbackFault, ClientRule, ClientRuleFault, DocumentFault, MemberFault, OAuthFaults, TokenFault,
};
#[cfg(test)]
pub(super) use plan::LineEnding;
pub(super) use plan::{
    AnswerForm, AskFault, ChallengeFault, EndpointFault, Flood, FloodOf, Plan, Point, PostAnswer,
    RedirectFault, SessionFault, Silence, StatusBody, StatusFault, Style,
};
pub(super) use row::FaultTarget;
pub use words::InvalidFault;
