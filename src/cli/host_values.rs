//! Values of flags that several commands about hosts share.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::suggested::Suggested;
use crate::hosts::{HOSTS, Scope};

/// A host, by its name.
pub fn host_names() -> Suggested {
    Suggested(|| HOSTS.iter().map(|host| host.id).collect())
}

/// `user` or `project`.
pub fn scope_parser() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::NAMES)
        .map(|word| Scope::from_name(&word).expect("the parser accepts only these names"))
}
