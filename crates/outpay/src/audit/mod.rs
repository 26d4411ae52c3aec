//! The audit: recomputes every balance, user and digest from the journal, and compares them with what is stored. It
//! reads one snapshot while the platform keeps writing. The only rule it shares with the platform is the digest of an
//! entry. Not here: names, settings, and replies of idempotency keys that were deleted, which no entry records.
//!
//! Proven for every book: the sequence has no gap, the chain is unbroken, both links and the running balance of each
//! account fit, no account but `world` is below zero, the sum is zero, users have the right status and hash, there is
//! exactly one credential per user and no other, every withdrawal has the right state, recipient, rail and flow of
//! money, each attempt belongs to a withdrawal that was being sent, and every reference is remembered. Proven for the
//! installation: the audit log is whole, no slot is given out twice, no row belongs to a book that does not exist,
//! and every signed head is in its chain. Not proven without a head from elsewhere: that the newest entries are all
//! there.

mod evidence;
mod finding;
mod log;
mod numbered;
mod remembered;
mod replay;
mod signed;
mod strays;
mod withdrawals;

pub use finding::{AuditReport, Place};
pub use signed::Outside;

use crate::auth::Secrets;
use crate::store::{AuditBook, Failure, Snapshot, Store};
use anyhow::Context;
use evidence::Slots;
use finding::Findings;
use ledger::BookId;
use numbered::Numbered;
use remembered::Expected;
use replay::{Replay, ReplayedUser};
use signed::Opened;
use std::collections::BTreeMap;

/// Rows per read.
const PAGE: i64 = 10_000;

/// Progress callback of [`run`]: rows compared, and the approximate total.
pub type AuditProgress<'a> = &'a mut dyn FnMut(u64, u64);

struct Audit<'a> {
    snapshot: Snapshot,
    secrets: &'a Secrets,
    findings: Findings,
    report: AuditReport,
    /// Kept to the end, because the credentials of all books are in one table.
    users: BTreeMap<BookId, (String, Numbered<ReplayedUser>)>,
    /// Of all books, because lines do not belong to a book.
    slots: Slots,
    rows: u64,
    expected: u64,
    progress: AuditProgress<'a>,
}

/// Audits the database by itself, which cannot show that the newest entries, or all of them, are missing.
///
/// # Errors
/// When the database cannot be read. Differences are in the report.
pub async fn run(
    store: &Store,
    secrets: &Secrets,
    progress: AuditProgress<'_>,
) -> Result<AuditReport, Failure> {
    let outside = Outside { may_be_empty: true, ..Outside::default() };
    run_against(store, secrets, &outside, progress).await
}

/// The same, compared with evidence from outside the database too.
///
/// # Errors
/// When either cannot be read. Differences are in the report.
pub async fn run_against(
    store: &Store,
    secrets: &Secrets,
    outside: &Outside,
    progress: AuditProgress<'_>,
) -> Result<AuditReport, Failure> {
    of(store.snapshot().await?, secrets, outside, progress).await
}

/// Audits a snapshot of a whole database.
pub async fn of(
    snapshot: Snapshot,
    secrets: &Secrets,
    outside: &Outside,
    progress: AuditProgress<'_>,
) -> Result<AuditReport, Failure> {
    let opened = Opened::open(outside)?;
    let books = snapshot.books().await?;
    // A user has a row, an account and a credential. The six accounts of a book itself are ignored: this is an
    // estimate.
    let expected = books
        .iter()
        .map(|book| {
            in_epoch(book.head.sequence) + 3 * in_epoch(book.head.users) + in_epoch(book.head.withdrawals)
        })
        .sum::<i64>();
    let mut audit = Audit {
        snapshot,
        secrets,
        findings: Findings::default(),
        report: AuditReport::default(),
        users: BTreeMap::new(),
        slots: Slots::new(),
        rows: 0,
        expected: u64::try_from(expected).unwrap_or(0),
        progress,
    };
    for book in &books {
        audit.book(book).await.with_context(|| format!("book {}", book.id.0))?;
    }
    audit.credentials().await?;
    audit.strays(!books.is_empty() || outside.may_be_empty).await?;
    audit.slots(&outside.lines).await?;
    audit.log().await?;
    audit.signed(opened).await?;
    Ok(AuditReport { differences: audit.findings.kept, found: audit.findings.found, ..audit.report })
}

impl Audit<'_> {
    async fn book(&mut self, book: &AuditBook) -> Result<(), Failure> {
        self.report.books += 1;
        self.findings.enter(book.id, &book.business);
        let mut replay = Replay::new(book.id);
        self.entries(book.id, &mut replay).await?;
        if replay.sequence != book.head.sequence {
            let what = format!("the newest entry is {}, stored is {}", replay.sequence, book.head.sequence);
            self.findings.add(Place::Book, what);
        } else if replay.chain != book.head.chain {
            self.findings.add(Place::Book, "the stored digest is not the newest entry's".to_owned());
        }
        let users = replay.users.last();
        if users != book.head.users {
            let what = format!("the newest user of the entries is {users}, stored is {}", book.head.users);
            self.findings.add(Place::Book, what);
        }
        let withdrawals = replay.withdrawals.last();
        if withdrawals != book.head.withdrawals {
            let stored = book.head.withdrawals;
            let what = format!("the newest withdrawal of the entries is {withdrawals}, stored is {stored}");
            self.findings.add(Place::Book, what);
        }
        self.accounts(book.id, &mut replay).await?;
        self.users(book.id, &mut replay).await?;
        self.withdrawals(book.id, &mut replay).await?;
        self.attempts(book.id, &replay).await?;
        self.gift_cards(book.id, &replay).await?;
        self.remembered(book.id, &replay).await?;
        self.users.insert(book.id, (book.business.clone(), replay.users));
        Ok(())
    }

    async fn entries(&mut self, book: BookId, replay: &mut Replay) -> Result<(), Failure> {
        loop {
            let after = replay.sequence;
            let page = self.snapshot.entries(book, after, PAGE).await;
            let page = page.with_context(|| format!("an entry after {after}"))?;
            let mut expected = Vec::new();
            for (stored, payee) in &page {
                replay.take(stored, payee, &mut self.findings);
                expected.extend(Expected::of(stored, replay));
            }
            self.references(book, &expected).await?;
            self.report.entries += page.len() as u64;
            if !self.count(page.len()) {
                return Ok(());
            }
        }
    }

    async fn accounts(&mut self, book: BookId, replay: &mut Replay) -> Result<(), Failure> {
        let mut after = i64::MIN;
        let mut sum = 0i128;
        loop {
            let page = self.snapshot.accounts(book, after, PAGE).await?;
            for stored in &page {
                after = stored.id.0;
                sum += i128::from(stored.account.balance.0);
                replay.compare_account(stored, &mut self.findings);
            }
            self.report.accounts += page.len() as u64;
            if !self.count(page.len()) {
                break;
            }
        }
        replay.report_missing_accounts(&mut self.findings);
        if sum != 0 {
            self.findings.add(Place::Book, format!("the balances add up to {sum} and not to 0"));
        }
        Ok(())
    }

    async fn users(&mut self, book: BookId, replay: &mut Replay) -> Result<(), Failure> {
        let mut after = i64::MIN;
        loop {
            let page = self.snapshot.users(book, after, PAGE).await?;
            for stored in &page {
                after = stored.number;
                replay.compare_user(stored, &mut self.findings);
            }
            self.report.users += page.len() as u64;
            if !self.count(page.len()) {
                break;
            }
        }
        replay.report_missing_users(&mut self.findings);
        Ok(())
    }

    async fn withdrawals(&mut self, book: BookId, replay: &mut Replay) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let page = self.snapshot.withdrawals(book, after, PAGE).await?;
            for stored in &page {
                after = stored.number;
                replay.withdrawals.compare(stored, &mut self.findings);
            }
            self.report.withdrawals += page.len() as u64;
            if !self.count(page.len()) {
                break;
            }
        }
        replay.withdrawals.report_missing(&mut self.findings);
        Ok(())
    }

    /// Iterates over the stored credentials, not the users, so that a surplus credential is found: a way in that was
    /// never given out.
    async fn credentials(&mut self) -> Result<(), Failure> {
        let mut after = Vec::new();
        loop {
            let page = self.snapshot.hash_credentials(&after, PAGE).await?;
            for stored in &page {
                after = stored.digest.to_vec();
                let mut none = (String::new(), Numbered::default());
                let (business, users) = self.users.get_mut(&stored.book).unwrap_or(&mut none);
                self.findings.enter(stored.book, business);
                let what = replay::compare_credential(stored, users, self.secrets);
                what.into_iter().for_each(|what| self.findings.add(Place::User(stored.user), what));
            }
            self.report.credentials += page.len() as u64;
            if !self.count(page.len()) {
                break;
            }
        }
        for (book, (business, users)) in &self.users {
            self.findings.enter(*book, business);
            for (user, _) in users.iter().filter(|(_, user)| !user.credential_seen) {
                self.findings
                    .add(Place::User(user), "the credential of the user's hash is missing".to_owned());
            }
        }
        Ok(())
    }

    /// Counts a page of this length; `false` if it was the last one.
    fn count(&mut self, rows: usize) -> bool {
        self.rows += rows as u64;
        (self.progress)(self.rows, self.expected.max(self.rows));
        i64::try_from(rows).is_ok_and(|rows| rows == PAGE)
    }
}

/// A number's distance from its epoch's floor: roughly the number of rows, for the progress only.
fn in_epoch(number: i64) -> i64 {
    number % ledger::floor_of_epoch(1)
}
