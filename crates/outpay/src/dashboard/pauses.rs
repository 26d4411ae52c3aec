//! `/dashboard/pauses`: what does not leave at the moment, and pausing it: all of this book, a method, or a person. The page asks
//! before anything is paused. The operator's pauses are shown, and are not the business's to end.

use super::frame::Frame;
use super::query::Query;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::user;
use crate::ids::IdKind;
use crate::members::Permission;
use crate::members::audit::Names;
use crate::store::{BookPart, PauseScope, StoredPause};
use crate::web::page;
use crate::withdrawals::pause;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

#[derive(askama::Template)]
#[template(path = "dashboard/pauses.html")]
struct PausesPage {
    frame: Frame,
    manages: bool,
    /// What is about to be paused, if the member says yes.
    asked: Option<Part>,
    done: Option<Done>,
    standing: Vec<Standing>,
    /// Name and title.
    methods: Vec<(String, String)>,
}

/// A part of the book, as forms and people name it.
pub(super) struct Part {
    /// In a sentence.
    words: String,
    /// The fields of a form that name it: `what`, `method`, `user`.
    what: &'static str,
    method: String,
    user: String,
}

/// What became of a wish to pause.
pub(super) struct Done {
    pub(super) is_new: bool,
    pub(super) words: String,
    /// Withdrawals whose request had begun before: ord_…
    pub(super) running: Vec<String>,
}

struct Standing {
    what: Part,
    is_own: bool,
    reason: String,
    by: String,
    at: Micros,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, query: Query) -> Result<Response, Stop> {
    let asked = match part(&who, query.get("what"), query.get("method"), query.get("user")).await? {
        Some(part) => Some(named(&who, part).await?),
        None => None,
    };
    show(&who, asked, None).await
}

/// The part that a query or a form names; `None` where it names nothing.
///
/// # Errors
/// [`Stop::NotFound`] where there is no such method or person.
pub(super) async fn part(
    who: &SignedIn,
    what: &str,
    method: &str,
    user: &str,
) -> Result<Option<BookPart>, Stop> {
    Ok(match (what, method, user) {
        ("all", "", "") => Some(BookPart::Everything),
        (_, "", "") => None,
        // A method may have left the configuration while its withdrawals wait.
        (_, name, "") if who.platform.rails.is_mounted(name) => Some(BookPart::Method(name.to_owned())),
        (_, "", id) => Some(BookPart::Person(user::find(who, id).await?.user.number)),
        _ => return Err(Stop::NotFound),
    })
}

pub(super) async fn named(who: &SignedIn, part: BookPart) -> Result<Part, Stop> {
    let (words, what, method, user) = match &part {
        BookPart::Everything => ("all withdrawals".to_owned(), "all", String::new(), String::new()),
        BookPart::Method(name) => {
            let mounted = who.platform.rails.get(who.mode, name);
            let title = mounted.map_or(name.clone(), |mounted| mounted.facts().title.clone());
            (format!("withdrawals by {title}"), "", name.clone(), String::new())
        }
        BookPart::Person(number) => {
            let found = who.platform.store.user(who.book, *number).await?.ok_or(Stop::NotFound)?;
            let id = who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, *number);
            (format!("withdrawals of {}", found.user.email), "", String::new(), id)
        }
    };
    Ok(Part { words, what, method, user })
}

impl Part {
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// As a heading.
    fn title(&self) -> String {
        let mut rest = self.words.chars();
        let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
        first + rest.as_str()
    }
}

pub(super) async fn show(who: &SignedIn, asked: Option<Part>, done: Option<Done>) -> Result<Response, Stop> {
    let names = Names::load(&who.platform, who.business.number).await?;
    let mut standing = Vec::new();
    for one in pause::of_book(&who.platform, who.book).await? {
        standing.push(shown(who, one, &names).await?);
    }
    let rails = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    let page = PausesPage {
        frame: Frame::new(who, "pauses", "Pauses"),
        manages: who.may(Permission::ManageSettings),
        asked,
        done,
        standing,
        methods: rails.map(|facts| (facts.name.clone(), facts.title.clone())).collect(),
    };
    Ok(page::html(StatusCode::OK, &page))
}

async fn shown(who: &SignedIn, pause: StoredPause, names: &Names) -> Result<Standing, Stop> {
    let is_own = pause.scope.is_own();
    let part = match pause.scope {
        PauseScope::All | PauseScope::Business(_) => BookPart::Everything,
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) => BookPart::Method(name),
        PauseScope::Person(_, user) => BookPart::Person(user),
        PauseScope::Own(_, part) => part,
    };
    Ok(Standing {
        what: named(who, part).await?,
        is_own,
        reason: pause.reason,
        by: names.of(pause.actor),
        at: pause.created_at,
    })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let part = |words: &str, method: &str, user: &str| Part {
        words: words.to_owned(),
        what: if method.is_empty() && user.is_empty() { "all" } else { "" },
        method: method.to_owned(),
        user: user.to_owned(),
    };
    let operators = Standing {
        what: part("withdrawals by USDC on Base", "usdc", ""),
        is_own: false,
        reason: "The node does not answer".to_owned(),
        by: "Operator".to_owned(),
        at: 1_800_000_000_000_000,
    };
    let own = Standing {
        what: part("withdrawals of ada@example.com", "", "usr_1"),
        is_own: true,
        reason: String::new(),
        by: "Ada Example (ada@example.org)".to_owned(),
        at: 1_800_000_060_000_000,
    };
    super::sample(&PausesPage {
        frame: Frame::sample("pauses", "Pauses"),
        manages: true,
        asked: Some(part("withdrawals by Bank transfer", "bank", "")),
        done: Some(Done {
            is_new: true,
            words: "withdrawals of ada@example.com".to_owned(),
            running: vec!["ord_1".to_owned()],
        }),
        standing: vec![operators, own],
        methods: vec![
            ("bank".to_owned(), "Bank transfer".to_owned()),
            ("usdc".to_owned(), "USDC on Base".to_owned()),
        ],
    })
}
