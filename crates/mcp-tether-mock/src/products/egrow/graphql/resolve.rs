//! Resolves the fields of GraphQL objects. Members that the object does not contain are looked up
//! by id, which is how objects link to each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::dynamic::{FieldFuture, FieldValue, ResolverContext};
use async_graphql::{Error, ErrorExtensions, Result, Value as GraphqlValue};
use serde_json::{Map, Value};

use super::super::desk::Desk;
use super::super::desk_error::DeskError;
use super::super::entry::{Entry, Run};
use super::super::types::{Is, Type, TypeMember};
use crate::product::field::ToolInput;
use crate::product::{Misfit, ToolSpec};

/// The limit on resolved fields of one operation: depth and complexity limit the document, this
/// limits the size of its lists.
const MAX_FIELDS: usize = 50_000;

/// The data while one operation runs on them.
pub(super) struct Sitting {
    desk: Mutex<Desk>,
    left: AtomicUsize,
}

impl Sitting {
    pub(super) fn new(desk: Desk) -> Self {
        Self { desk: Mutex::new(desk), left: AtomicUsize::new(MAX_FIELDS) }
    }

    fn of<'a>(context: &ResolverContext<'a>) -> Result<&'a Self> {
        Ok(context.ctx.data::<Arc<Self>>()?.as_ref())
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the data after the operation.
    pub(super) fn into_desk(self: Arc<Self>) -> Desk {
        match Arc::try_unwrap(self) {
            Ok(alone) => alone.desk.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => shared.desk().clone(),
        }
    }

    fn touch(&self) -> Result<()> {
        let touched = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        touched.map(|_| ()).map_err(|_| {
            let message = format!("the operation touches more than {MAX_FIELDS} fields");
            Error::new(message)
                .extend_with(|_, more| more.set("hint", "ask for smaller pages or fewer fields"))
        })
    }
}

/// Resolves a member of an object.
pub(super) fn member<'a>(
    context: &ResolverContext<'a>,
    of: Option<&Type>,
    member: TypeMember,
) -> FieldFuture<'a> {
    ready(value_of(context, of, member).map(|value| shown(member.is, value)))
}

fn value_of(context: &ResolverContext<'_>, of: Option<&Type>, member: TypeMember) -> Result<Value> {
    let sitting = Sitting::of(context)?;
    sitting.touch()?;
    let thing = context.parent_value.try_downcast_ref::<Value>()?;
    let held = |name: &str| match (thing.get(name), of.and_then(|of| of.find)) {
        (Some(value), _) => Some(value.clone()),
        (None, Some(find)) => {
            find(&sitting.desk(), thing["id"].as_str()?)?.get_mut(name).map(Value::take)
        }
        (None, None) => None,
    };
    let Some(by) = member.link() else {
        return Ok(held(member.name).unwrap_or_default());
    };
    let (Is::One(to), Some(Value::String(id))) = (member.is, held(by)) else {
        return Ok(Value::Null);
    };
    Ok(to.find.and_then(|find| find(&sitting.desk(), &id)).unwrap_or_default())
}

/// Resolves a query or mutation by running its tool.
pub(super) fn tool<'a>(
    context: &ResolverContext<'a>,
    entry: &Entry,
    tool: &ToolSpec,
) -> FieldFuture<'a> {
    ready(called(context, entry, tool).map(|value| Some(FieldValue::owned_any(value))))
}

fn called(context: &ResolverContext<'_>, entry: &Entry, tool: &ToolSpec) -> Result<Value> {
    let sitting = Sitting::of(context)?;
    sitting.touch()?;
    let arguments = context.args.as_index_map().iter();
    let mut given = Map::new();
    for (name, value) in arguments {
        given.insert(name.to_string(), value.clone().into_json()?);
    }
    let given = without_nulls(Value::Object(given));
    let misfits = tool.misfits(&given);
    if !misfits.is_empty() {
        let hint = format!("the arguments of `{}` are the same as here", entry.name);
        return Err(error(&DeskError::invalid(Misfit::all(&misfits), hint)));
    }
    let mut desk = sitting.desk();
    let input = ToolInput(&given);
    let reply = match entry.run {
        Run::Read(read) => read(&desk, input),
        Run::Write(write) => write(&mut desk, input),
        Run::Confirmed { apply, .. } => apply(&mut desk, input),
        Run::About(_) => {
            Err(DeskError::invalid("this is not about data", "use the tool of that name"))
        }
    };
    reply.map_err(|problem| error(&problem))
}

fn error(problem: &DeskError) -> Error {
    let told = problem.to_json();
    let text = |name: &str| told["error"][name].as_str().unwrap_or_default().to_owned();
    Error::new(text("message")).extend_with(|_, more| {
        more.set("code", text("code"));
        more.set("hint", text("hint"));
    })
}

/// Removes nulls: in GraphQL, null means that an argument is left out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn shown(is: Is, value: Value) -> Option<FieldValue<'static>> {
    match (is, value) {
        (_, Value::Null) => None,
        (Is::One(_), thing) => Some(FieldValue::owned_any(thing)),
        (Is::Many(_), Value::Array(things)) => {
            Some(FieldValue::list(things.into_iter().map(FieldValue::owned_any)))
        }
        (_, value) => GraphqlValue::from_json(value).ok().map(FieldValue::value),
    }
}

fn ready<'a>(value: Result<Option<FieldValue<'a>>>) -> FieldFuture<'a> {
    FieldFuture::new(std::future::ready(value))
}
