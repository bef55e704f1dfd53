//! `--merge-pages`: whole lists for hosts that read only the first page. The bridge follows
//! `nextCursor`. If a page fails, the host gets the pages before it and the cursor of the failed
//! one (E-26).

use serde::Deserialize;
use tokio::time::Instant;

use super::list_pages::ListPages;
use crate::bridge::Bridge;
use crate::bridge::host_side::request::HostRequest;
use crate::bridge::remote_side::in_flight::Purpose;
use crate::bridge::session::slots::SlotId;
use crate::eras::MergePages;
use crate::jsonrpc::{Change, Message, Object, RequestId};
use crate::protocol::{meta, methods};

/// Lists that come in pages, and the member of their result that holds the items.
const LISTS: [(&str, &str); 4] = [
    (methods::TOOLS_LIST, "tools"),
    (methods::PROMPTS_LIST, "prompts"),
    (methods::RESOURCES_LIST, "resources"),
    (methods::RESOURCE_TEMPLATES_LIST, "resourceTemplates"),
];

/// Name prefixes of hosts that read only the first page of some lists: their current `clientInfo`
/// names, and their programs' names (docs/hosts/README.md#pages-of-lists).
const HOSTS_OF_ONE_PAGE: [&str; 3] = ["gemini-cli", "qwen-cli", "qwen-code"];

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

impl Bridge {
    /// Handles the response to a request that may be a paginated list. Gives both back when the
    /// host can be answered; otherwise requests the next page.
    pub(in crate::bridge) fn handle_list_page(
        &mut self,
        slot: SlotId,
        mut request: HostRequest,
        answer: Message,
    ) -> Option<(HostRequest, Message)> {
        let pages = match request.pages.take() {
            Some(mut pages) => {
                if !pages.add(&answer) {
                    let merged = pages.merged();
                    return Some((request, merged.unwrap_or(pages.first)));
                }
                pages
            }
            None => match self.first_of_pages(slot, &request, &answer) {
                Some(pages) => Box::new(pages),
                None => return Some((request, answer)),
            },
        };
        let Some(next) = next_page(&request, &pages.cursor) else {
            return Some((request, pages.first));
        };
        self.page_timers.push(pages.due);
        request.pages = Some(pages);
        self.ask(slot, &next, Purpose::Host(request));
        None
    }

    fn first_of_pages(
        &self,
        slot: SlotId,
        request: &HostRequest,
        answer: &Message,
    ) -> Option<ListPages> {
        let (_, member) = LISTS.iter().find(|(method, _)| *method == request.method())?;
        let merges = match self.merge_pages {
            MergePages::Never => false,
            MergePages::Always => true,
            MergePages::Auto => self.reads_one_page(slot, request),
        };
        if !merges || request.is_in_batch() || has_cursor(request.message()) {
            return None;
        }
        ListPages::begin(member, answer)
    }

    /// Whether the host is known, by its name, to read only the first page.
    fn reads_one_page(&self, slot: SlotId, request: &HostRequest) -> bool {
        let params = request.message().params().and_then(Object::parse);
        let own = params.and_then(|params| Object::parse(params.get("_meta")?));
        let of_request = own.and_then(|own| own.get(meta::CLIENT_INFO).map(str::to_owned));
        let of_session = || {
            let initialize = self.slots[slot].lifecycle.initialize()?.params()?;
            Object::parse(initialize)?.get("clientInfo").map(str::to_owned)
        };
        let info = of_request.or_else(of_session).unwrap_or_default();
        let name = serde_json::from_str::<Named>(&info).unwrap_or_default().name;
        let name = name.to_ascii_lowercase();
        HOSTS_OF_ONE_PAGE.iter().any(|host| name.starts_with(host))
    }

    /// Answers list requests whose further pages take too long.
    pub(in crate::bridge) fn handle_page_timer(&mut self, now: Instant) {
        self.page_timers.retain(|due| *due > now);
        let is_late =
            |request: &HostRequest| request.pages.as_ref().is_some_and(|pages| pages.due <= now);
        for number in self.in_flight.host_numbers() {
            let open = self.in_flight.get(number).and_then(|open| open.purpose.host_request());
            if open.is_some_and(is_late)
                && let Some(open) = self.in_flight.close(number)
                && let Purpose::Host(request) = open.purpose
            {
                open.handle.settle();
                self.reply_pages(request);
            }
        }
    }
}

/// Whether a request asks for a page other than the first.
fn has_cursor(request: &Message) -> bool {
    let params = request.params().and_then(Object::parse);
    params.and_then(|params| params.get("cursor")).is_some_and(|cursor| cursor != "null")
}

/// The request for the next page: the host's own, with this cursor.
fn next_page(request: &HostRequest, cursor: &str) -> Option<Message> {
    let added = [("cursor", cursor.to_owned())];
    let params = match request.message().params().filter(|params| *params != "null") {
        Some(params) => Object::parse(params)?.rewritten(|_| Change::Keep, &added),
        None => format!(r#"{{"cursor":{cursor}}}"#),
    };
    Some(Message::request(&RequestId::from(0), request.method(), Some(&params)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_like_the_first() {
        let asked = |params: &str| {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"{params}}}"#);
            let unanswered = std::sync::Arc::default();
            let request = HostRequest::new(Message::parse(text).unwrap(), None, &unanswered);
            let next = next_page(&request, "\"c\"").unwrap();
            request.cancelled();
            next.params().unwrap().to_owned()
        };
        assert_eq!(asked(""), r#"{"cursor":"c"}"#);
        let with_meta = r#","params":{"cursor":null,"_meta":{"a":1}}"#;
        assert_eq!(asked(with_meta), r#"{"cursor":"c","_meta":{"a":1}}"#);
    }
}
