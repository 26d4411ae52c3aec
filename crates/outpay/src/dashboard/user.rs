//! `/dashboard/users/{id}`: one person: facts, time line, and what the business can do about the person's money and access.

use super::frame::Frame;
use super::query::Query;
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::withdrawal_row::{self, WithdrawalRow, rows};
use super::{once, users};
use crate::ids::IdKind;
use crate::members::Permission;
use crate::members::audit::Names;
use crate::store::{HistoryPlace, StoredEntry, UserRow, WithdrawalFilter};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, Cents, EntryKind, Micros, UserStatus};

const PAGE: i64 = 50;
const WITHDRAWALS: i64 = 10;

#[derive(askama::Template)]
#[template(path = "dashboard/user.html")]
struct UserPage {
    frame: Frame,
    pays: bool,
    manages: bool,
    mails: bool,
    once: String,
    id: String,
    row: UserRow,
    badge: (&'static str, &'static str),
    /// The link to the claim page; shown this once.
    link: Option<String>,
    withdrawals: Vec<WithdrawalRow>,
    history: Vec<Moved>,
    older: Option<String>,
}

impl UserPage {
    fn is_active(&self) -> bool {
        self.row.user.status == UserStatus::Active
    }
}

struct Moved {
    at: Micros,
    class: &'static str,
    word: &'static str,
    amount: i64,
    by: String,
    note: String,
    /// What the person reads beside it.
    memo: String,
    withdrawal: Option<String>,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, Path(id): Path<String>, query: Query) -> Result<Response, Stop> {
    let before = who.platform.secrets.ids().open(IdKind::Operation, who.book, query.get("before"));
    show(&who, &id, before, None).await
}

/// The person behind `usr_…` in the book that the session looks at.
///
/// # Errors
/// [`Stop::NotFound`].
pub(super) async fn find(who: &SignedIn, id: &str) -> Result<UserRow, Stop> {
    let number = who.platform.secrets.ids().open(IdKind::PayoutUser, who.book, id).ok_or(Stop::NotFound)?;
    who.platform.store.user(who.book, number).await?.ok_or(Stop::NotFound)
}

pub(super) async fn show(
    who: &SignedIn,
    id: &str,
    before: Option<i64>,
    link: Option<String>,
) -> Result<Response, Stop> {
    let row = find(who, id).await?;
    let (store, ids) = (&who.platform.store, who.platform.secrets.ids());
    let account = AccountId::user(row.user.number);
    let place = before.map_or(HistoryPlace::At(row.history), HistoryPlace::Before);
    let mut found = store.history(who.book, account, place, PAGE + 1).await?.ok_or(Stop::NotFound)?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| {
        let last = ids.seal(IdKind::Operation, who.book, last.entry.sequence);
        format!("/dashboard/users/{id}?before={last}")
    });
    let filter = WithdrawalFilter { user: Some(row.user.number), ..WithdrawalFilter::default() };
    let withdrawals = store.withdrawals(who.book, &filter, WITHDRAWALS).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let shown = UserPage {
        frame: Frame::new(who, "users", row.user.email.as_str()),
        pays: who.may(Permission::PayPeople),
        manages: who.may(Permission::ManageUsers),
        mails: who.platform.mail.is_configured(),
        once: once::token(&who.platform),
        id: id.to_owned(),
        badge: users::badge(&row, who.platform.clock.now()),
        link,
        withdrawals: rows(who, withdrawals).await?,
        history: found.iter().map(|stored| moved(who, account, stored, &names)).collect(),
        older,
        row,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn moved(who: &SignedIn, account: AccountId, stored: &StoredEntry, names: &Names) -> Moved {
    let entry = &stored.entry;
    let amount = entry
        .movement
        .map_or(0, |moved| if moved.credit == account { moved.amount.0 } else { -moved.amount.0 });
    let (class, word) = match entry.kind {
        EntryKind::UserCreated | EntryKind::UserCredited => ("is-good", "Given"),
        EntryKind::UserDebited => ("is-warn", "Taken back"),
        EntryKind::UserMoneyExpired => ("is-warn", "Expired"),
        EntryKind::WithdrawalCreated => ("", "Withdrawal"),
        _ => ("is-warn", "Given back from a withdrawal"),
    };
    let id = || who.platform.secrets.ids().seal(IdKind::Withdrawal, who.book, entry.withdrawal);
    let memo = if matches!(entry.kind, EntryKind::UserCreated | EntryKind::UserCredited) {
        &entry.detail
    } else {
        ""
    };
    Moved {
        at: entry.at,
        class,
        word,
        amount,
        by: names.of(entry.actor),
        note: entry.note.clone(),
        memo: memo.to_owned(),
        withdrawal: (entry.withdrawal > 0).then(id),
    }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let at = 1_800_000_000_000_000;
    let moved = |class, word, amount, withdrawal: Option<&str>| Moved {
        at,
        class,
        word,
        amount,
        by: "Ada Example (ada@example.com)".to_owned(),
        note: String::new(),
        memo: if withdrawal.is_none() { "October".to_owned() } else { String::new() },
        withdrawal: withdrawal.map(str::to_owned),
    };
    let user = ledger::UserSnapshot {
        number: 1,
        email: ledger::Email::from_stored("ada@example.com".to_owned()),
        status: UserStatus::Active,
        balance: Cents(10_000),
        pending: Cents(12_500),
        created_at: at,
        expires_at: None,
    };
    super::sample(&UserPage {
        frame: Frame::sample("users", "ada@example.com"),
        pays: true,
        manages: true,
        mails: true,
        once: "0".repeat(32),
        id: "usr_1".to_owned(),
        row: UserRow { user, history: 2 },
        badge: ("badge-good", "active"),
        link: Some("https://pay.example.com/p#hash".to_owned()),
        withdrawals: vec![withdrawal_row::sample(1, ledger::WithdrawalState::Review)],
        history: vec![
            moved("", "Withdrawal", -12_500, Some("ord_1")),
            moved("is-good", "Given", 22_500, None),
        ],
        older: Some("/dashboard/users/usr_1?before=txn_1".to_owned()),
    })
}
