//! Tokens bound to a key (DPoP, RFC 9449): the key of a sign-in, the proofs in requests, and the
//! servers' responses to proofs. Requests no tokens and sends nothing itself.

pub(crate) mod binding;
pub(crate) mod key;
pub(crate) mod peers;
pub(crate) mod prover;
