//! `launchmystore`: a shop system. 63 tools in ten domains work on one store; tokens are its own
//! and act in the role of whoever minted them; every call lands in the audit log.
//!
//! Adding a tool is one entry in the table of its domain, and a function where it is no plain
//! record.

mod access;
mod analytics;
mod audit;
mod catalogue;
mod categories;
mod coupons;
mod customers;
mod entry;
mod menus;
mod orders;
mod period;
mod problem;
mod resource;
mod resources;
mod seed;
mod settings;
mod shop;
#[cfg(test)]
mod tests;
mod themes;
mod traffic;
mod web;
mod writing;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::access::{Ledger, Member};
use self::audit::Audit;
use self::entry::{Does, Entry};
use self::problem::{Problem, Reply};
use self::shop::Shop;
use self::web::Seats;
use crate::date::Date;
use crate::kept::{DataProblem, Kept, NotKept};
use crate::options::{Auth, MockOptions};
use crate::product::Call;
use crate::product::field::Input;
use crate::product::{
    Arguments, Called, Habits, Kind, Misfit, Moment, Offers, Paths, Product, Profile, Resource,
    Tool, ToolResult, WebAnswer, WebRequest,
};

/// The shop system, its store and whoever sits at its pages.
pub(crate) struct LaunchMyStore {
    tools: Vec<Arc<Tool>>,
    store: Kept<Store>,
    seats: Seats,
    /// Whether calls need a token that this product gave out.
    asks_tokens: bool,
}

/// Everything that outlives the process.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Store {
    shop: Shop,
    ledger: Ledger,
    audit: Audit,
}

/// Every tool.
fn entries() -> impl Iterator<Item = &'static Entry> {
    [
        catalogue::PRODUCT_TOOLS,
        catalogue::VARIANT_TOOLS,
        orders::TOOLS,
        categories::TOOLS,
        customers::TOOLS,
        analytics::TOOLS,
        coupons::TOOLS,
        writing::TOOLS,
        themes::TOOLS,
        menus::TOOLS,
        settings::TOOLS,
    ]
    .into_iter()
    .flatten()
}

impl LaunchMyStore {
    pub(crate) fn open(options: &MockOptions) -> Result<Self, DataProblem> {
        let today = options.today.unwrap_or_else(Date::today);
        let seeded = || Store {
            shop: seed::shop(options.seed, today),
            ledger: Ledger::new(&options.api_key, now()),
            audit: Audit::default(),
        };
        let store = Kept::open(options.data.as_ref(), seeded)?;
        // The day is no part of the data: nothing can fail to be kept.
        let _ = store.change(|store| store.shop.today = today);
        let tools = entries().map(Entry::to_tool).map(Arc::new).collect();
        let asks_tokens = options.auth == Auth::Product;
        Ok(Self { tools, store, seats: Seats::default(), asks_tokens })
    }

    /// Does something for whoever calls, if they may, and notes it.
    fn perform(
        &self,
        call: &Call,
        tool: &Tool,
        work: impl FnOnce(&mut Shop) -> Reply,
    ) -> Result<ToolResult, NotKept> {
        let entry = entries().find(|entry| entry.name == tool.name);
        let reply =
            self.store.change(|store| match (store.member(call, self.asks_tokens), entry) {
                (Some(member), Some(entry)) => {
                    let reply = match member.role.permits(entry.domain, entry.kind) {
                        true => work(&mut store.shop),
                        false => Err(forbidden(&member, entry)),
                    };
                    let at = store.shop.tick();
                    store.audit.note(at, entry.name, &member, reply.as_ref().err());
                    reply
                }
                _ => Err(Problem::forbidden("this token was taken back")),
            })?;
        let changed = reply.is_ok() && tool.kind != Kind::Read;
        resources::announce(call, changed);
        Ok(match reply {
            Ok(value) => ToolResult::value(&value),
            Err(problem) => ToolResult::value(&problem.to_json()).failed(),
        })
    }
}

fn forbidden(member: &Member, entry: &Entry) -> Problem {
    let (role, domain) = (member.role.name(), entry.domain.name());
    Problem::forbidden(format!(
        "the role {role} may not use `{}`: somebody with more rights in {domain} must",
        entry.name
    ))
}

impl Store {
    /// Whoever calls. Where no tokens are asked for it is the owner.
    fn member(&self, call: &Call, asks_tokens: bool) -> Option<Member> {
        if asks_tokens {
            self.ledger.admit(&call.credential, now())
        } else {
            Some(self.ledger.owner())
        }
    }
}

/// The time in the world outside, which tokens go by.
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn run(does: Does, shop: &mut Shop, input: Input<'_>) -> Reply {
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

impl Product for LaunchMyStore {
    fn profile(&self) -> Profile {
        Profile {
            name: "launchmystore",
            title: "LaunchMyStore",
            version: "2.4.0",
            paths: Paths {
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

    fn tools(&self) -> Vec<Arc<Tool>> {
        self.tools.clone()
    }

    fn call<'a>(
        &'a self,
        call: &'a Call,
        tool: &'a Tool,
        arguments: Arguments<'a>,
    ) -> BoxFuture<'a, Called> {
        Box::pin(async move {
            let Some(entry) = entries().find(|entry| entry.name == tool.name) else {
                return Err(self.unknown_tool(&tool.name));
            };
            let input = Input(arguments.value);
            Ok(self.perform(call, tool, |shop| run(entry.does, shop, input))?)
        })
    }

    fn invalid_arguments(&self, call: &Call, tool: &Tool, misfits: &[Misfit]) -> Called {
        let first = misfits.first();
        let argument = first.map_or("", |misfit| match (&misfit.member, misfit.within.as_str()) {
            (Some(member), "") => member,
            (_, within) => within,
        });
        let problem = Problem::invalid(argument, Misfit::all(misfits));
        Ok(self.perform(call, tool, |_| Err(problem))?)
    }

    fn admits(&self, token: &str) -> bool {
        self.store.look().ledger.admit(token, now()).is_some()
    }

    fn web(&self, asked: &WebRequest<'_>) -> Option<WebAnswer> {
        self.answer(asked)
    }

    fn resources(&self) -> Vec<Resource> {
        resources::list()
    }

    fn read(&self, uri: &str) -> Option<Value> {
        let value = resources::read(&self.store.look(), uri)?;
        Some(json!({ "uri": uri, "mimeType": "application/json", "text": value.to_string() }))
    }
}
