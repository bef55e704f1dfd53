//! `egrow`: an order desk for online shops.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Arguments, Called, Offers, Product, Profile, Tool};
use crate::mock::date::Date;
use crate::mock::methods::{Call, RpcError};

/// The order desk and its data.
pub(in crate::mock) struct Egrow;

impl Egrow {
    pub(in crate::mock) fn new(_seed: u64, _today: Date) -> Self {
        Self
    }
}

impl Product for Egrow {
    fn profile(&self) -> Profile {
        Profile {
            name: "egrow",
            title: "eGrow",
            version: "1.0.0",
            path: "/mcp",
            instructions: "An order desk.",
            offers: Offers::default(),
        }
    }

    fn tools(&self) -> Vec<Arc<Tool>> {
        Vec::new()
    }

    fn call<'a>(
        &'a self,
        _call: &'a Call,
        tool: &'a Tool,
        _arguments: Arguments<'a>,
    ) -> BoxFuture<'a, Called> {
        Box::pin(std::future::ready(Err(RpcError::invalid_params(tool.name.as_ref()))))
    }
}
