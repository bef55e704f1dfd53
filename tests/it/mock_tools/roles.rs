//! Every tool in a role that may not do everything: what is forbidden fails and has no effect,
//! what is permitted is not forbidden.

use std::collections::BTreeMap;

use mcp_tether_mock::MockRemote;
use serde_json::{Value, json};

use super::checks::{headers, kind, open, valid};
use super::{Role, Tested};
use crate::support::harness::Harness;

/// Plays all tools of a product in a role.
#[expect(clippy::print_stdout, reason = "the counts are for whoever runs the test by hand")]
pub async fn play(
    tested: &Tested,
    role: &Role,
    tools: &BTreeMap<String, Value>,
    wrong: &mut Vec<String>,
) {
    let mut host = acting(tested, role).await;
    let arguments = |name: &str| valid(tested, &tools[name]);
    let (forbidden, permitted): (Vec<_>, Vec<_>) =
        tools.iter().partition(|(name, tool)| (role.forbids)(name, kind(tool)));
    println!("{}: {} tools are forbidden as {}", tested.product, forbidden.len(), role.name);
    assert!(!forbidden.is_empty() && !permitted.is_empty(), "{}", role.name);
    let (reads, writes): (Vec<_>, Vec<_>) =
        permitted.into_iter().partition(|(_, tool)| kind(tool) == "read");
    let mut before = Vec::new();
    for (name, _) in &reads {
        before.push(host.call(name, arguments(name)).await["result"].clone());
    }
    for (name, _) in &forbidden {
        // Nobody learns from mistakes what they may not do.
        for arguments in [arguments(name), json!({ "no_such_argument": 1 })] {
            let result = host.call(name, arguments).await["result"].clone();
            if result["isError"] != true || code(tested, &result) != role.forbidden {
                wrong.push(format!("{name}: may be used as {}: {result}", role.name));
            }
        }
    }
    for ((name, _), before) in reads.iter().zip(before) {
        let after = host.call(name, arguments(name)).await["result"].clone();
        if after["isError"] == true || after != before {
            let role = role.name;
            wrong.push(format!("{name}: {before} became {after} as {role}"));
        }
    }
    for (name, _) in writes {
        let result = host.call(name, arguments(name)).await["result"].clone();
        if !result["content"].is_array() || code(tested, &result) == role.forbidden {
            wrong.push(format!("{name}: is forbidden as {}: {result}", role.name));
        }
    }
}

fn code(tested: &Tested, result: &Value) -> String {
    (tested.error)(result).unwrap_or_default()
}

/// Returns a bridge to fresh data that sends the role's credential.
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
