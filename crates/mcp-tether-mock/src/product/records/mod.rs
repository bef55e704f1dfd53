//! A small table engine for products whose tools are mostly lists of things. A [`RecordTable`] is a
//! table with its columns and the tools that work on it; schemas, checks of references and unique
//! values, pages, defaults and the fate of dependent records follow from the columns. A special
//! tool has one function beside its row.
//!
//! Knows nothing of a product's format: how errors and lists look is in the product's
//! [`ApiFormat`].

mod act;
mod examples;
mod record_error;
mod resource;
mod schemas;
mod store;

pub(crate) use act::{carry_out, make, read, seen, write};
pub(crate) use record_error::{RecordError, RecordResult};
pub(crate) use resource::{
    ApiFormat, Column, RecordOutput, RecordRules, RecordTable, col, create, delete, get, list,
    reads, update, writes,
};
pub(crate) use store::{Records, number};
