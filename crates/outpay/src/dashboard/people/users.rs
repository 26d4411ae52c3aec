//! `/dashboard/users`: the people that were given money, by address or its beginning, status and balance. A search looks at
//! a bounded number of rows (store/user_search.rs), so a page can be short and still go on.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::format;
use crate::ids::IdKind;
use crate::line::Line;
use crate::roles::Permission;
use crate::store::{Failure, UserFilter, UserPage, UserRow, UserSearch};
use crate::test_clock;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Email, MAX_PAYOUT, Metadata, Micros, UserStatus};

const PAGE: i64 = 50;

#[derive(askama::Template)]
#[template(path = "dashboard/people/users.html")]
struct UsersPage {
    frame: Frame,
    pays: bool,
    once: String,
    wanted: UserQuery,
    error: Option<String>,
    users: Vec<ShownUser>,
    /// Leads to those after these.
    next: Option<String>,
}

/// As it was typed.
#[derive(Clone, Debug, Default)]
struct UserQuery {
    email: String,
    status: String,
    least: String,
    most: String,
}

struct ShownUser {
    id: String,
    email: String,
    badge: (&'static str, &'static str),
    balance: i64,
    since: Micros,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let typed = |name: &str| query.get(name).to_owned();
    let wanted = UserQuery {
        email: typed("email"),
        status: typed("status"),
        least: typed("least"),
        most: typed("most"),
    };
    let ids = who.platform.secrets.ids();
    let after = ids.open(IdKind::PayoutUser, who.book, query.get("after"));
    let (found, error) = match search(&wanted, after) {
        Ok(search) => (find(&who, &search).await?, None),
        Err(sentence) => (UserPage { users: Vec::new(), next: None }, Some(sentence)),
    };
    let now = test_clock::now(&who.platform, who.book).await?;
    let next = found.next.map(|number| wanted.path(&ids.seal(IdKind::PayoutUser, who.book, number)));
    let shown = UsersPage {
        pays: who.may(Permission::PayPeople),
        once: idempotency::token(&who.platform),
        users: found.users.iter().map(|row| shown(&who, row, now)).collect(),
        frame: Frame::new(&who, "users", "Users"),
        wanted,
        error,
        next,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

impl UserQuery {
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
fn search(wanted: &UserQuery, after: Option<i64>) -> Result<UserSearch, String> {
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
        let filter = UserFilter { email: Some(email), status: search.status, ..UserFilter::default() };
        let users = store.users(who.book, &filter, 1).await?;
        if !users.is_empty() {
            return Ok(UserPage { users, next: None });
        }
    }
    store.search_users(who.book, search, PAGE).await
}

fn shown(who: &SignedIn, row: &UserRow, now: Micros) -> ShownUser {
    ShownUser {
        id: who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, row.user.number),
        email: row.user.email.to_string(),
        badge: badge(row, now),
        balance: row.user.balance.0,
        since: row.user.created_at,
    }
}

/// A status as a badge: class and word.
pub(crate) fn badge(row: &UserRow, now: Micros) -> (&'static str, &'static str) {
    match row.user.status_at(now) {
        "active" => ("badge-good", "active"),
        "inactive" => ("badge-quiet", "inactive"),
        expired => ("badge-warn", expired),
    }
}

/// Gives money to a new or existing user, as `POST /payout/create` does; once for each form that was shown.
pub async fn pay(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let key = idempotency::key(&form)?;
    let email = Email::parse(form.get("email"));
    let email =
        email.map_err(|_| Declined::sentence("Give a valid e-mail address, as in ada@example.com."))?;
    let amount =
        amount::read("Amount", form.get("amount")).map_err(Declined::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_PAYOUT {
        let most = format::money(MAX_PAYOUT.0);
        return Err(Declined::sentence(format!("Amount: give from $0.01 to {most}.")));
    }
    let memo = Line::memo(form.get("memo"))
        .map(String::from)
        .map_err(|_| Declined::sentence("Memo: at most 255 printable characters, on one line."))?;
    let paid = who
        .platform
        .counter(who.book, who.origin())
        .once(key)
        .create(email, amount, memo, Metadata::default())
        .await?;
    let word = if paid.replayed { "was given before by this form, and not again." } else { "was given." };
    let id = who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, paid.value.user);
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("{} {word}", format::money(amount.0)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_users() {
        let user = |id: &str, email: &str, badge, balance| ShownUser {
            id: id.to_owned(),
            email: email.to_owned(),
            badge,
            balance,
            since: 1_800_000_000_000_000,
        };
        snapshot(
            "users",
            &UsersPage {
                frame: Frame::sample("users", "Users"),
                pays: true,
                once: "0".repeat(32),
                wanted: UserQuery { least: "10".to_owned(), ..UserQuery::default() },
                error: None,
                users: vec![
                    user("usr_2", "bob@example.com", ("badge-quiet", "inactive"), 1_000),
                    user("usr_1", "ada@example.com", ("badge-good", "active"), 123_456),
                ],
                next: Some("/dashboard/users?least=10&after=usr_1".to_owned()),
            },
        );
    }
}
