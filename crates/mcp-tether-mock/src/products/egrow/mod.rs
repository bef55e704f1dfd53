//! `egrow`: an order desk for online shops. Its tools work on seeded data that they change. A tool
//! is a file, named in the list of its domain. The types of results are in `shapes`; the GraphQL
//! schema is derived from tools and types.

mod analytics;
mod audit;
mod catalogue;
mod confirm;
#[cfg(test)]
mod consistency;
mod customers;
mod desk;
mod desk_error;
mod discovery;
mod entry;
mod graphql;
mod intent;
mod limits;
mod model;
mod orders;
mod pipelines;
mod search;
mod seed;
mod seed_tables;
mod shapes;
mod types;
mod views;
mod workflows;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::confirm::Confirmations;
use self::desk::Desk;
use self::desk_error::{DeskError, DeskResult};
use self::discovery::entries;
use self::entry::{Caller, Entry, Run};
use self::limits::RateLimits;
use crate::date::Date;
use crate::options::MockOptions;
use crate::product::CallContext;
use crate::product::field::ToolInput;
use crate::product::{
    Arguments, EndpointPaths, Habits, Misfit, MockProduct, Offers, Profile, ToolOutcome,
    ToolResult, ToolSpec,
};
use crate::stored_data::{DataFileError, StoredData};
use mcp_tether_wire::protocol::methods;

/// The order desk: its data, and the state of its callers.
pub(crate) struct Egrow {
    tools: Vec<Arc<ToolSpec>>,
    desk: StoredData<Desk>,
    /// The current day, if one was chosen; otherwise the real one.
    chosen_day: Option<Date>,
    limits: RateLimits,
    confirmations: Confirmations,
}

impl Egrow {
    /// Opens the product with data drawn from the seed, or from the data file.
    pub(crate) fn open(options: &MockOptions) -> Result<Self, DataFileError> {
        graphql::offer(entries());
        let day = options.today.unwrap_or_else(Date::today);
        Ok(Self {
            tools: entries().map(Entry::to_tool).map(Arc::new).collect(),
            desk: StoredData::open(options.data.as_ref(), || seed::desk(options.seed, day))?,
            chosen_day: options.today,
            limits: RateLimits::default(),
            confirmations: Confirmations::new(options.seed),
        })
    }

    fn today(&self) -> Date {
        self.chosen_day.unwrap_or_else(Date::today)
    }

    async fn run(&self, call: &CallContext, entry: &Entry, arguments: &Value) -> DeskResult {
        self.limits.count(&call.credential, entry.class, Instant::now())?;
        let input = ToolInput(arguments);
        let caller = &Caller { credential: &call.credential, today: self.today() };
        if self.desk.look().today != self.today() {
            self.desk.change(|desk| desk.begin(self.today()))?;
        }
        Ok(match entry.run {
            Run::About(about) => about(caller, input)?,
            Run::Read(read) => read(&self.desk.look(), input)?,
            Run::Write(write) => {
                self.desk.change(|desk| desk.run(entry, caller.kind(), input, write))??
            }
            Run::Confirmed { preview, apply } => {
                let summary = preview(&self.desk.look(), input)?;
                if let Some(demand) = self.unconfirmed(call, entry, input, &summary).await? {
                    return Ok(demand);
                }
                self.desk.change(|desk| desk.run(entry, caller.kind(), input, apply))??
            }
        })
    }

    /// Returns the answer that demands a confirmation; `None` if the call was confirmed. A host
    /// that can ask its user must do so, even with a valid token.
    async fn unconfirmed(
        &self,
        call: &CallContext,
        entry: &Entry,
        input: ToolInput<'_>,
        summary: &str,
    ) -> Result<Option<Value>, DeskError> {
        if call.can_ask(methods::ELICIT) {
            return self.ask(call, summary).await.map(|()| None);
        }
        let mut what = json!([entry.name, call.credential, input.0]);
        if let Some(arguments) = what[2].as_object_mut() {
            arguments.remove(confirm::ARGUMENT);
        }
        match input.text(confirm::ARGUMENT) {
            Some(token) => self.confirmations.redeem(token, &what, Instant::now()).map(|()| None),
            None => Ok(Some(self.confirmations.issue(what, summary, Instant::now()))),
        }
    }

    async fn ask(&self, call: &CallContext, summary: &str) -> Result<(), DeskError> {
        let params = json!({
            "message": format!("{summary}. This cannot be undone. Go ahead?"),
            "requestedSchema": {
                "type": "object",
                "properties": { "confirm": { "type": "boolean", "title": "Yes, do it" } },
                "required": ["confirm"],
            },
        });
        match call.ask(methods::ELICIT, &params).answer().await {
            Some(Ok(answer))
                if answer["action"] == "accept" && answer["content"]["confirm"] == true =>
            {
                Ok(())
            }
            Some(Ok(_)) => Err(DeskError::declined("the user did not agree")),
            Some(Err(_)) | None => Err(DeskError::declined("the user could not be asked")),
        }
    }
}

fn result(reply: DeskResult) -> ToolResult {
    match reply {
        Ok(value) => ToolResult::value(&value),
        Err(problem) => ToolResult::value(&problem.to_json()).failed(),
    }
}

impl MockProduct for Egrow {
    fn profile(&self) -> Profile {
        Profile {
            name: "egrow",
            title: "eGrow",
            version: "1.0.0",
            paths: EndpointPaths::default(),
            habits: Habits::default(),
            instructions: "An order desk for online shops: orders, customers, products. Start with \
                `describe_capabilities`; tasks of several steps have a playbook in `get_workflow`. \
                Amounts are in minor units of the account's currency, see `whoami`. What cannot be \
                undone has to be confirmed.",
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
        let entry = entries().find(|entry| entry.name == tool.name);
        Box::pin(async move {
            match entry {
                Some(entry) => Ok(result(self.run(call, entry, arguments.value).await)),
                None => Err(self.unknown_tool(&tool.name)),
            }
        })
    }

    fn invalid_arguments(
        &self,
        _call: &CallContext,
        tool: &ToolSpec,
        misfits: &[Misfit],
    ) -> ToolOutcome {
        let example = entries().find(|entry| entry.name == tool.name).map(|entry| entry.example);
        let hint = format!("correct the arguments, for example {}", example.unwrap_or("{}"));
        Ok(result(Err(DeskError::invalid(Misfit::all(misfits), hint))))
    }
}
