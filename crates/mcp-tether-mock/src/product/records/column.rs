//! Columns of a table: what a record holds, who may write it, and what it refers to.

use super::resource::Resource;
use crate::product::field::{Field, Shape};

/// One member of the records of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
    pub(crate) needed: bool,
    pub(crate) on_create: bool,
    pub(crate) on_update: bool,
    pub(crate) stored: bool,
    pub(crate) hidden: bool,
    pub(crate) filter: bool,
    pub(crate) searched: bool,
    pub(crate) unique: bool,
    /// JSON text.
    pub(crate) default: Option<&'static str>,
    /// How it looks in answers, where that is not how it is written.
    pub(crate) shown: Option<Shape>,
    pub(crate) refers: Option<Reference>,
}

/// That a column holds the id, or the ids, of other records.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) to: &'static Resource,
    pub(crate) when_gone: WhenGone,
}

/// What happens to a record when what it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenGone {
    /// That cannot be deleted.
    Refuse,
    /// It goes too.
    Go,
    /// It refers to nothing from then on.
    Forget,
}

/// A column that callers may write, at creation and later.
pub(crate) const fn col(name: &'static str, shape: Shape, about: &'static str) -> Column {
    Column {
        name,
        shape,
        about,
        needed: false,
        on_create: true,
        on_update: true,
        stored: true,
        hidden: false,
        filter: false,
        searched: false,
        unique: false,
        default: None,
        shown: None,
        refers: None,
    }
}

impl Column {
    /// Has to be there at creation.
    pub(crate) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    /// Stays as it was created.
    pub(crate) const fn fixed(self) -> Self {
        Self { on_update: false, ..self }
    }

    /// Only changed later.
    pub(crate) const fn later(self) -> Self {
        Self { on_create: false, ..self }
    }

    /// Follows from the data, is never written by callers.
    pub(crate) const fn given(self) -> Self {
        Self { on_create: false, on_update: false, ..self }
    }

    /// An argument that is not stored; a rule looks at it.
    pub(crate) const fn asked(self) -> Self {
        Self { stored: false, hidden: true, ..self }
    }

    /// Kept, and never shown.
    pub(crate) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Lists can be narrowed by it.
    pub(crate) const fn filter(self) -> Self {
        Self { filter: true, ..self }
    }

    /// Words are looked for in it.
    pub(crate) const fn searched(self) -> Self {
        Self { searched: true, ..self }
    }

    /// No two records have the same, capitals aside.
    pub(crate) const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// What it is when left out, as JSON.
    pub(crate) const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// How answers show it.
    pub(crate) const fn shown_as(self, shape: Shape) -> Self {
        Self { shown: Some(shape), ..self }
    }

    /// Holds ids of these records, which stay while it does.
    pub(crate) const fn refers(self, to: &'static Resource) -> Self {
        self.referring(to, WhenGone::Refuse)
    }

    /// Belongs to one of these records and goes with it.
    pub(crate) const fn goes_with(self, to: &'static Resource) -> Self {
        self.referring(to, WhenGone::Go)
    }

    /// Holds ids of these records and forgets those that are deleted.
    pub(crate) const fn forgets(self, to: &'static Resource) -> Self {
        self.referring(to, WhenGone::Forget)
    }

    const fn referring(self, to: &'static Resource, when_gone: WhenGone) -> Self {
        Self { refers: Some(Reference { to, when_gone }), ..self }
    }

    /// As an argument.
    pub(crate) const fn field(&self, required: bool) -> Field {
        Field { name: self.name, shape: self.shape, required, about: self.about }
    }
}
