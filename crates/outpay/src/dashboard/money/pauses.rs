//! `/dashboard/pauses`: the pauses in force, and how to pause all withdrawals of this book, a method, or a person. The page asks
//! for confirmation first. Pauses by the operator are shown; only the operator can end them.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::people::user;
use crate::ids::IdKind;
use crate::kill_switch::{self, Resumed};
use crate::line::Line;
use crate::roles::Permission;
use crate::store::{BookPart, PauseScope, StoredPause};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use std::time::Duration;

#[derive(askama::Template)]
#[template(path = "dashboard/money/pauses.html")]
struct PausesPage {
    frame: Frame,
    manages: bool,
    /// The part to be paused, once the member confirms.
    asked: Option<ShownPause>,
    done: Option<PauseResult>,
    standing: Vec<StandingPauses>,
    /// Name and title.
    methods: Vec<(String, String)>,
}

/// A part of the book, as forms and people name it.
pub(crate) struct ShownPause {
    /// In a sentence.
    words: String,
    /// The fields of a form that name it: `what`, `method`, `user`.
    what: &'static str,
    method: String,
    user: String,
}

/// The result of a request to pause.
pub(crate) struct PauseResult {
    pub(crate) is_new: bool,
    pub(crate) words: String,
    /// Withdrawals that were being sent already: `ord_…`
    pub(crate) running: Vec<String>,
}

struct StandingPauses {
    what: ShownPause,
    is_own: bool,
    reason: String,
    by: String,
    at: Micros,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let asked = match part(&who, query.get("what"), query.get("method"), query.get("user")).await? {
        Some(part) => Some(named(&who, part).await?),
        None => None,
    };
    show(&who, asked, None).await
}

/// The part that a query or a form names; `None` where it names nothing.
pub(crate) async fn part(
    who: &SignedIn,
    what: &str,
    method: &str,
    user: &str,
) -> Result<Option<BookPart>, Declined> {
    Ok(match (what, method, user) {
        ("all", "", "") => Some(BookPart::Everything),
        (_, "", "") => None,
        // A method may have left the configuration while its withdrawals wait.
        (_, name, "") if who.platform.rails.is_mounted(name) => Some(BookPart::Method(name.to_owned())),
        (_, "", id) => Some(BookPart::Person(user::find(who, id).await?.user.number)),
        _ => return Err(Declined::NotFound),
    })
}

pub(crate) async fn named(who: &SignedIn, part: BookPart) -> Result<ShownPause, Declined> {
    let (words, what, method, user) = match &part {
        BookPart::Everything => ("all withdrawals".to_owned(), "all", String::new(), String::new()),
        BookPart::Method(name) => {
            let mounted = who.platform.rails.get(who.mode, name);
            let title = mounted.map_or(name.clone(), |mounted| mounted.facts().title.english());
            (format!("withdrawals by {title}"), "", name.clone(), String::new())
        }
        BookPart::Person(number) => {
            let found = who.platform.store.user(who.book, *number).await?.ok_or(Declined::NotFound)?;
            let id = who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, *number);
            (format!("withdrawals of {}", found.user.email), "", String::new(), id)
        }
    };
    Ok(ShownPause { words, what, method, user })
}

impl ShownPause {
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// As a heading.
    fn title(&self) -> String {
        let mut rest = self.words.chars();
        let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
        first + rest.as_str()
    }
}

pub(crate) async fn show(
    who: &SignedIn,
    asked: Option<ShownPause>,
    done: Option<PauseResult>,
) -> Result<Response, Declined> {
    let names = Names::load(&who.platform, who.business.number).await?;
    let mut standing = Vec::new();
    for one in kill_switch::of_book(&who.platform, who.book).await? {
        standing.push(shown(who, one, &names).await?);
    }
    let rails = who.platform.rails.of(who.mode).map(|mounted| mounted.facts());
    let page = PausesPage {
        frame: Frame::new(who, "pauses", "Pauses"),
        manages: who.may(Permission::ManageSettings),
        asked,
        done,
        standing,
        methods: rails.map(|facts| (facts.name.clone(), facts.title.english())).collect(),
    };
    Ok(page::html(StatusCode::OK, &page))
}

async fn shown(who: &SignedIn, pause: StoredPause, names: &Names) -> Result<StandingPauses, Declined> {
    let is_own = pause.scope.is_own();
    let part = match pause.scope {
        PauseScope::All | PauseScope::Business(_) => BookPart::Everything,
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) => BookPart::Method(name),
        PauseScope::Person(_, user) => BookPart::Person(user),
        PauseScope::Own(_, part) => part,
    };
    Ok(StandingPauses {
        what: named(who, part).await?,
        is_own,
        reason: pause.reason,
        by: names.of(pause.actor),
        at: pause.created_at,
    })
}

/// How long to wait for requests to rails that are in flight.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses a part, and shows the payments that were in flight.
pub async fn set(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let part = part(&who, form.get("what"), form.get("method"), form.get("user")).await?;
    let part = part.ok_or_else(|| Declined::sentence("Choose what to pause."))?;
    let reason = Line::memo(form.get("reason"))
        .map(String::from)
        .map_err(|_| Declined::sentence("Reason: enter at most 255 printable characters on one line."))?;
    let scope = PauseScope::Own(who.book, part.clone());
    let paused = kill_switch::pause(&who.platform, &scope, &reason, who.actor(), PATIENCE).await?;
    let ids = who.platform.secrets.ids();
    let running = paused.running.iter();
    let done = PauseResult {
        is_new: paused.is_new,
        words: named(&who, part).await?.words().to_owned(),
        running: running.map(|(book, number)| ids.seal(IdKind::Withdrawal, *book, *number)).collect(),
    };
    show(&who, None, Some(done)).await
}

/// Ends a pause that the business has set by itself.
pub async fn end(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let part = part(&who, form.get("what"), form.get("method"), form.get("user")).await?;
    let part = part.ok_or_else(|| Declined::sentence("Choose what to resume."))?;
    let words = named(&who, part.clone()).await?.words().to_owned();
    let said = match kill_switch::resume_own(&who.platform, who.book, &part, "", who.actor()).await? {
        Resumed::Now => format!("Resumed: {words}."),
        Resumed::WasNotPaused => format!("Not paused: {words}. Nothing changed."),
        Resumed::IsTheOperators => {
            let sentence = "The server’s operator paused this. Only the operator can resume it.";
            return Err(Declined::Sentence(StatusCode::CONFLICT, sentence.to_owned()));
        }
    };
    let mut response = page::see_other("/dashboard/pauses");
    notice::leave(&mut response, said);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_pauses() {
        let part = |words: &str, method: &str, user: &str| ShownPause {
            words: words.to_owned(),
            what: if method.is_empty() && user.is_empty() { "all" } else { "" },
            method: method.to_owned(),
            user: user.to_owned(),
        };
        let operators = StandingPauses {
            what: part("withdrawals by USDC on Base", "usdc", ""),
            is_own: false,
            reason: "The node does not answer".to_owned(),
            by: "Operator".to_owned(),
            at: 1_800_000_000_000_000,
        };
        let own = StandingPauses {
            what: part("withdrawals of ada@example.com", "", "usr_1"),
            is_own: true,
            reason: String::new(),
            by: "Ada Example (ada@example.org)".to_owned(),
            at: 1_800_000_060_000_000,
        };
        snapshot(
            "pauses",
            &PausesPage {
                frame: Frame::sample("pauses", "Pauses"),
                manages: true,
                asked: Some(part("withdrawals by Bank transfer", "bank", "")),
                done: Some(PauseResult {
                    is_new: true,
                    words: "withdrawals of ada@example.com".to_owned(),
                    running: vec!["ord_1".to_owned()],
                }),
                standing: vec![operators, own],
                methods: vec![
                    ("bank".to_owned(), "Bank transfer".to_owned()),
                    ("usdc".to_owned(), "USDC on Base".to_owned()),
                ],
            },
        );
    }
}
