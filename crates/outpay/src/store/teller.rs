//! The teller's load and save, the two places where SQL is written twice because speed decides: what a batch needs and what
//! it writes, with the statements that both engines share. Not here: the sequence begin - load - save - commit
//! (teller_store.rs).

use super::Failure;
use super::codes::{
    DEPOSIT_REVERSED, DEPOSITED, GIFT_CARD_REVEALED, WITHDRAWAL_FAILED, WITHDRAWAL_SUCCEEDED,
};
use crate::clock::start_of_day;
use anyhow::Context;
use ledger::CredentialDigest;
use ledger::{
    Book, BookId, Cents, Changes, CorrectionDetail, Deposited, Email, EntryKind, OnceKey, SessionStamp,
    StoredCredential,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What a batch of commands names, book by book, in the order in which books are locked.
#[derive(Debug, Default)]
pub struct Needs(pub BTreeMap<BookId, BookNeeds>);

/// What commands name in one book. Sorted, so that every batch touches rows in the same order.
#[derive(Debug, Default)]
pub struct BookNeeds {
    /// Users by address (which may not exist yet).
    pub emails: BTreeSet<Email>,
    /// Users by number.
    pub users: BTreeSet<i64>,
    /// Remembered answers.
    pub once: BTreeSet<OnceKey>,
    /// Withdrawals by number, each with its user's account.
    pub withdrawals: BTreeSet<i64>,
    /// Withdrawals whose lease has to be known.
    pub leases: BTreeSet<i64>,
    /// Whether anything of the book is paused.
    pub pauses: bool,
    /// What was asked for before, where a new withdrawal's terms depend on it.
    pub asked: BTreeSet<AskedBefore>,
    /// Withdrawals whose code is about to be shown.
    pub looks: BTreeSet<i64>,
    /// Deposits that are about to be reversed, by the sequence of their entry.
    pub deposits: BTreeSet<i64>,
    /// References of deposits that are about to be recorded: each counts for one business.
    pub references: BTreeSet<String>,
    /// Credentials that commands came with.
    pub credentials: BTreeSet<CredentialDigest>,
    /// Sessions of members who gave commands.
    pub sessions: BTreeSet<SessionStamp>,
    /// Budgets of keys that pay: what was spent for one recipient, or for all together.
    pub spent: BTreeSet<(i64, Option<Email>)>,
}

/// A credential as the ledger judges it.
pub(super) fn stored_credential(
    kind: i64,
    subject: i64,
    active: i64,
    expires_at: Option<i64>,
) -> StoredCredential {
    let is_hash = kind == super::CredentialKind::PayoutHash.code();
    StoredCredential { user: is_hash.then_some(subject), is_active: active == 1, expires_at }
}

/// `$1` book, `$2` budget, `$3` payout user: day and sum.
pub(super) const SPENT: &str =
    "SELECT day, amount FROM budget_spent WHERE book = $1 AND budget = $2 AND payout_user = $3";

/// What a new withdrawal's terms look back at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedBefore {
    pub user: i64,
    pub method: String,
    /// In canonical form.
    pub destination: String,
    /// The beginning of the day that counts.
    pub since: i64,
}

/// `$1` book, `$2` method, `$3` since, `$4` user, `$5` destination: sums of what was asked for since that day by method, and
/// since then by user, and whether the user's withdrawals to this destination ever succeeded. What was given back does not
/// count. The plus keeps SQLite from the index over states, which has far more rows than the user.
pub(super) static ASKED_BEFORE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT CAST((SELECT coalesce(sum(amount), 0) FROM asked_of_day WHERE book = $1 AND method = $2 \
     AND day >= $3 - $3 % 86400000000) AS BIGINT), CAST((SELECT coalesce(sum(amount), 0) FROM withdrawal WHERE book = $1 \
     AND payout_user = $4 AND created_at >= $3 AND +state < {WITHDRAWAL_FAILED}) AS BIGINT), CASE WHEN EXISTS (SELECT 1 \
     FROM withdrawal WHERE book = $1 AND payout_user = $4 AND method = $2 AND destination = $5 \
     AND +state = {WITHDRAWAL_SUCCEEDED}) THEN 1 ELSE 0 END"
    )
});

/// What the running sums of each method and day grow or shrink by. What was given back has just been given back, since
/// nothing leads out of that.
pub(super) fn asked_changes<'a>(changes: &Changes<'a>) -> BTreeMap<(&'a str, i64), i64> {
    let mut sums = BTreeMap::new();
    let mut add = |of: &'a ledger::Withdrawal, cents: i64| {
        *sums.entry((of.method.as_str(), start_of_day(of.created_at))).or_default() += cents;
    };
    for new in changes.new_withdrawals.iter().copied().filter(|new| !new.state.gave_money_back()) {
        add(new, new.amount.0);
    }
    for changed in
        changes.changed_withdrawals.iter().copied().filter(|changed| changed.state.gave_money_back())
    {
        add(changed, -changed.amount.0);
    }
    sums
}

/// `$1` book, `$2` withdrawal, `$3` how many: when its code was shown, the newest times.
pub(super) static LOOKS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT at FROM journal WHERE book = $1 AND withdrawal = $2 AND withdrawal > 0 AND kind = {GIFT_CARD_REVEALED} \
     ORDER BY sequence DESC LIMIT $3"
    )
});

/// The `$3` of [`LOOKS`]: older ones cannot count.
pub(super) fn most_looks() -> i64 {
    i64::try_from(ledger::MOST_LOOKS).expect("a small number")
}

/// `$1` book, `$2` number, `$3` now: the lease under which a worker has a withdrawal, with the attempts there are.
pub(super) const LEASE: &str = "SELECT lease, (SELECT count(*) FROM attempt WHERE book = $1 AND withdrawal = $2) \
     FROM withdrawal WHERE book = $1 AND number = $2 AND leased_until > $3";

/// `$1` business, `$2` session, `$3` role: a row where the session is open and its member has this role. What ends the one or
/// changes the other takes the books' rows first (member_changes.rs).
pub(super) const SESSION_STANDS: &str = "SELECT s.number FROM member_session s JOIN membership m ON m.member = s.member AND m.business = $1 \
     WHERE s.number = $2 AND s.complete = 1 AND s.ended_at IS NULL AND m.role = $3";

/// `$1` reference, `$2` book: the oldest deposit under this reference in another live book, with its time.
pub(super) static DEPOSITED_ELSEWHERE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT book, at FROM journal WHERE kind = {DEPOSITED} AND note = $1 AND book <> $2 AND book % 2 = 0 \
     ORDER BY at, book LIMIT 1"
    )
});

/// `$1` book, `$2` sequence: kind, amount and detail of a deposit's entry, and of every reversal in the book.
pub(super) static DEPOSIT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT kind, amount, detail FROM journal WHERE book = $1 AND sequence = $2 AND kind = {DEPOSITED} UNION ALL \
     SELECT kind, amount, detail FROM journal WHERE book = $1 AND kind = {DEPOSIT_REVERSED}"
    )
});

/// Puts a deposit that [`DEPOSIT`] found into a book.
pub(super) fn put_deposit<'a>(
    book: &mut Book,
    sequence: i64,
    rows: impl Iterator<Item = (i64, i64, &'a str)>,
) -> Result<(), Failure> {
    let (mut deposited, mut reversed) = (None, Cents::ZERO);
    for (kind, amount, detail) in rows {
        if kind == EntryKind::Deposited.code() {
            deposited = Some(Cents(amount));
        } else if CorrectionDetail::of(detail).is_some_and(|detail| detail.deposit == sequence) {
            reversed = reversed.plus(Cents(amount)).context("more is reversed than fits")?;
        }
    }
    if let Some(amount) = deposited {
        book.put_deposit(sequence, Deposited { amount, reversed });
    }
    Ok(())
}

/// Puts what [`ASKED_BEFORE`] found into a book.
pub(super) fn put_asked(book: &mut Book, asked: &AskedBefore, by_method: i64, by_user: i64, known: bool) {
    book.put_asked_by_method(&asked.method, Cents(by_method));
    book.put_asked_by_user(asked.user, Cents(by_user));
    if known {
        book.put_destination(asked.user, &asked.method, &asked.destination);
    }
}

/// A credential for a user's hash. `replaces` is the digest of the hash before it, if that one dies now.
#[derive(Debug)]
pub struct NewCredential {
    /// Of the hash.
    pub digest: CredentialDigest,
    /// Of the hash that this one replaces; may be the same digest with a new status.
    pub replaces: Option<CredentialDigest>,
    pub user: i64,
    /// Does it authenticate?
    pub active: bool,
    pub expires_at: Option<i64>,
}

/// A book to save, with the credentials of its new and changed users.
#[derive(Debug)]
pub struct Saving<'a> {
    /// Where it stands now.
    pub book: &'a Book,
    /// What changed since it was loaded.
    pub changes: Changes<'a>,
    /// Computed outside, since neither ledger nor store knows the keys.
    pub credentials: Vec<NewCredential>,
}
