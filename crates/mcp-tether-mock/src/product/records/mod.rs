//! A small table engine for products whose tools are mostly lists of things. A [`RecordTable`] is a
//! table with its columns and the tools that work on it; schemas, checks of references and unique
//! values, pages, defaults and what happens to dependents follow from the columns. What is special
//! about a tool is one function beside its row.
//!
//! Knows nothing of a product's words: how errors and lists look is in the product's [`Manners`].

mod act;
mod examples;
mod resource;
mod schemas;
mod store;
mod trouble;

pub(crate) use act::{carry_out, make, read, seen, write};
pub(crate) use resource::{
    Column, Gives, Manners, RecordRules, RecordTable, col, create, delete, get, list, reads,
    update, writes,
};
pub(crate) use store::{Records, number};
pub(crate) use trouble::{RecordError, Reply};
