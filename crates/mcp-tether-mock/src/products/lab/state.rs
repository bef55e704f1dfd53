//! The state of the lab: counters of past events, and its current tools.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::product::{ToolKind, ToolSpec, entry};

/// One tool of the lab.
pub(super) type Entry = entry::ToolEntry<Lab>;

/// The lab and its state.
pub(crate) struct Lab {
    /// The number of built-in tools, which come first in `tools`.
    built_in: usize,
    /// The tools of the table, then those added at run time.
    tools: Mutex<Vec<Arc<ToolSpec>>>,
    /// How often `act` was carried out.
    acts: AtomicU64,
    /// How many calls of `act_late` were cancelled in time.
    given_up: AtomicU64,
    /// How often the visit of each URL was reported, by the key it was requested under.
    visits: Mutex<HashMap<String, u64>>,
    /// How often the watched resource was touched.
    touches: AtomicU64,
}

impl Lab {
    /// Creates a lab with these tools.
    pub(super) fn with_tools(tools: Vec<Arc<ToolSpec>>) -> Self {
        Self {
            built_in: tools.len(),
            tools: Mutex::new(tools),
            acts: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            visits: Mutex::default(),
            touches: AtomicU64::new(0),
        }
    }

    pub(super) fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::SeqCst)
    }

    pub(super) fn give_up(&self) {
        self.given_up.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts a visit under this key; returns how many there were before.
    pub(super) fn visit(&self, key: &str) -> u64 {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visits = visits.entry(key.to_owned()).or_default();
        *visits += 1;
        *visits - 1
    }

    /// Returns the tools of the table, then those added at run time.
    pub(super) fn tools(&self) -> Vec<Arc<ToolSpec>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the tool with the same name.
    pub(super) fn replace_tool(&self, tool: ToolSpec) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = tools.iter_mut().find(|known| known.name == tool.name) {
            *place = Arc::new(tool);
        }
    }

    pub(super) fn acts(&self) -> u64 {
        self.acts.load(Ordering::SeqCst)
    }

    pub(super) fn act(&self) -> u64 {
        self.acts.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn touches(&self) -> u64 {
        self.touches.load(Ordering::SeqCst)
    }

    pub(super) fn touch(&self) -> u64 {
        self.touches.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Adds a tool that answers its own name; returns false if the name is taken.
    pub(super) fn add_tool(&self, name: &str) -> bool {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if tools.iter().any(|tool| tool.name == name) {
            return false;
        }
        let input = json!({ "type": "object" });
        let description = "answers its own name; was added by a call of `add_tool`";
        let title = name.to_owned();
        tools.push(Arc::new(ToolSpec::new(
            name.to_owned(),
            title,
            description,
            ToolKind::Read,
            input,
        )));
        true
    }

    /// Removes a tool that was added; returns false if there is none with that name.
    pub(super) fn remove_tool(&self, name: &str) -> bool {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tools.len();
        let mut position = 0;
        tools.retain(|tool| {
            position += 1;
            position <= self.built_in || tool.name != name
        });
        tools.len() < before
    }
}
