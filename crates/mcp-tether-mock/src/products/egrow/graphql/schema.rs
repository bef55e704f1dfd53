//! The schema, derived from the tables: tools become queries and mutations, their arguments input
//! types, their results object types.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::OnceLock;

use async_graphql::dynamic::{
    Enum, Field as GraphqlField, InputObject, InputValue, Object, Scalar, Schema, SchemaBuilder,
    TypeRef,
};

use super::super::audit;
use super::super::entry::{Domain, Entry, OutputShape, Run};
use super::super::types::{Is, Type, TypeMember, has};
use super::resolve;
use crate::product::field::{Field, Shape};

/// The name of the scalar for any JSON.
const JSON: &str = "JSON";
/// The maximum depth of a document. Introspection by common tools needs 15.
const MAX_DEPTH: usize = 16;
const MAX_COMPLEXITY: usize = 600;

static TOOLS: OnceLock<Vec<&'static Entry>> = OnceLock::new();

/// Sets the tools that GraphQL offers as queries and mutations. Every call passes the same ones.
pub(crate) fn offer(tools: impl Iterator<Item = &'static Entry>) {
    TOOLS.get_or_init(|| tools.filter(|tool| tool.domain != Domain::EscapeHatch).collect());
}

/// Returns the schema of the tools on offer. Built when it is first needed: a mock that is never
/// asked for GraphQL does not pay for it.
pub(super) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(build)
}

fn build() -> Schema {
    let mut building = Building {
        schema: Schema::build("Query", Some("Mutation"), None).register(Scalar::new(JSON)),
        known: BTreeSet::new(),
    };
    let (mut query, mut mutation) = (Object::new("Query"), Object::new("Mutation"));
    let tools = TOOLS.get().into_iter().flatten().copied();
    for entry in tools.chain(audit::QUERIES) {
        match entry.run {
            Run::Read(_) => query = query.field(building.root(entry)),
            Run::Write(_) | Run::Confirmed { .. } => {
                mutation = mutation.field(building.root(entry))
            }
            Run::About(_) => {}
        }
    }
    building
        .schema
        .register(query)
        .register(mutation)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        .finish()
        .expect("the tables name their types and name them once")
}

struct Building {
    schema: SchemaBuilder,
    /// Names of types that are registered.
    known: BTreeSet<String>,
}

impl Building {
    fn root(&mut self, entry: &'static Entry) -> GraphqlField {
        let given = match entry.gives {
            OutputShape::One(of) => {
                self.object(of);
                of.name.to_owned()
            }
            OutputShape::List(of) => self.page(of),
        };
        let tool = Arc::new(entry.to_tool());
        let mut field = GraphqlField::new(
            camel(root_name(entry.name)),
            TypeRef::named_nn(given),
            move |context| resolve::tool(&context, entry, &tool),
        )
        .description(entry.about);
        for argument in entry.fields.iter().copied().flatten() {
            field = field.argument(self.argument(&pascal(entry.name), argument));
        }
        field
    }

    /// Registers a type and all types that it refers to.
    fn object(&mut self, of: &'static Type) {
        if !self.known.insert(of.name.to_owned()) {
            return;
        }
        let mut object = Object::new(of.name).description(of.about);
        for member in of.members() {
            object = object.field(self.member(Some(of), *member));
        }
        self.register(object);
    }

    /// Registers the type of a page, which the list tools return.
    fn page(&mut self, of: &'static Type) -> String {
        let name = format!("{}Page", of.name);
        if self.known.insert(name.clone()) {
            let members = [
                has("items", Is::Many(of)),
                has("page", Is::Whole),
                has("perPage", Is::Whole),
                has("total", Is::Whole),
                has("hasMore", Is::Flag),
            ];
            let mut object = Object::new(&name).description("One page of a list");
            for member in members {
                object = object.field(self.member(None, member));
            }
            self.register(object);
        }
        name
    }

    fn member(&mut self, of: Option<&'static Type>, member: TypeMember) -> GraphqlField {
        let reference = match (member.is, member.is_certain()) {
            (Is::Texts, true) => TypeRef::named_nn_list_nn(TypeRef::STRING),
            (Is::Texts, false) => TypeRef::named_nn_list(TypeRef::STRING),
            (Is::Many(of), true) => TypeRef::named_nn_list_nn(of.name),
            (Is::Many(of), false) => TypeRef::named_nn_list(of.name),
            (is, true) => TypeRef::named_nn(name_of(is)),
            (is, false) => TypeRef::named(name_of(is)),
        };
        if let Is::One(of) | Is::Many(of) = member.is {
            self.object(of);
        }
        GraphqlField::new(member.name, reference, move |context| {
            resolve::member(&context, of, member)
        })
    }

    fn argument(&mut self, within: &str, field: &Field) -> InputValue {
        let named = || format!("{within}{}", pascal(field.name));
        let (name, many) = match field.shape {
            Shape::Whole(..) | Shape::Money | Shape::Id | Shape::Time => {
                (TypeRef::INT.to_owned(), false)
            }
            Shape::Ids => (TypeRef::INT.to_owned(), true),
            Shape::Flag => (TypeRef::BOOLEAN.to_owned(), false),
            Shape::OneOf(values) => (self.choice(named(), values), false),
            Shape::SomeOf(values) => (self.choice(named(), values), true),
            Shape::Texts => (TypeRef::STRING.to_owned(), true),
            Shape::Words | Shape::Scalars | Shape::Data => (JSON.to_owned(), false),
            Shape::Object(fields) => (self.input(named() + "Input", fields), false),
            Shape::Objects(fields) => (self.input(named() + "Input", fields), true),
            _ => (TypeRef::STRING.to_owned(), false),
        };
        let reference = match (many, field.required) {
            (false, false) => TypeRef::named(name),
            (false, true) => TypeRef::named_nn(name),
            (true, false) => TypeRef::named_nn_list(name),
            (true, true) => TypeRef::named_nn_list_nn(name),
        };
        InputValue::new(field.name, reference).description(field.about)
    }

    fn choice(&mut self, name: String, values: &[&'static str]) -> String {
        if self.known.insert(name.clone()) {
            self.register(Enum::new(&name).items(values.iter().copied()));
        }
        name
    }

    fn input(&mut self, name: String, fields: &[Field]) -> String {
        if self.known.insert(name.clone()) {
            let mut input = InputObject::new(&name);
            for field in fields {
                input = input.field(self.argument(name.trim_end_matches("Input"), field));
            }
            self.register(input);
        }
        name
    }

    fn register(&mut self, of: impl Into<async_graphql::dynamic::Type>) {
        let schema = std::mem::replace(&mut self.schema, Schema::build("", None, None));
        self.schema = schema.register(of);
    }
}

fn name_of(is: Is) -> &'static str {
    match is {
        Is::Text | Is::Texts => TypeRef::STRING,
        Is::Whole => TypeRef::INT,
        Is::Flag => TypeRef::BOOLEAN,
        Is::Data => JSON,
        Is::One(of) | Is::Many(of) => of.name,
    }
}

/// Returns the name of a query, which follows its result and not the verb of the tool.
fn root_name(tool: &str) -> &str {
    ["find_", "get_", "list_"].iter().find_map(|verb| tool.strip_prefix(verb)).unwrap_or(tool)
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &pascal(part))
}

fn pascal(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('_').map(part).collect()
}
