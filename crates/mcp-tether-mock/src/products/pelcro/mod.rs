//! `pelcro`: subscriptions, billing and goods of publishers, as Pelcro's Core API has them. Twenty
//! resources over the table engine of `records`; adding a tool is a row beside its neighbours.
//!
//! Every account has its own records, so that a token of one account cannot find any record of
//! another.

mod accounts;
mod addresses;
mod api_format;
mod bills;
mod charges;
mod coupons;
mod customers;
mod events;
mod exports;
mod goods;
mod invoices;
mod memberships;
mod newsletters;
mod orders;
mod paying;
mod payment_methods;
mod plans;
mod refunds;
mod seed;
mod seed_tables;
mod seeding;
mod size_limit;
mod subscriptions;
mod taxes;
mod totals;
mod trade;
mod vendors;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::api_format::API_FORMAT;
use crate::date::Date;
use crate::options::MockOptions;
use crate::product::CallContext;
use crate::product::field::ToolInput;
use crate::product::records::{self, Records};
use crate::product::{
    Arguments, EndpointPaths, Habits, Misfit, MockProduct, Offers, Profile, ToolOutcome,
    ToolResult, ToolSpec, WebAnswer, WebRequest,
};
use crate::product_name::PELCRO_ACCOUNTS;
use crate::rpc_error::RpcError;
use crate::stored_data::{DataFileError, NotKept, StoredData};

/// The environment that the product runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deployment {
    Production,
    Staging,
}

impl Deployment {
    /// Returns its name in `/health`.
    fn name(self) -> &'static str {
        match self {
            Self::Production => "prd",
            Self::Staging => "stg",
        }
    }
}

const VERSION: &str = "1.2.1";

/// The records of each account, by its name.
type Accounts = BTreeMap<String, Records>;

/// Pelcro with all its accounts.
pub(crate) struct Pelcro {
    environment: Deployment,
    tools: Vec<Arc<ToolSpec>>,
    accounts: StoredData<Accounts>,
    /// The current day, if one was chosen; otherwise the real one.
    chosen_day: Option<Date>,
}

impl Pelcro {
    /// Opens the product with data drawn from the seed, or from the data file.
    pub(crate) fn open(
        options: &MockOptions,
        environment: Deployment,
    ) -> Result<Self, DataFileError> {
        let day = options.today.unwrap_or_else(Date::today);
        let seeded = seed::accounts(options.seed, day, environment.name());
        Ok(Self {
            environment,
            tools: tools(&seeded),
            accounts: StoredData::open(options.data.as_ref(), || seeded)?,
            chosen_day: options.today,
        })
    }

    fn today(&self) -> Date {
        self.chosen_day.unwrap_or_else(Date::today)
    }

    /// Runs a call; returns its answer, or the body of an error.
    fn run(
        &self,
        credential: &str,
        tool: &str,
        arguments: &Value,
    ) -> Result<Result<Value, Value>, NotKept> {
        let Some(row) = API_FORMAT.tool(tool) else {
            return Ok(Err(json!({ "status": 404, "message": "There is no such tool." })));
        };
        let (name, today) = (account_of(credential), self.today());
        if let Some(records) = self.accounts.look().get(&name)
            && row.1.only_looks()
            && !is_behind(records, today)
        {
            let read = || records::read(&API_FORMAT, row, records, ToolInput(arguments));
            let done = accounts::check(records, row.0, arguments).and_then(|()| read());
            return Ok(done.map_err(|trouble| api_format::error(&trouble)));
        }
        self.accounts.change(|accounts| {
            let Some(records) = accounts.get_mut(&name) else {
                let message = "The token is for no account of this server.";
                return Err(json!({ "status": 401, "message": message }));
            };
            if is_behind(records, today) {
                seed::catch_up(records, today);
            }
            let write = |records| records::write(&API_FORMAT, row, records, ToolInput(arguments));
            let done = accounts::check(records, row.0, arguments).and_then(|()| write(records));
            done.map_err(|trouble| api_format::error(&trouble))
        })
    }
}

/// Returns whether exports or past days have to be processed before the next call.
fn is_behind(records: &Records, today: Date) -> bool {
    records.today() < today || exports::any_under_way(records)
}

/// Returns the tools, with examples for the first account.
fn tools(accounts: &Accounts) -> Vec<Arc<ToolSpec>> {
    let records = accounts.get(PELCRO_ACCOUNTS[0]).expect("the first account is seeded");
    let rows = API_FORMAT.resources.iter().flat_map(|resource| {
        resource.tools.iter().map(move |row| row.to_tool(resource, &API_FORMAT, records))
    });
    let permitted = rows.map(|mut tool| {
        if let Some(output) = &mut tool.output {
            size_limit::permit(output);
        }
        Arc::new(tool)
    });
    permitted.collect()
}

/// Returns the account of a credential; without a sign-in, the first one.
fn account_of(credential: &str) -> String {
    let account = if credential == "open" { PELCRO_ACCOUNTS[0] } else { credential };
    account.to_owned()
}

impl MockProduct for Pelcro {
    fn profile(&self) -> Profile {
        Profile {
            name: "pelcro",
            title: match self.environment {
                Deployment::Production => "Pelcro",
                Deployment::Staging => "Pelcro (staging)",
            },
            version: VERSION,
            paths: EndpointPaths { mcp: "/", ..EndpointPaths::default() },
            habits: Habits::default(),
            instructions: "Subscriptions, billing and e-commerce of a publisher. Call \
                `get_account` first: nearly every tool needs a `site_id` from it. Amounts are in \
                minor units, times are Unix times. Lists take `page` and `limit`; answers are cut \
                at 25,000 characters.",
            offers: Offers::default(),
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
        let done = self.run(&call.credential, &tool.name, arguments.value);
        let result = done.map_err(RpcError::from).map(|done| match done {
            Ok(value) => ToolResult::value(&size_limit::capped(value)),
            Err(body) => refused(&body),
        });
        Box::pin(std::future::ready(result))
    }

    /// Answers the health check, which needs no sign-in.
    fn web(&self, asked: &WebRequest<'_>) -> Option<WebAnswer> {
        let health = json!({
            "status": "ok", "version": VERSION, "environment": self.environment.name(),
        });
        match (asked.path, asked.method) {
            ("/health", "GET" | "HEAD") => Some(WebAnswer::json(200, &health)),
            ("/health", _) => Some(WebAnswer::not_allowed("GET, HEAD")),
            _ => None,
        }
    }

    fn invalid_arguments(&self, _: &CallContext, _: &ToolSpec, misfits: &[Misfit]) -> ToolOutcome {
        Ok(refused(&api_format::misfits(misfits)))
    }
}

/// Returns an API error. It is not structured content, because it does not match the output schema.
fn refused(body: &Value) -> ToolResult {
    ToolResult::error(body.to_string())
}
