//! `/dashboard/users`: the people that were given money, by a part of the address, status, balance and day; as a CSV; and giving money. Not
//! here: what all lists share (door/list.rs).

use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListBar, ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::format;
use crate::ids::IdKind;
use crate::line::Line;
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY};
use crate::store::{Failure, ListPage, SearchKind, UserFilter, UserList, UserRow};
use crate::test_clock;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Email, MAX_PAYOUT, Metadata, Micros, UserStatus};

pub(crate) const LIST: ListKind = ListKind {
    path: "/dashboard/users",
    search: Some(SearchKind::People),
    id: Some(IdKind::PayoutUser),
    has_amounts: false,
    own: &["status", "least", "most"],
    rare: &["least", "most"],
    nouns: ("recipient", "recipients"),
};

#[derive(askama::Template)]
#[template(path = "dashboard/people/users.html")]
struct UsersPage {
    frame: Frame,
    pays: bool,
    once: String,
    status: String,
    least: String,
    most: String,
    list: ListBar,
    users: Vec<ShownUser>,
}

struct ShownUser {
    id: String,
    email: String,
    badge: (&'static str, &'static str),
    balance: i64,
    pending: i64,
    since: Micros,
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = asked(&query);
    let (mut page, mut behind, mut error) = (ListPage::default(), 0, None);
    match wanted(&who, &list).await? {
        Ok((wanted, typed)) => {
            behind = list.behind(&who, &typed).await?;
            page = who.platform.store.list_users(who.book, &wanted, &list.window(&who)).await?;
        }
        Err(sentence) => error = Some(sentence),
    }
    let now = test_clock::now(&who.platform, who.book).await?;
    let own = |name: &str| list.own(name).to_owned();
    let shown = UsersPage {
        pays: who.may(Permission::PayPeople),
        once: idempotency::token(&who.platform),
        users: page.rows.iter().map(|row| shown(&who, row, now)).collect(),
        frame: Frame::new(&who, "users", "Recipients"),
        status: own("status"),
        least: own("least"),
        most: own("most"),
        list: list.bar(&who, &page, error, behind),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn asked(query: &Query) -> ListQuery {
    ListQuery::read(query, LIST).or_q(query.get("email"))
}

const COLUMNS: [&str; 7] = ["id", "email", "status", "balance", "pending", "currency", "created_at"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = asked(&query);
    let (wanted, typed) = wanted(&who, &list).await?.map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    let now = test_clock::now(&who.platform, who.book).await?;
    Ok(download::csv_stream("recipients.csv", &COLUMNS, (who, list, wanted), move |of, after| async move {
        let (who, list, wanted) = &*of;
        let page = who.platform.store.list_users(who.book, wanted, &list.export_window(after)).await?;
        let cells = |row: &UserRow| {
            let shown = shown(who, row, now);
            let money = |cents| sheet::money(Cents(cents));
            let (status, since) = (shown.badge.1.to_owned(), rfc3339(shown.since));
            vec![
                shown.id,
                shown.email,
                status,
                money(shown.balance),
                money(shown.pending),
                CURRENCY.to_owned(),
                since,
            ]
        };
        Ok((page.rows.iter().map(cells).collect(), page.next))
    }))
}

/// The list that was asked for, or what is wrong with the question.
pub(crate) async fn wanted(
    who: &SignedIn,
    list: &ListQuery,
) -> Result<Result<(UserList, TypedSearch), String>, Failure> {
    let read = || -> Result<(UserList, TypedSearch), String> {
        let typed = list.typed(who)?;
        let status = match list.own("status") {
            "active" => Some(UserStatus::Active),
            "inactive" => Some(UserStatus::Inactive),
            _ => None,
        };
        let least = amount::read("Balance from", list.own("least"))?;
        let most = amount::read("Balance to", list.own("most"))?;
        let balance = (least.is_some() || most.is_some())
            .then(|| (least.unwrap_or(Cents::ZERO), most.unwrap_or(Cents(i64::MAX))));
        let number = if let TypedSearch::Row(number) = typed { Some(number) } else { None };
        Ok((UserList { any: list.filter(&typed)?, number, status, balance }, typed))
    };
    let (mut wanted, typed) = match read() {
        Ok(read) => read,
        Err(sentence) => return Ok(Err(sentence)),
    };
    // A whole address is one person, however it is written, and so is the reference of a payout.
    if let TypedSearch::Text(text) = &typed
        && let Some(number) = one_person(who, text).await?
    {
        wanted.any.text.clear();
        wanted.number = Some(number);
        return Ok(Ok((wanted, TypedSearch::Row(number))));
    }
    Ok(Ok((wanted, typed)))
}

/// The person with this address, or who was paid under this reference.
pub(crate) async fn one_person(who: &SignedIn, text: &str) -> Result<Option<i64>, Failure> {
    let store = &who.platform.store;
    let Ok(email) = Email::parse(text) else { return store.user_of_reference(who.book, text).await };
    let filter = UserFilter { email: Some(email), ..UserFilter::default() };
    Ok(store.users(who.book, &filter, 1).await?.first().map(|row| row.user.number))
}

fn shown(who: &SignedIn, row: &UserRow, now: Micros) -> ShownUser {
    ShownUser {
        id: who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, row.user.number),
        email: row.user.email.to_string(),
        badge: badge(row, now),
        balance: row.user.balance.0,
        pending: row.user.pending.0,
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
    use crate::dashboard::door::list::sample_bar;
    use crate::dashboard::snapshot;

    #[test]
    fn page_users() {
        let user = |id: &str, email: &str, badge, balance| ShownUser {
            id: id.to_owned(),
            email: email.to_owned(),
            badge,
            balance,
            pending: 0,
            since: 1_800_000_000_000_000,
        };
        snapshot(
            "users",
            &UsersPage {
                frame: Frame::sample("users", "Recipients"),
                pays: true,
                once: "0".repeat(32),
                status: String::new(),
                least: "10".to_owned(),
                most: String::new(),
                list: sample_bar("/dashboard/users", "example", "2 recipients"),
                users: vec![
                    user("usr_2", "bob@example.com", ("badge-quiet", "inactive"), 1_000),
                    user("usr_1", "ada@example.com", ("badge-good", "active"), 123_456),
                ],
            },
        );
    }
}
