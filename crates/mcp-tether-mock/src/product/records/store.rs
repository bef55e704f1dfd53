//! The records themselves: tables of JSON objects in order of creation, and the time. All of it can
//! be serialized, which keeps a product's data over a restart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record_error::RecordError;
use crate::date::Date;
use crate::product::moment::Moment;

/// The data of a product, or of one of its accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Records {
    tables: BTreeMap<String, TableRows>,
    /// Added to the number of every table's first record.
    offset: u64,
    /// Advances with every change, so that the same calls give the same data.
    clock: i64,
    /// The tables as they were before the current attempt changed them.
    #[serde(skip)]
    before: Option<BTreeMap<String, TableRows>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct TableRows {
    rows: Vec<Value>,
    /// How many records were ever created: numbers are never reused.
    made: u64,
}

/// The facts about a table that the store needs.
pub(crate) trait TableKey {
    /// Returns the name under which its records are stored.
    fn name(&self) -> &'static str;

    /// Returns the name of one record in messages.
    fn one(&self) -> &'static str;

    /// Returns the number of the first record, before the offset of the account.
    fn first_number(&self) -> u64;

    /// Returns the prefix of ids; without one they are numbers.
    fn id_prefix(&self) -> Option<&'static str>;
}

impl<T: TableKey + ?Sized> TableKey for &T {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn one(&self) -> &'static str {
        (**self).one()
    }

    fn first_number(&self) -> u64 {
        (**self).first_number()
    }

    fn id_prefix(&self) -> Option<&'static str> {
        (**self).id_prefix()
    }
}

impl Records {
    pub(crate) fn new(now: Moment, offset: u64) -> Self {
        Self { tables: BTreeMap::new(), offset, clock: now.0, before: None }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.clock)
    }

    pub(crate) fn today(&self) -> Date {
        self.now().day()
    }

    /// Advances the time to `now`, if it is earlier.
    pub(crate) fn advance_to(&mut self, now: Moment) {
        self.clock = self.clock.max(now.0);
    }

    /// Advances the time for the next change, and returns it.
    pub(crate) fn tick(&mut self) -> Moment {
        self.clock += 1;
        self.now()
    }

    pub(crate) fn all(&self, of: &impl TableKey) -> &[Value] {
        self.tables.get(of.name()).map_or(&[], |table| &table.rows)
    }

    /// Returns the records whose member has this value.
    pub(crate) fn with<'a>(
        &'a self,
        of: &impl TableKey,
        member: &'static str,
        value: &'a Value,
    ) -> impl Iterator<Item = &'a Value> {
        self.all(of).iter().filter(move |record| record[member] == *value)
    }

    pub(crate) fn get(&self, of: &impl TableKey, id: &Value) -> Option<&Value> {
        self.all(of).iter().find(|record| record["id"] == *id)
    }

    pub(crate) fn find(&self, of: &impl TableKey, id: &Value) -> Result<&Value, RecordError> {
        self.get(of, id).ok_or_else(|| RecordError::not_found(of.one(), id))
    }

    /// Returns an id that no record of this table ever had.
    pub(crate) fn new_id(&mut self, of: &impl TableKey) -> Value {
        let first = of.first_number() + self.offset;
        let table = self.rows(of);
        let number = first + table.made;
        table.made += 1;
        of.id_prefix().map_or_else(|| number.into(), |prefix| format!("{prefix}_{number}").into())
    }

    pub(crate) fn insert(&mut self, of: &impl TableKey, record: Value) {
        self.rows(of).rows.push(record);
    }

    pub(crate) fn change(
        &mut self,
        of: &impl TableKey,
        id: &Value,
        change: impl FnOnce(&mut Value),
    ) -> Result<(), RecordError> {
        let rows = &mut self.rows(of).rows;
        let found = rows.iter_mut().find(|record| record["id"] == *id);
        found.map(change).ok_or_else(|| RecordError::not_found(of.one(), id))
    }

    pub(crate) fn remove(&mut self, of: &impl TableKey, id: &Value) {
        self.rows(of).rows.retain(|record| record["id"] != *id);
    }

    /// Runs `work`, and undoes its changes if it fails.
    pub(crate) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        let clock = self.clock;
        self.before = Some(BTreeMap::new());
        let done = work(self);
        let before = self.before.take().unwrap_or_default();
        if done.is_err() {
            self.tables.extend(before);
            self.clock = clock;
        }
        done
    }

    fn rows(&mut self, of: &impl TableKey) -> &mut TableRows {
        let table = self.tables.entry(of.name().to_owned()).or_default();
        if let Some(before) = &mut self.before
            && !before.contains_key(of.name())
        {
            before.insert(of.name().to_owned(), table.clone());
        }
        table
    }
}

/// Returns an integer member of a record; 0 if absent.
pub(crate) fn number(record: &Value, member: &str) -> i64 {
    record[member].as_i64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resource::RecordTable;
    use super::*;
    use crate::product::records::RecordRules;

    static THINGS: RecordTable = RecordTable {
        table: "things",
        one: "thing",
        id: "thing_id",
        prefix: None,
        within: None,
        first: 10,
        columns: &[],
        rules: RecordRules::NONE,
        tools: &[],
    };

    #[test]
    fn a_failed_change_is_undone_and_numbers_are_not_reused() {
        let mut records = Records::new(Moment(5), 100);
        let first = records.new_id(&THINGS);
        records.insert(&THINGS, json!({ "id": first, "name": "a" }));
        let before = serde_json::to_value(&records).unwrap();
        let failed: Result<(), RecordError> = records.attempt(|records| {
            records.tick();
            records.change(&THINGS, &first, |thing| thing["name"] = "b".into())?;
            let second = records.new_id(&THINGS);
            records.insert(&THINGS, json!({ "id": second }));
            Err(RecordError::state("no"))
        });
        assert_eq!(failed, Err(RecordError::state("no")));
        assert_eq!(serde_json::to_value(&records).unwrap(), before);
        records.remove(&THINGS, &first);
        assert_eq!(records.new_id(&THINGS), 111);
    }
}
