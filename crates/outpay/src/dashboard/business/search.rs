//! `/dashboard/search`: one field over people, withdrawals, ids, and keys. An id leads straight to its page; the rest is shown in groups, each
//! with a link to its list. Not here: the field itself (door/frame.html), the lists.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListQuery, count};
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_filter::{self, by_order_number};
use crate::dashboard::money::withdrawal_row::{self, WithdrawalRow};
use crate::dashboard::people::users::{self, badge};
use crate::ids::IdKind;
use crate::roles::Permission;
use crate::search;
use crate::store::{ApiKey, Failure, ListPage, ListWindow, MOST_COUNTED, UserRow};
use crate::test_clock;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// Rows of each group.
const SHOWN: i64 = 8;

#[derive(askama::Template)]
#[template(path = "dashboard/business/search.html")]
struct SearchPage {
    frame: Frame,
    q: String,
    /// What is wrong with it.
    error: Option<String>,
    groups: Vec<Group>,
}

/// Results of one kind.
struct Group {
    title: &'static str,
    count: String,
    rows: Vec<Hit>,
    /// Leads to all of them.
    all: Option<String>,
}

struct Hit {
    path: String,
    title: String,
    detail: String,
    badge: (&'static str, &'static str),
}

/// The page; or the page of the one thing that has this id.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let q = query.get("q");
    if let Some(path) = page_of(&who, q).await? {
        return Ok(page::see_other(&path));
    }
    let (mut groups, mut error) = (Vec::new(), None);
    if !q.is_empty() {
        match groups_of(&who, &query).await? {
            Ok(found) => groups = found,
            Err(sentence) => error = Some(sentence),
        }
    }
    let shown = SearchPage { frame: Frame::new(&who, "search", "Search"), q: q.to_owned(), error, groups };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The page of what this id names in this business and mode.
async fn page_of(who: &SignedIn, id: &str) -> Result<Option<String>, Failure> {
    let (ids, store, book) = (who.platform.secrets.ids(), &who.platform.store, who.book);
    if let Some(number) = by_order_number(who, id) {
        return Ok(Some(format!("/dashboard/withdrawals/{}", ids.seal(IdKind::Withdrawal, book, number))));
    }
    if id.starts_with("req_") {
        return Ok(store.request_line(book, id).await?.map(|_| format!("/dashboard/requests/{id}")));
    }
    let pages = [
        (IdKind::PayoutUser, "users"),
        (IdKind::Withdrawal, "withdrawals"),
        (IdKind::ApiKey, "keys"),
        (IdKind::Delivery, "deliveries"),
        (IdKind::WebhookEndpoint, "webhooks"),
        (IdKind::Import, "import"),
        (IdKind::PaymentBatch, "batches"),
    ];
    for (kind, folder) in pages {
        let Some(number) = ids.open(kind, book, id) else { continue };
        let is_there = match kind {
            IdKind::PayoutUser => store.user(book, number).await?.is_some(),
            IdKind::Withdrawal => store.withdrawal(book, number).await?.is_some(),
            IdKind::ApiKey => store.key(number).await?.is_some_and(|key| key.book == book),
            IdKind::Delivery => store.delivery(book, number).await?.is_some(),
            IdKind::Import => store.import(book, number).await?.is_some(),
            IdKind::PaymentBatch => store.payment_batch(book, number).await?.is_some(),
            _ => store.webhook_endpoints(book).await?.iter().any(|row| row.key.number == number),
        };
        return Ok(is_there.then(|| format!("/dashboard/{folder}/{id}")));
    }
    if let [number] = search::by_reference(store, book, id).await?[..] {
        return Ok(Some(format!("/dashboard/withdrawals/{}", ids.seal(IdKind::Withdrawal, book, number))));
    }
    Ok(None)
}

/// Those groups that the member may see and that have results; or what is wrong with the question.
async fn groups_of(who: &SignedIn, query: &Query) -> Result<Result<Vec<Group>, String>, Failure> {
    let mut groups = Vec::new();
    if who.may(Permission::See) {
        let list = ListQuery::read(query, users::LIST);
        match users::wanted(who, &list).await? {
            Ok((wanted, typed)) => {
                list.behind(who, &typed).await?;
                let found = who.platform.store.list_users(who.book, &wanted, &window()).await?;
                groups.push(people(who, &list, &found).await?);
            }
            Err(sentence) => return Ok(Err(sentence)),
        }
        let list = ListQuery::read(query, withdrawal_filter::LIST);
        if let Ok((wanted, typed)) = withdrawal_filter::wanted(who, &list).await? {
            list.behind(who, &typed).await?;
            let mut found = who.platform.store.list_withdrawals(who.book, &wanted, &window()).await?;
            let rows = withdrawal_row::rows(who, std::mem::take(&mut found.rows)).await?;
            groups.push(withdrawals(&list, &rows, found));
        }
        groups.push(keys(who, &list.q).await?);
    }
    groups.retain(|group| !group.rows.is_empty());
    Ok(Ok(groups))
}

fn window() -> ListWindow {
    ListWindow { order: Default::default(), place: Default::default(), limit: SHOWN, counts: true }
}

async fn people(who: &SignedIn, list: &ListQuery, found: &ListPage<UserRow>) -> Result<Group, Failure> {
    let now = test_clock::now(&who.platform, who.book).await?;
    let hit = |row: &UserRow| {
        let id = who.platform.secrets.ids().seal(IdKind::PayoutUser, who.book, row.user.number);
        Hit {
            path: format!("/dashboard/users/{id}"),
            title: row.user.email.to_string(),
            detail: crate::format::money(row.user.balance.0),
            badge: badge(row, now),
        }
    };
    Ok(Group {
        title: "Recipients",
        count: count(found.count, users::LIST.nouns),
        rows: found.rows.iter().map(hit).collect(),
        all: found.next.map(|_| query::path(users::LIST.path, &[("q", list.q.as_str())])),
    })
}

fn withdrawals(list: &ListQuery, rows: &[WithdrawalRow], found: ListPage<ledger::Withdrawal>) -> Group {
    let hit = |row: &WithdrawalRow| Hit {
        path: format!("/dashboard/withdrawals/{}", row.id),
        title: format!("{} by {}", crate::format::money(row.of.amount.0), row.method),
        detail: row.email.clone(),
        badge: row.badge(),
    };
    Group {
        title: "Withdrawals",
        count: count(found.count, withdrawal_filter::LIST.nouns),
        rows: rows.iter().map(hit).collect(),
        all: found.next.map(|_| query::path(withdrawal_filter::LIST.path, &[("q", list.q.as_str())])),
    }
}

/// Keys by name, or by the last characters, which are shown of every key.
async fn keys(who: &SignedIn, q: &str) -> Result<Group, Failure> {
    let wanted = q.to_lowercase();
    let fits =
        |key: &ApiKey| key.name.to_lowercase().contains(&wanted) || (q.len() >= 4 && key.hint.ends_with(q));
    let mut found: Vec<ApiKey> = who.platform.store.keys(who.book).await?.into_iter().filter(fits).collect();
    let all = i64::try_from(found.len()).unwrap_or(MOST_COUNTED);
    let size = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let is_more = found.len() > size;
    found.truncate(size);
    let hit = |key: &ApiKey| {
        let id = who.platform.secrets.ids().seal(IdKind::ApiKey, who.book, key.number);
        let is_over = key.revoked_at.is_some();
        Hit {
            path: format!("/dashboard/keys/{id}"),
            title: if key.name.is_empty() { key.hint.clone() } else { key.name.clone() },
            detail: key.hint.clone(),
            badge: if is_over { ("badge-quiet", "revoked") } else { ("badge-good", "active") },
        }
    };
    Ok(Group {
        title: "API keys",
        count: if all == 1 { "1 key".to_owned() } else { format!("{all} keys") },
        rows: found.iter().map(hit).collect(),
        all: is_more.then(|| "/dashboard/keys".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    fn hit(path: &str, title: &str, detail: &str, badge: (&'static str, &'static str)) -> Hit {
        Hit { path: path.to_owned(), title: title.to_owned(), detail: detail.to_owned(), badge }
    }

    #[test]
    fn page_search() {
        let group = |title, count: &str, all: Option<&str>, rows| Group {
            title,
            count: count.to_owned(),
            rows,
            all: all.map(str::to_owned),
        };
        snapshot(
            "search",
            &SearchPage {
                frame: Frame::sample("search", "Search"),
                q: "ada".to_owned(),
                error: None,
                groups: vec![
                    group(
                        "Recipients",
                        "1,234 recipients",
                        Some("/dashboard/users?q=ada"),
                        vec![hit(
                            "/dashboard/users/usr_1",
                            "ada@example.com",
                            "$12.50",
                            ("badge-good", "active"),
                        )],
                    ),
                    group(
                        "API keys",
                        "1 key",
                        None,
                        vec![hit(
                            "/dashboard/keys/key_1",
                            "Ada's key",
                            "sk_live_…abcd",
                            ("badge-quiet", "revoked"),
                        )],
                    ),
                ],
            },
        );
    }
}
