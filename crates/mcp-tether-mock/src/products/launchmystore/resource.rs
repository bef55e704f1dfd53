//! Generic records: a row defines their fields, and the tools that list, get, create, change and
//! delete them are derived from it.

use serde_json::{Value, json};

use super::record::{Record, text};
use super::shop::Shop;
use super::shop_error::{ShopError, ShopResult};
use crate::product::field::{Field, ToolInput};
use crate::product::page::ListPage;
use crate::product::query::Query;

/// A kind of record.
pub(super) struct Resource {
    /// The name of one record, also in results.
    pub(super) word: &'static str,
    /// The name of several records.
    pub(super) plural: &'static str,
    pub(super) prefix: &'static str,
    /// A unique field, which identifies a record as well as its id does.
    pub(super) key: &'static str,
    /// The field from which a missing key is derived.
    pub(super) title: &'static str,
    pub(super) fields: &'static [Field],
    /// The defaults of a new record, as a JSON object.
    pub(super) defaults: &'static str,
    /// The fields that a search looks in.
    pub(super) searched: &'static [&'static str],
    /// Filter arguments of the list, which must equal the shown values.
    pub(super) filters: &'static [Field],
    /// Checks it against the other data.
    pub(super) check: fn(&Shop, &Record) -> Result<(), ShopError>,
    /// Returns the members shown in addition to its fields.
    pub(super) add: fn(&Shop, &Record) -> Record,
    /// Updates everything that refers to a record before it is deleted, or refuses.
    pub(super) leave: fn(&mut Shop, &Record) -> Result<(), ShopError>,
}

/// Accepts any record: the `check` of most resources.
pub(super) fn fine(_: &Shop, _: &Record) -> Result<(), ShopError> {
    Ok(())
}

pub(super) fn free(_: &mut Shop, _: &Record) -> Result<(), ShopError> {
    Ok(())
}

impl Resource {
    /// Returns whether it has this key or id.
    fn is(&self, record: &Record, name: &str) -> bool {
        let name = name.trim();
        text(record, "id") == name || text(record, self.key).eq_ignore_ascii_case(name)
    }

    pub(super) fn find<'a>(&self, shop: &'a Shop, name: &str) -> Result<&'a Record, ShopError> {
        let found = shop.records(self.plural).iter().find(|record| self.is(record, name));
        found.ok_or_else(|| ShopError::not_found(self.word, name, &self.list_tool()))
    }

    /// Returns the name of its list tool: `list_blog_posts` for `blogPosts`.
    fn list_tool(&self) -> String {
        let mut name = "list_".to_owned();
        for letter in self.plural.chars() {
            if letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// Returns a record as answers show it.
    pub(super) fn show(&self, shop: &Shop, record: &Record) -> Value {
        let mut shown = record.clone();
        shown.extend((self.add)(shop, record));
        Value::Object(shown)
    }

    pub(super) fn list(&self, shop: &Shop, input: ToolInput<'_>) -> Value {
        let words = Query::of(input);
        let asked = |shown: &Value| {
            let equal = |field: &Field| match input.0.get(field.name) {
                Some(wanted) => match &shown[field.name] {
                    Value::Array(members) => members.contains(wanted),
                    held => held == wanted,
                },
                None => true,
            };
            let texts: Vec<&str> =
                self.searched.iter().filter_map(|name| shown[*name].as_str()).collect();
            words.matches(&texts) && self.filters.iter().all(equal)
        };
        let all = shop.records(self.plural).iter().map(|record| self.show(shop, record));
        let found: Vec<Value> = all.filter(asked).collect();
        page(input, self.plural, &found, Value::clone)
    }

    pub(super) fn get(&self, shop: &Shop, input: ToolInput<'_>) -> ShopResult {
        let record = self.find(shop, input.needed("id"))?;
        Ok(json!({ self.word: self.show(shop, record) }))
    }

    pub(super) fn create(&self, shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
        let mut record: Record =
            serde_json::from_str(self.defaults).expect("the defaults of our tables are JSON");
        self.set(&mut record, input);
        if text(&record, self.key).is_empty() {
            let key = self.free_key(shop, &slug(text(&record, self.title)));
            record.insert(self.key.to_owned(), key.into());
        }
        self.check_key(shop, &record)?;
        (self.check)(shop, &record)?;
        let now = json!(shop.tick());
        record.insert("id".to_owned(), shop.new_id(self.prefix).into());
        record.insert("createdAt".to_owned(), now.clone());
        record.insert("updatedAt".to_owned(), now);
        shop.records_mut(self.plural).push(record.clone());
        Ok(json!({ self.word: self.show(shop, &record) }))
    }

    pub(super) fn update(&self, shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
        let mut record = self.find(shop, input.needed("id"))?.clone();
        self.set(&mut record, input);
        let defaults: Record =
            serde_json::from_str(self.defaults).expect("the defaults of our tables are JSON");
        for name in input.texts("clear") {
            let field = self.fields.iter().find(|field| field.name == name);
            if !field.is_some_and(|field| !field.required && field.name != self.key) {
                return Err(ShopError::invalid(
                    "clear",
                    format!("`{name}` is not an optional field"),
                ));
            }
            let emptied = defaults.get(name).cloned().unwrap_or(Value::Null);
            record.insert(name.to_owned(), emptied);
        }
        self.check_key(shop, &record)?;
        (self.check)(shop, &record)?;
        record.insert("updatedAt".to_owned(), json!(shop.tick()));
        let id = text(&record, "id").to_owned();
        let place = shop.records_mut(self.plural).iter_mut().find(|old| text(old, "id") == id);
        if let Some(place) = place {
            *place = record.clone();
        }
        Ok(json!({ self.word: self.show(shop, &record) }))
    }

    pub(super) fn delete(&self, shop: &mut Shop, input: ToolInput<'_>) -> ShopResult {
        let record = self.find(shop, input.needed("id"))?.clone();
        (self.leave)(shop, &record)?;
        let id = text(&record, "id");
        shop.tick();
        shop.records_mut(self.plural).retain(|old| text(old, "id") != id);
        Ok(json!({ "deleted": true, "id": id, self.key: record[self.key] }))
    }

    /// Sets the fields that are given.
    fn set(&self, record: &mut Record, input: ToolInput<'_>) {
        for field in self.fields {
            if let Some(given) = input.0.get(field.name) {
                let given = match given {
                    Value::String(text) => text.trim().into(),
                    other => other.clone(),
                };
                record.insert(field.name.to_owned(), given);
            }
        }
    }

    fn check_key(&self, shop: &Shop, record: &Record) -> Result<(), ShopError> {
        let key = text(record, self.key);
        if key.is_empty() {
            return Err(ShopError::invalid(self.key, format!("`{}` must not be empty", self.key)));
        }
        let taken = |other: &Record| {
            text(other, "id") != text(record, "id")
                && text(other, self.key).eq_ignore_ascii_case(key)
        };
        if shop.records(self.plural).iter().any(taken) {
            let message = format!("another {} has the {} `{key}`", self.word, self.key);
            Err(ShopError::conflict(self.key, message))
        } else {
            Ok(())
        }
    }

    /// Returns the key, with a number if it is taken.
    fn free_key(&self, shop: &Shop, wanted: &str) -> String {
        let taken = |key: &str| shop.records(self.plural).iter().any(|r| text(r, self.key) == key);
        free_name(wanted, taken)
    }
}

/// Returns `wanted`, or the first of `wanted-2`, `wanted-3`… that is not taken.
pub(super) fn free_name(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2_u32..).map(|number| format!("{wanted}-{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    names.find(|name| !taken(name)).expect("there are more numbers than records")
}

/// Returns one page of `all` under `name`.
pub(super) fn page<T>(
    input: ToolInput<'_>,
    name: &str,
    all: &[T],
    show: impl Fn(&T) -> Value,
) -> Value {
    let page =
        ListPage::of(all, input.whole("page").unwrap_or(1), input.whole("limit").unwrap_or(20));
    let items: Vec<Value> = page.items.iter().map(show).collect();
    json!({
        name: items,
        "page": page.number,
        "limit": page.size,
        "total": page.total,
        "pageCount": page.total.div_ceil(page.size),
    })
}

/// Returns a title in the form of a URL segment.
pub(super) fn slug(title: &str) -> String {
    let mut slug = String::new();
    for character in title.to_lowercase().chars() {
        if character.is_alphanumeric() {
            slug.push(character);
        } else if character != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_of_letters_and_digits() {
        assert_eq!(slug("  Maya's 2nd — Mug & Cup! "), "mayas-2nd-mug-cup");
        assert_eq!(slug("!!!"), "");
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["mug", "mug-2"];
        assert_eq!(free_name("mug", |name| taken.contains(&name)), "mug-3");
        assert_eq!(free_name("cup", |name| taken.contains(&name)), "cup");
    }
}
