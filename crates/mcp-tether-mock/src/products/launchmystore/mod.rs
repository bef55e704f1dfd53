//! `launchmystore`: a shop system. Its tools, in ten domains, work on one store; tokens are its own
//! and act in the role of the member who issued them; every call is recorded in the audit log.
//!
//! A tool is a file, named in the list of its domain; an action on plain records is an entry there.

mod access;
mod address;
mod analytics;
mod audit;
mod catalogue;
mod categories;
mod coupons;
mod customers;
mod entry;
mod menu_links;
mod menus;
mod model;
mod orders;
mod period;
mod record;
mod resource;
mod resources;
mod seed;
mod settings;
mod shop;
mod shop_error;
mod state;
#[cfg(test)]
mod tests;
mod themes;
mod tools;
mod traffic;
mod web;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::access::{Ledger, StaffMember};
use self::audit::Audit;
use self::entry::{Does, Entry};
use self::shop::Shop;
use self::shop_error::{ShopError, ShopResult};
pub(crate) use self::state::LaunchMyStore;
use self::state::{Store, now};
use self::tools::entries;
use self::web::BrowserSessions;
use crate::date::Date;
use crate::options::{Auth, MockOptions};
use crate::product::CallContext;
use crate::product::field::ToolInput;
use crate::product::{
    Arguments, EndpointPaths, Habits, Misfit, MockProduct, Offers, Profile, ResourceEntry,
    ToolKind, ToolOutcome, ToolResult, ToolSpec, WebAnswer, WebRequest,
};
use crate::stored_data::{DataFileError, NotKept, StoredData};

impl LaunchMyStore {
    pub(crate) fn open(options: &MockOptions) -> Result<Self, DataFileError> {
        let today = options.today.unwrap_or_else(Date::today);
        let seeded = || Store {
            shop: seed::shop(options.seed, today),
            ledger: Ledger::new(&options.api_key, now()),
            audit: Audit::default(),
        };
        let store = StoredData::open(options.data.as_ref(), seeded)?;
        // The day is not stored, so this change cannot fail.
        let _ = store.change(|store| store.shop.today = today);
        let tools = entries().map(Entry::to_tool).map(Arc::new).collect();
        let asks_tokens = options.auth == Auth::Product;
        Ok(Self { tools, store, browser_sessions: BrowserSessions::default(), asks_tokens })
    }

    /// Does the work if the caller may, and records the call.
    fn perform(
        &self,
        call: &CallContext,
        tool: &ToolSpec,
        work: impl FnOnce(&mut Shop) -> ShopResult,
    ) -> Result<ToolResult, NotKept> {
        let entry = entries().find(|entry| entry.name == tool.name);
        let reply =
            self.store.change(|store| match (store.member(call, self.asks_tokens), entry) {
                (Some(member), Some(entry)) => {
                    let reply = if member.role.permits(entry.domain, entry.kind) {
                        work(&mut store.shop)
                    } else {
                        Err(forbidden(&member, entry))
                    };
                    let at = store.shop.tick();
                    store.audit.note(at, entry.name, &member, reply.as_ref().err());
                    reply
                }
                _ => Err(ShopError::forbidden("this token was revoked")),
            })?;
        let changed = reply.is_ok() && tool.kind != ToolKind::Read;
        resources::announce(call, changed);
        Ok(match reply {
            Ok(value) => ToolResult::value(&value),
            Err(problem) => ToolResult::value(&problem.to_json()).failed(),
        })
    }
}

fn forbidden(member: &StaffMember, entry: &Entry) -> ShopError {
    let (role, domain) = (member.role.name(), entry.domain.name());
    ShopError::forbidden(format!(
        "the role {role} may not use `{}`: somebody with more rights in {domain} must",
        entry.name
    ))
}

fn run(does: Does, shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
    match does {
        Does::Create(resource) => resource.create(shop, input),
        Does::Update(resource) => resource.update(shop, input),
        Does::Delete(resource) => resource.delete(shop, input),
        Does::Change(_, _, change) => change(shop, input),
        Does::List(resource) => Ok(resource.list(shop, input)),
        Does::Get(resource) => resource.get(shop, input),
        Does::Look(_, _, look) => look(shop, input),
    }
}

impl MockProduct for LaunchMyStore {
    fn profile(&self) -> Profile {
        Profile {
            name: "launchmystore",
            title: "LaunchMyStore",
            version: "2.4.0",
            paths: EndpointPaths {
                mcp: "/mcp",
                sse: "/mcp/sse",
                message: "/mcp/sse/message",
                page: Some(web::PAGE),
            },
            habits: Habits {
                takes_leave: true,
                takes_batches: true,
                heartbeat: Some(Duration::from_secs(15)),
                bare_accepted: true,
            },
            instructions: "The admin of an online store: products, orders, customers, coupons, \
                texts, themes, settings. Amounts are in cents of the store's currency. Days can be \
                named with `period`. What may be done depends on the role of whoever minted the \
                token; `delete_…` and `refund_order` cannot be undone.",
            offers: Offers { resources: true, ..Offers::default() },
        }
    }

    fn tools(&self) -> Vec<Arc<ToolSpec>> {
        self.tools.clone()
    }

    fn call<'a>(
        &'a self,
        call: &'a CallContext,
        tool: &'a ToolSpec,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, ToolOutcome> {
        Box::pin(async move {
            let Some(entry) = entries().find(|entry| entry.name == tool.name) else {
                return Err(self.unknown_tool(&tool.name));
            };
            let input = ToolInput(arguments.value);
            Ok(self.perform(call, tool, |shop| run(entry.does, shop, input))?)
        })
    }

    fn invalid_arguments(
        &self,
        call: &CallContext,
        tool: &ToolSpec,
        misfits: &[Misfit],
    ) -> ToolOutcome {
        let first = misfits.first();
        let argument = first.map_or("", |misfit| match (&misfit.member, misfit.within.as_str()) {
            (Some(member), "") => member,
            (_, within) => within,
        });
        let problem = ShopError::invalid(argument, Misfit::all(misfits));
        Ok(self.perform(call, tool, |_| Err(problem))?)
    }

    fn admits(&self, token: &str) -> bool {
        self.store.look().ledger.admit(token, now()).is_some()
    }

    fn web(&self, asked: &WebRequest<'_>) -> Option<WebAnswer> {
        self.answer(asked)
    }

    fn resources(&self) -> Vec<ResourceEntry> {
        resources::list()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        let value = resources::read(&self.store.look(), uri)?;
        Some(json!({ "uri": uri, "mimeType": "application/json", "text": value.to_string() }))
    }
}
