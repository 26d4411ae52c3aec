//! `/dashboard/users/{id}`: one person: facts, time line, and what the business can do about the person's money and access.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, idempotency, notice};
use crate::dashboard::money::proposals::proposed;
use crate::dashboard::money::withdrawal_row::{WithdrawalRow, rows};
use crate::dashboard::people::notes::{self, ShownNote};
use crate::dashboard::people::person_facts::{self, PersonFacts};
use crate::dashboard::people::users;
use crate::format;
use crate::ids::IdKind;
use crate::line::typed_reference;
use crate::proposals::{DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::roles::Permission;
use crate::store::{HistoryPlace, StoredEntry, UserRow, WithdrawalFilter};
use crate::test_clock;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, Cents, EntryKind, MAX_TRANSFER, Micros, UserStatus};

const PAGE: i64 = 50;
const WITHDRAWALS: i64 = 10;

#[derive(askama::Template)]
#[template(path = "dashboard/people/user.html")]
struct PayoutUserPage {
    frame: Frame,
    pays: bool,
    manages: bool,
    mails: bool,
    once: String,
    id: String,
    row: UserRow,
    badge: (&'static str, &'static str),
    /// By a pause of this person alone.
    is_paused: bool,
    /// The link to the claim page; shown this once.
    link: Option<String>,
    facts: PersonFacts,
    notes: Vec<ShownNote>,
    withdrawals: Vec<WithdrawalRow>,
    history: Vec<Moved>,
    older: Option<String>,
}

impl PayoutUserPage {
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
pub async fn view(who: SignedIn, Path(id): Path<String>, query: Query) -> Result<Response, Declined> {
    let before = who.platform.secrets.ids().open(IdKind::Operation, who.book, query.get("before"));
    show(&who, &id, before, None).await
}

/// The person behind `usr_…` in the book that the session looks at.
pub(crate) async fn find(who: &SignedIn, id: &str) -> Result<UserRow, Declined> {
    let number =
        who.platform.secrets.ids().open(IdKind::PayoutUser, who.book, id).ok_or(Declined::NotFound)?;
    who.platform.store.user(who.book, number).await?.ok_or(Declined::NotFound)
}

pub(crate) async fn show(
    who: &SignedIn,
    id: &str,
    before: Option<i64>,
    link: Option<String>,
) -> Result<Response, Declined> {
    let row = find(who, id).await?;
    let (store, ids) = (&who.platform.store, who.platform.secrets.ids());
    let account = AccountId::user(row.user.number);
    let place = before.map_or(HistoryPlace::At(row.history), HistoryPlace::Before);
    let mut found = store.history(who.book, account, place, PAGE + 1).await?.ok_or(Declined::NotFound)?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| {
        let last = ids.seal(IdKind::Operation, who.book, last.entry.sequence);
        format!("/dashboard/users/{id}?before={last}")
    });
    let filter = WithdrawalFilter { user: Some(row.user.number), ..WithdrawalFilter::default() };
    let withdrawals = store.withdrawals(who.book, &filter, WITHDRAWALS).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let shown = PayoutUserPage {
        frame: Frame::new(who, "users", row.user.email.as_str()).under("/dashboard/users", "Recipients"),
        pays: who.may(Permission::PayPeople),
        manages: who.may(Permission::ManageUsers),
        mails: who.platform.mail.is_configured(),
        once: idempotency::token(&who.platform),
        id: id.to_owned(),
        badge: users::badge(&row, test_clock::now(&who.platform, who.book).await?),
        is_paused: who.pauses.iter().any(|pause| pause.scope.is_of_person(row.user.number)),
        link,
        facts: person_facts::load(who, &row).await?,
        notes: notes::notes(who, row.user.number, &names).await?,
        withdrawals: rows(who, withdrawals).await?,
        history: found.iter().map(|stored| moved(who, account, stored, &names)).collect(),
        older,
        row,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn moved(who: &SignedIn, account: AccountId, stored: &StoredEntry, names: &Names) -> Moved {
    let entry = &stored.entry;
    let amount = entry.signed_for(account).0;
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

/// Takes unspent money back from a person, with a reason; once for each form that was shown.
pub async fn debit(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let row = find(&who, &id).await?;
    let key = idempotency::key(&form)?;
    let reason =
        typed_reference(form.get("reason")).map_err(|hint| Declined::sentence(format!("Reason: {hint}.")))?;
    let amount =
        amount::read("Amount", form.get("amount")).map_err(Declined::sentence)?.unwrap_or(Cents::ZERO);
    if amount < Cents(1) || amount > MAX_TRANSFER {
        return Err(Declined::sentence("Amount: enter $0.01 or more."));
    }
    let counter = who.platform.counter(who.book, who.origin()).once(key);
    let user = row.user.number;
    let done = counter.debit(user, amount, reason.clone()).await;
    let what = Proposed::Debit { user, amount };
    let new = NewProposal { book: who.book, what, reason: &reason, by: who.actor(), once: Some(key) };
    if let DoneOrProposed::Proposed(_) = or_propose(&who.platform, new, done).await? {
        return Ok(proposed());
    }
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, format!("{} went back to the payout balance.", format::money(amount.0)));
    Ok(response)
}

/// Lets a person's hash authenticate, or not.
pub async fn set_status(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let row = find(&who, &id).await?;
    let (status, sentence) = match form.get("status") {
        "active" => (UserStatus::Active, "The person's link works again."),
        "inactive" => (UserStatus::Inactive, "The person's link does not work any more. The money stays."),
        _ => return Err(Declined::sentence("Choose whether the person is active.")),
    };
    who.platform.counter(who.book, who.origin()).set_status(row.user.number, status).await?;
    let mut response = page::see_other(&format!("/dashboard/users/{id}"));
    notice::leave(&mut response, sentence);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::money::withdrawal_row;
    use crate::dashboard::snapshot;

    #[test]
    fn page_user() {
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
        snapshot(
            "user",
            &PayoutUserPage {
                frame: Frame::sample("users", "ada@example.com"),
                pays: true,
                manages: true,
                mails: true,
                once: "0".repeat(32),
                id: "usr_1".to_owned(),
                row: UserRow { user, history: 2 },
                badge: ("badge-good", "active"),
                is_paused: true,
                link: Some("https://pay.example.com/p#hash".to_owned()),
                facts: PersonFacts::sample(),
                notes: vec![ShownNote {
                    number: 1,
                    at,
                    author: "Ada Example (ada@example.com)".to_owned(),
                    text: "Asked for a <receipt>.".to_owned(),
                }],
                withdrawals: vec![withdrawal_row::sample(1, ledger::WithdrawalState::Review)],
                history: vec![
                    moved("", "Withdrawal", -12_500, Some("ord_1")),
                    moved("is-good", "Given", 22_500, None),
                ],
                older: Some("/dashboard/users/usr_1?before=txn_1".to_owned()),
            },
        );
    }
}
