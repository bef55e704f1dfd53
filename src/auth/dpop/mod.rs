//! Tokens that are bound to a key (DPoP, RFC 9449): the key of one sign-in, the proofs that go with
//! requests, and what servers say about proofs. Asks for no tokens and sends nothing itself.

pub(crate) mod binding;
pub(crate) mod key;
pub(crate) mod peers;
pub(crate) mod prover;
