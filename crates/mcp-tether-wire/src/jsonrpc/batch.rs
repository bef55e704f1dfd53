//! The members of a batch (revision 2025-03-26), bounded in number: a member of two bytes takes
//! hundreds of bytes of memory once it is parsed (S-37).

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most members that a batch may have.
pub const MAX_BATCH_MEMBERS: usize = 1000;

/// The texts of the members. The whole batch is read, so that text that is not JSON is noticed;
/// only [`MAX_BATCH_MEMBERS`] of its members are stored.
pub(super) struct BatchMembers<'a> {
    pub(super) texts: Vec<&'a RawValue>,
    pub(super) has_too_many: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for BatchMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = BatchMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while texts.len() < MAX_BATCH_MEMBERS {
            let Some(text) = members.next_element()? else {
                return Ok(BatchMembers { texts, has_too_many: false });
            };
            texts.push(text);
        }
        let has_too_many = members.next_element::<IgnoredAny>()?.is_some();
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(BatchMembers { texts, has_too_many })
    }
}
