//! A browser with a person in front of it: opens the page of an authorization server, decides on
//! its form, and follows every redirect up to the callback. It knows forms and redirects, and
//! nothing of the code under test.

use std::sync::{Arc, Mutex};

use reqwest::header::{HeaderMap, LOCATION, ORIGIN};
use reqwest::{Client, RequestBuilder, Response};
use url::{Url, form_urlencoded};

/// More redirects than any sign-in needs.
const FARTHEST: usize = 20;

/// See the module. Clones are the same browser.
#[derive(Clone, Debug)]
pub struct BrowsingPerson {
    person: Person,
    http: Client,
    opened: Arc<Mutex<Vec<Url>>>,
}

/// The person's reaction to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Person {
    Approves {
        account: usize,
    },
    Denies,
    /// Looks at the page and goes away.
    Leaves,
    MustNotOpen,
}

/// The page on which the browser ended. If nobody answered there, the status is 0 and the text is
/// the reason.
#[derive(Clone, Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Every URL on the way, the first and the last one too.
    pub way: Vec<Url>,
}

impl BrowsingPerson {
    /// Approves with the account that is offered first.
    pub fn approves() -> Self {
        Self::of(Person::Approves { account: 0 })
    }

    /// Approves with the account in this place, counted from 0.
    pub fn picks(account: usize) -> Self {
        Self::of(Person::Approves { account })
    }

    pub fn denies() -> Self {
        Self::of(Person::Denies)
    }

    /// Follows redirects and leaves forms alone.
    pub fn leaves() -> Self {
        Self::of(Person::Leaves)
    }

    /// Opening it fails the test.
    pub fn must_not_open() -> Self {
        Self::of(Person::MustNotOpen)
    }

    fn of(person: Person) -> Self {
        // Only the first of several tests in one process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { person, http, opened: Arc::default() }
    }

    /// Returns the pages that it was asked to open.
    pub fn opened(&self) -> Vec<Url> {
        self.opened.lock().unwrap().clone()
    }

    /// Opens a page and stays until nothing goes on by itself.
    pub async fn open(&self, url: &Url) -> Page {
        self.opened.lock().unwrap().push(url.clone());
        assert_ne!(self.person, Person::MustNotOpen, "opened at {url}");
        let page = self.follow(vec![url.clone()], self.get(url)).await;
        let approved = match self.person {
            Person::Approves { .. } => "approve",
            Person::Denies => "deny",
            _ => return page,
        };
        match Form::of(&page) {
            Some(form) => self.send(form, approved, page).await,
            None => page,
        }
    }

    async fn send(&self, mut form: Form, decision: &str, page: Page) -> Page {
        if let Person::Approves { account } = self.person {
            let name = form.accounts.get(account).unwrap_or_else(|| {
                panic!("there is no account {account} among {:?}", form.accounts)
            });
            form.fields.push(("account".to_owned(), name.clone()));
        }
        form.fields.push(("decision".to_owned(), decision.to_owned()));
        let body =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form.fields).finish();
        let post = self
            .http
            .post(form.action.clone())
            .header(ORIGIN, page.origin_of_forms())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let mut way = page.way;
        way.push(form.action);
        self.follow(way, post).await
    }

    fn get(&self, url: &Url) -> RequestBuilder {
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        assert!(local && url.scheme() == "http", "a test must not leave this machine: {url}");
        self.http.get(url.clone())
    }

    async fn follow(&self, mut way: Vec<Url>, mut request: RequestBuilder) -> Page {
        loop {
            let url = way.last().unwrap().clone();
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    let (headers, text) = (HeaderMap::new(), format!("{error:?}"));
                    return Page { url, status: 0, headers, text, way };
                }
            };
            let Some(target) = redirect(&answer) else {
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let text = answer.text().await.unwrap_or_default();
                return Page { url, status, headers, text, way };
            };
            assert!(way.len() < FARTHEST, "{way:?}");
            request = self.get(&target);
            way.push(target);
        }
    }
}

fn redirect(answer: &Response) -> Option<Url> {
    let target = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection())?;
    Some(answer.url().join(target.to_str().unwrap()).unwrap())
}

impl Page {
    /// Returns a parameter of the URL that it ended up at.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    /// Returns the `Origin` that browsers send with a form: `null` if its page has `no-referrer`.
    fn origin_of_forms(&self) -> String {
        match self.headers.get("referrer-policy") {
            Some(policy) if policy == "no-referrer" => "null".to_owned(),
            _ => self.url.origin().ascii_serialization(),
        }
    }

    /// Returns the accounts that the form offers.
    pub fn accounts(&self) -> Vec<String> {
        Form::of(self).map(|form| form.accounts).unwrap_or_default()
    }
}

/// The form of a page in which something is to be decided.
struct Form {
    action: Url,
    fields: Vec<(String, String)>,
    accounts: Vec<String>,
}

impl Form {
    fn of(page: &Page) -> Option<Self> {
        let tags: Vec<&str> = page.text.split('<').skip(1).collect();
        let of_kind = |kind: &str| {
            let kind = kind.to_owned();
            tags.iter().filter(move |tag| tag.starts_with(&kind))
        };
        of_kind("button ").find(|tag| attribute(tag, "name").as_deref() == Some("decision"))?;
        let action = attribute(of_kind("form ").next()?, "action")?;
        let inputs = |of_type: &str| -> Vec<(String, String)> {
            of_kind("input ")
                .filter(|tag| attribute(tag, "type").as_deref() == Some(of_type))
                .map(|tag| (attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap()))
                .collect()
        };
        Some(Self {
            action: page.url.join(&action).unwrap(),
            fields: inputs("hidden"),
            accounts: inputs("radio").into_iter().map(|(_, value)| value).collect(),
        })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to)))
}
