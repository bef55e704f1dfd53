//! Edits to the members of objects, duplicate members, and nested edits.

use super::*;

fn changed(text: &str, remove: &[&str], added: &[(&str, String)]) -> String {
    let gone = |member: &Member<'_>| {
        if remove.contains(&member.name.as_str()) { Change::Remove } else { Change::Keep }
    };
    Object::parse(text).unwrap().rewritten(gone, added)
}

/// T-03
#[test]
#[expect(clippy::type_complexity, reason = "a table")]
fn members_go_and_come_and_everything_else_keeps_its_bytes() {
    let one = [("n", "1".to_owned())];
    let cases: [(&str, &[&str], &[(&str, String)], &str); 9] = [
        (r#"{ "a" : 1.10 , "b":2 }"#, &["a"], &[], r#"{ "b":2 }"#),
        (r#"{ "a" : 1.10 , "b":2 }"#, &["b"], &[], r#"{ "a" : 1.10 }"#),
        (r#"{"a":1,"b":2,"c":3}"#, &["b", "c"], &[], r#"{"a":1}"#),
        (r#"{"a":1,"b":2,"c":3}"#, &["a", "b", "c"], &[], "{}"),
        (r#"{"a":1,"b":2}"#, &["a", "b"], &one, r#"{"n":1}"#),
        (r#"{"a":1,"b":2}"#, &["a"], &one, r#"{"n":1,"b":2}"#),
        ("{}", &[], &one, r#"{"n":1}"#),
        (" { } ", &[], &one, r#" {"n":1 } "#),
        (r#"{"\u0061":"x\"}","b":[{"a":1}]}"#, &["a"], &[], r#"{"b":[{"a":1}]}"#),
    ];
    for (text, remove, added, expected) in cases {
        assert_eq!(changed(text, remove, added), expected, "{text}");
    }
}

#[test]
fn edits_within_a_member_count_from_the_start_of_the_message() {
    let message = r#"{"id":1,"result":{"_meta":{"x":1,"y":2},"content":[]}}"#;
    let outer = Object::parse(message).unwrap();
    let result = outer.get("result").unwrap();
    let offset = outer.range_of(result).start;
    let result = Object::parse(result).unwrap();
    let meta = result.get("_meta").unwrap();
    let at = offset + result.range_of(meta).start;
    let inner = Object::parse(meta).unwrap().rewrite(
        at,
        |m| if m.name == "x" { Change::Remove } else { Change::Keep },
        &[],
    );
    let edits = result.rewrite(
        offset,
        |m| if m.name == "_meta" { Change::Within(inner.clone()) } else { Change::Keep },
        &[],
    );
    let expected = r#"{"id":1,"result":{"_meta":{"y":2},"content":[]}}"#;
    assert_eq!(apply(message, &edits).unwrap(), expected);
}

/// T-13, T-03
#[test]
fn the_last_member_of_a_name_decides_and_earlier_ones_go_only_with_a_change() {
    let text = r#"{"a":1,"\u0061":2,"b":3,"a":4,"c":5}"#;
    let object = Object::parse(text).unwrap();
    let asked = std::cell::RefCell::new(Vec::new());
    let changed = |change: Change| {
        object.rewritten(
            |member| {
                asked.borrow_mut().push(member.value.to_owned());
                if member.name == "a" { change.clone() } else { Change::Keep }
            },
            &[],
        )
    };
    assert_eq!(changed(Change::Keep), text);
    assert_eq!(asked.take(), ["5", "4", "3"], "once per name, about its last member");
    assert_eq!(changed(Change::Within(Vec::new())), text);
    assert_eq!(changed(Change::Remove), r#"{"b":3,"c":5}"#);
    assert_eq!(changed(Change::Replace("6".to_owned())), r#"{"b":3,"a":6,"c":5}"#);
    let at = text.find('4').unwrap();
    let within = Change::Within(vec![(at..at + 1, "[4]".into())]);
    assert_eq!(changed(within), r#"{"b":3,"a":[4],"c":5}"#);
    assert!(object.has_duplicate("a") && !object.has_duplicate("b"));
}

/// T-13
#[test]
fn an_added_member_replaces_all_of_its_name() {
    let text = r#"{"a":1,"b":2,"a":3}"#;
    assert_eq!(changed(text, &[], &[("a", "4".to_owned())]), r#"{"a":4,"b":2}"#);
}

/// S-12, T-13
#[test]
fn many_duplicate_members_are_rewritten_in_linear_time() {
    let members: Vec<String> = (0..200_000).map(|at| format!("\"{}\":1", at % 100)).collect();
    let text = format!("{{{}}}", members.join(","));
    let began = std::time::Instant::now();
    let out = Object::parse(&text).unwrap().rewritten(|_| Change::Replace("2".into()), &[]);
    assert_eq!(Object::parse(&out).unwrap().members().len(), 100);
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
}

/// T-03: a name that no Rust string can hold hides no other member.
#[test]
fn a_member_whose_name_is_half_a_surrogate_pair_is_a_member() {
    let text = r#"{"\ud800":1,"a":2}"#;
    assert_eq!(changed(text, &["a"], &[]), r#"{"\ud800":1}"#);
}

#[test]
fn what_is_no_object_has_no_members() {
    for text in ["[]", "1", "null", "\"{}\""] {
        assert!(Object::parse(text).is_none(), "{text}");
    }
}

proptest::proptest! {
    /// T-13
    #[test]
    fn any_duplicate_members_and_any_change_leave_json(
        names in proptest::collection::vec(0_usize..4, 0..24),
        changes in proptest::collection::vec(0_u8..4, 4),
        adds in proptest::bool::ANY,
    ) {
        const SPELLINGS: [[&str; 2]; 4] =
            [["a", "\\u0061"], ["b", "b"], ["c/", "c\\/"], ["\u{e9}", "\\u00e9"]];
        let parts: Vec<String> = names.iter().enumerate().map(|(at, name)| {
            format!("\"{}\" : {{\"in\":{at}}}", SPELLINGS[*name][at % 2])
        }).collect();
        let text = format!("{{{}}}", parts.join(" , "));
        let object = Object::parse(&text).unwrap();
        let change = |member: &Member<'_>| {
            let name = SPELLINGS.iter().position(|[name, _]| *name == member.name).unwrap();
            let start = object.range_of(member.value).start;
            match changes[name] {
                0 => Change::Keep,
                1 => Change::Remove,
                2 => Change::Replace("true".to_owned()),
                _ => Change::Within(vec![(start + 1..start + 5, "\"out\"".into())]),
            }
        };
        let added = [("a", "null".to_owned())];
        let added = if adds { &added[..] } else { &[] };
        let out = apply(&text, &object.rewrite(0, change, added)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let out = Object::parse(&out).unwrap();
        for (name, [plain, _]) in SPELLINGS.iter().enumerate() {
            let last = names.iter().rposition(|other| *other == name);
            let expected = match (last, changes[name]) {
                _ if adds && name == 0 => Some(serde_json::json!(null)),
                (None, _) | (_, 1) => None,
                (Some(at), 0) => Some(serde_json::json!({ "in": at })),
                (Some(_), 2) => Some(serde_json::json!(true)),
                (Some(at), _) => Some(serde_json::json!({ "out": at })),
            };
            proptest::prop_assert_eq!(value.get(*plain), expected.as_ref());
            let changed = changes[name] != 0 || adds && name == 0;
            proptest::prop_assert!(!changed || !out.has_duplicate(plain));
        }
    }

    #[test]
    fn every_choice_of_members_leaves_json_with_the_others(
        names in proptest::collection::vec("[a-e\"\\\\\u{e9}]{1,3}", 0..6),
        mask in proptest::num::u8::ANY,
        space in "[ ]{0,2}",
    ) {
        let mut unique = names;
        unique.sort();
        unique.dedup();
        let parts: Vec<String> = unique.iter().enumerate().map(|(at, name)| {
            format!("{space}{}{space}:{space}{at}", serde_json::Value::from(name.as_str()))
        }).collect();
        let text = format!("{{{}{space}}}", parts.join(","));
        let gone: Vec<&str> = unique.iter().enumerate()
            .filter(|(at, _)| mask & (1 << at) != 0).map(|(_, name)| name.as_str()).collect();
        let out = changed(&text, &gone, &[("new", "true".to_owned())]);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        let map = value.as_object().unwrap();
        proptest::prop_assert_eq!(map.len(), unique.len() - gone.len() + 1);
        proptest::prop_assert!(gone.iter().all(|name| !map.contains_key(*name)));
    }
}
