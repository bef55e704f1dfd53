//! The tool `health_check`: tells the version, whether the data can be reached and how many
//! tools there are.

use serde_json::json;

use super::entries;
use crate::products::egrow::desk::Desk;
use crate::products::egrow::desk_error::DeskResult;
use crate::products::egrow::entry::{Class, Domain, Entry, OutputShape, Run};
use crate::products::egrow::graphql;
use crate::products::egrow::shapes::HEALTH;

pub(super) const TOOL: Entry = Entry {
    name: "health_check",
    title: "Health check",
    domain: Domain::Discovery,
    class: Class::Discovery,
    about: "Tells the version, whether the data can be reached and how many tools there are",
    when_to_use: "calls fail and you want to know whether the service is well",
    when_not_to_use: "everything works",
    example: "{}",
    fields: &[],
    gives: OutputShape::One(&HEALTH),
    run: Run::Read(|desk, _| health(desk)),
};

fn health(desk: &Desk) -> DeskResult {
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "data": { "reachable": true },
        "graphql": graphql::health(desk),
        "toolCount": entries().count(),
    }))
}
