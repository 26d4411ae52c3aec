//! Payment batches: payments that people make by hand, grouped into one file for a bank. A batch is made (make.rs), checked by a
//! second person where the business asks for two, given out as a file, and dissolved if it was not sent (steps.rs). Not here: what
//! becomes of its payments (batch_answers/, the counter), its rows (store/payment_batches.rs).
//!
//! Invariant: a payment is in one live batch. It is `sending` before it gets into a batch, so a person can never cancel what is
//! in a file: the checker approves the very bytes that are given out, and they stay the same for ever.

mod destination;
mod make;
mod sheet;
mod steps;

pub use destination::SentDestination;
pub use make::{MOST_PAYMENTS, make};
pub use steps::{approve, dissolve, download, trial_file};

use crate::batch_refused::BatchRefused;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::rails::exchange::Rate;
use crate::stopped::Stopped;
use crate::store::{BatchFilter, BatchLine, BatchState, Failure, LineCount, PaymentBatch};
use ledger::{BookId, Cents, Micros, WithdrawalState};

/// A batch with what has become of its payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub row: PaymentBatch,
    /// Payments without an outcome.
    pub open: i64,
    /// Payments that were made.
    pub settled: i64,
    /// Payments that were not made: the person has the money again.
    pub failed: i64,
    /// Payments that were made and came back.
    pub returned: i64,
    /// Payments that were open when it was dissolved.
    pub moved: i64,
    changed_at: Option<Micros>,
}

/// All words of [`Batch::word`].
pub const STATES: [&str; 5] = ["waiting", "approved", "partly_settled", "closed", "dissolved"];
/// All words of [`line_word`].
pub const LINE_STATES: [&str; 5] = ["open", "settled", "failed", "returned", "moved"];

impl Batch {
    fn new(row: PaymentBatch, counts: &[LineCount]) -> Self {
        let mut batch = Self { row, open: 0, settled: 0, failed: 0, returned: 0, moved: 0, changed_at: None };
        let number = batch.row.number;
        for count in counts.iter().filter(|count| count.batch == number) {
            let [open, settled, failed, returned, _] = LINE_STATES;
            let place = match word_of(count.live, count.state) {
                word if word == open => &mut batch.open,
                word if word == settled => &mut batch.settled,
                word if word == failed => &mut batch.failed,
                word if word == returned => &mut batch.returned,
                _ => &mut batch.moved,
            };
            *place += count.lines;
            batch.changed_at = batch.changed_at.max(Some(count.changed_at));
        }
        batch
    }

    /// An invented one, for the snapshot of its page.
    #[cfg(test)]
    pub(crate) fn sample(row: PaymentBatch, open: i64, settled: i64) -> Self {
        Self { row, open, settled, failed: 0, returned: 0, moved: 0, changed_at: None }
    }

    /// One of [`STATES`].
    #[must_use]
    pub fn word(&self) -> &'static str {
        let [waiting, approved, partly_settled, closed, dissolved] = STATES;
        match self.row.state {
            BatchState::Waiting => waiting,
            BatchState::Dissolved => dissolved,
            BatchState::Approved if self.open == 0 => closed,
            BatchState::Approved if self.open < self.row.payments => partly_settled,
            BatchState::Approved => approved,
        }
    }

    /// When nothing of it was open any more: its dissolution, or the last change of a payment, which a return moves.
    #[must_use]
    pub fn closed_at(&self) -> Option<Micros> {
        match self.row.state {
            BatchState::Waiting => None,
            BatchState::Dissolved => self.row.ended_at,
            BatchState::Approved => self.changed_at.filter(|_| self.open == 0),
        }
    }

    /// Was its file given out?
    #[must_use]
    pub fn was_given_out(&self) -> bool {
        self.row.downloads > 0
    }

    /// Of the currency per US dollar.
    pub fn rate(&self) -> Result<Rate, Failure> {
        Rate::of_billionths(self.row.rate).ok_or_else(|| anyhow::anyhow!("a stored rate is above 0"))
    }
}

/// What has become of a line: one of [`LINE_STATES`].
#[must_use]
pub fn line_word(line: &BatchLine) -> &'static str {
    word_of(line.live, line.withdrawal.state)
}

fn word_of(live: bool, state: WithdrawalState) -> &'static str {
    let [open, settled, failed, returned, moved] = LINE_STATES;
    match state {
        _ if !live => moved,
        WithdrawalState::Succeeded => settled,
        WithdrawalState::Returned => returned,
        WithdrawalState::Failed | WithdrawalState::Rejected | WithdrawalState::Cancelled => failed,
        WithdrawalState::Created
        | WithdrawalState::Review
        | WithdrawalState::Queued
        | WithdrawalState::Sending => open,
    }
}

/// The public id of a batch.
#[must_use]
pub fn id(platform: &Platform, book: BookId, number: i64) -> String {
    platform.secrets.ids().seal(IdKind::PaymentBatch, book, number)
}

/// A batch of a book.
///
/// # Errors
/// [`BatchRefused::NotFound`].
pub async fn find(platform: &Platform, book: BookId, number: i64) -> Result<Batch, Stopped> {
    let row = platform.store.payment_batch(book, number).await?.ok_or(BatchRefused::NotFound)?;
    let counts = platform.store.payment_batch_counts(book, (number, number)).await?;
    Ok(Batch::new(row, &counts))
}

/// A book's batches, newest first.
pub async fn list(
    platform: &Platform,
    book: BookId,
    filter: &BatchFilter,
    limit: i64,
) -> Result<Vec<Batch>, Failure> {
    let rows = platform.store.payment_batches(book, filter, limit).await?;
    counted(platform, book, rows).await
}

/// The same batches with what has become of their payments. Those between them are not looked at.
pub async fn counted(
    platform: &Platform,
    book: BookId,
    rows: Vec<PaymentBatch>,
) -> Result<Vec<Batch>, Failure> {
    let mut numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    let mut counts = Vec::new();
    for together in numbers.chunk_by(|one, next| one + 1 == *next) {
        if let [first, ..] = together {
            let last = together.last().unwrap_or(first);
            counts.extend(platform.store.payment_batch_counts(book, (*first, *last)).await?);
        }
    }
    Ok(rows.into_iter().map(|row| Batch::new(row, &counts)).collect())
}

/// Cents of a batch's open payments.
async fn open_amount(platform: &Platform, book: BookId, number: i64) -> Result<Cents, Failure> {
    let lines = platform.store.payment_batch_lines(book, number).await?;
    let open = lines.iter().filter(|line| line_word(line) == LINE_STATES[0]);
    let sum = open.map(|line| line.amount).try_fold(Cents::ZERO, Cents::plus);
    sum.ok_or_else(|| anyhow::anyhow!("the amounts of a batch were summed when it was made"))
}

/// What a proposal about the batch is about: its number and, of what is open, the cents.
pub async fn subject(platform: &Platform, book: BookId, number: i64) -> Result<(i64, Cents), Failure> {
    Ok((number, open_amount(platform, book, number).await?))
}
