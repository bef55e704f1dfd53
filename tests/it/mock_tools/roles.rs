//! Every tool in a role that may not do everything: what is forbidden fails and has no effect,
//! what is permitted is not forbidden.

use std::collections::BTreeMap;

use mcp_tether_mock::MockRemote;
use serde_json::{Value, json};

use super::checks::{Listed, headers, open, valid};
use super::{Role, Tested};
use crate::support::harness::Harness;

/// Plays all tools of a product in a role.
#[expect(clippy::print_stdout, reason = "the counts are for whoever runs the test by hand")]
pub async fn play(
    tested: &Tested,
    role: &Role,
    listed: &[Listed],
    tools: &BTreeMap<String, Value>,
    wrong: &mut Vec<String>,
) {
    let mut host = acting(tested, role).await;
    let arguments = |line: &Listed| {
        let row = tested.rows.iter().find(|row| row.tool == line.name);
        row.zip(tools.get(line.name)).map_or(json!({}), |(row, tool)| valid(row, tool))
    };
    let (forbidden, permitted): (Vec<_>, Vec<_>) =
        listed.iter().partition(|line| (role.forbids)(line.domain, line.kind));
    println!("{}: {} tools are forbidden as {}", tested.product, forbidden.len(), role.name);
    assert!(!forbidden.is_empty() && !permitted.is_empty(), "{}", role.name);
    let (reads, writes): (Vec<_>, Vec<_>) =
        permitted.into_iter().partition(|line| line.kind == "read");
    let mut before = Vec::new();
    for line in &reads {
        before.push(host.call(line.name, arguments(line)).await["result"].clone());
    }
    for line in &forbidden {
        // Nobody learns from mistakes what they may not do.
        for arguments in [arguments(line), json!({ "no_such_argument": 1 })] {
            let result = host.call(line.name, arguments).await["result"].clone();
            if result["isError"] != true || code(tested, &result) != role.forbidden {
                wrong.push(format!("{}: may be used as {}: {result}", line.name, role.name));
            }
        }
    }
    for (line, before) in reads.iter().zip(before) {
        let after = host.call(line.name, arguments(line)).await["result"].clone();
        if after["isError"] == true || after != before {
            let role = role.name;
            wrong.push(format!("{}: {before} became {after} as {role}", line.name));
        }
    }
    for line in writes {
        let result = host.call(line.name, arguments(line)).await["result"].clone();
        if !result["content"].is_array() || code(tested, &result) == role.forbidden {
            wrong.push(format!("{}: is forbidden as {}: {result}", line.name, role.name));
        }
    }
}

fn code(tested: &Tested, result: &Value) -> String {
    (tested.error)(result).unwrap_or_default()
}

/// A bridge to fresh data that sends the role's credential.
async fn acting(tested: &Tested, role: &Role) -> Harness {
    let mock = MockRemote::start((tested.options)()).unwrap();
    let url = mock.url();
    let (name, value) = (role.credential)(url.clone(), role.name).await;
    let mut host = Harness::reaching(mock, url, |options| {
        headers(&mut options.remote, &[(name, &value)]);
    });
    open(&mut host).await;
    host
}
