//! `/dashboard/users`: the people that were given money, by address or its beginning, status and balance. A search looks at
//! a bounded number of rows (store/user_search.rs), so a page can be short and still go on.

use super::frame::Frame;
use super::query::{self, Query};
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::{amount, once};
use crate::ids::IdKind;
use crate::members::Permission;
use crate::store::{Failure, UserFilter, UserPage, UserRow, UserSearch};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Email, Micros, UserStatus};

const PAGE: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/users.html")]
struct UsersPage {
    frame: Frame,
    pays: bool,
    once: String,
    wanted: Wanted,
    error: Option<String>,
    users: Vec<Shown>,
    /// Leads to those after these.
    next: Option<String>,
}

/// As it was typed.
#[derive(Clone, Debug, Default)]
struct Wanted {
    email: String,
    status: String,
    least: String,
    most: String,
}

struct Shown {
    id: String,
    email: String,
    badge: (&'static str, &'static str),
    balance: i64,
    since: Micros,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, query: Query) -> Result<Response, Stop> {
    let typed = |name: &str| query.get(name).to_owned();
    let wanted =
        Wanted { email: typed("email"), status: typed("status"), least: typed("least"), most: typed("most") };
    let ids = who.platform.secrets.ids();
    let after = ids.open(IdKind::PayoutUser, who.book, query.get("after"));
    let (found, error) = match search(&wanted, after) {
        Ok(search) => (find(&who, &search).await?, None),
        Err(sentence) => (UserPage { users: Vec::new(), next: None }, Some(sentence)),
    };
    let now = who.platform.clock.now();
    let next = found.next.map(|number| wanted.path(&ids.seal(IdKind::PayoutUser, who.book, number)));
    let shown = UsersPage {
        pays: who.may(Permission::PayPeople),
        once: once::token(&who.platform),
        users: found.users.iter().map(|row| shown(&who, row, now)).collect(),
        frame: Frame::new(&who, "users", "Users"),
        wanted,
        error,
        next,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

impl Wanted {
    fn path(&self, after: &str) -> String {
        let fields = [
            ("email", self.email.as_str()),
            ("status", &self.status),
            ("least", &self.least),
            ("most", &self.most),
            ("after", after),
        ];
        query::path("/dashboard/users", &fields)
    }
}

/// The search that was typed, or what is wrong with it.
fn search(wanted: &Wanted, after: Option<i64>) -> Result<UserSearch, String> {
    let status = match wanted.status.as_str() {
        "active" => Some(UserStatus::Active),
        "inactive" => Some(UserStatus::Inactive),
        _ => None,
    };
    let least = amount::read("Balance from", &wanted.least)?;
    let most = amount::read("Balance to", &wanted.most)?;
    let balance = (least.is_some() || most.is_some())
        .then(|| (least.unwrap_or(Cents::ZERO), most.unwrap_or(Cents(i64::MAX))));
    Ok(UserSearch { beginning: wanted.email.to_lowercase(), status, balance, after })
}

async fn find(who: &SignedIn, search: &UserSearch) -> Result<UserPage, Failure> {
    let store = &who.platform.store;
    // A whole address is one person, however it is written.
    if let Ok(email) = Email::parse(&search.beginning)
        && search.after.is_none()
        && search.balance.is_none()
    {
        let filter = UserFilter { email: Some(email), status: search.status, below: None };
        let users = store.users(who.book, &filter, 1).await?;
        if !users.is_empty() {
            return Ok(UserPage { users, next: None });
        }
    }
    store.search_users(who.book, search, PAGE).await
}

fn shown(who: &SignedIn, row: &UserRow, now: Micros) -> Shown {
    Shown {
        id: who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, row.user.number),
        email: row.user.email.to_string(),
        badge: badge(row, now),
        balance: row.user.balance.0,
        since: row.user.created_at,
    }
}

/// A status as a badge: class and word.
pub(super) fn badge(row: &UserRow, now: Micros) -> (&'static str, &'static str) {
    match row.user.status {
        _ if row.user.expires_at.is_some_and(|end| end <= now) => ("badge-warn", "expired"),
        UserStatus::Active => ("badge-good", "active"),
        UserStatus::Inactive => ("badge-quiet", "inactive"),
    }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let user = |id: &str, email: &str, badge, balance| Shown {
        id: id.to_owned(),
        email: email.to_owned(),
        badge,
        balance,
        since: 1_800_000_000_000_000,
    };
    super::sample(&UsersPage {
        frame: Frame::sample("users", "Users"),
        pays: true,
        once: "0".repeat(32),
        wanted: Wanted { least: "10".to_owned(), ..Wanted::default() },
        error: None,
        users: vec![
            user("usr_2", "bob@example.com", ("badge-quiet", "inactive"), 1_000),
            user("usr_1", "ada@example.com", ("badge-good", "active"), 123_456),
        ],
        next: Some("/dashboard/users?least=10&after=usr_1".to_owned()),
    })
}
