//! Guarded requests to URLs that a server names (S-05, S-07): the client, the policy for URLs and
//! names, and the classes of addresses.

pub(crate) mod addresses;
pub(crate) mod answer_object;
pub(crate) mod client;
pub(crate) mod error_answer;
pub(crate) mod policy;
pub(crate) mod probe_response;
