//! Pays lines through the teller, many in flight. Invariant: a line's result never claims more than is known.

use super::lines::PaymentLine;
use crate::commit::NoVerdict;
use crate::counter::Counter;
use crate::platform::Platform;
use crate::stopped::Stopped;
use futures_util::{StreamExt, stream};
use ledger::{Actor, BatchPayout, BookId, Cents, OnceKey, Refusal};
use std::time::Duration;

/// Concurrent payments: half of the teller's batch limit.
const IN_FLIGHT: usize = 256;
/// Delay when the teller's queue is full.
const WHEN_BUSY: Duration = Duration::from_millis(50);

/// The result of a line.
pub enum ImportPayment {
    Paid,
    /// Paid before: by an earlier import of this file, or under the same reference.
    AlreadyPaid,
    Refused(Refusal),
    /// Nothing was done.
    NotDone(NoVerdict),
    /// The result was lost; importing the file again finds out.
    Unknown,
}

impl ImportPayment {
    /// The `result` column of the result file.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::AlreadyPaid => "already paid",
            Self::Refused(_) => "refused",
            Self::NotDone(_) => "not done",
            Self::Unknown => "unknown",
        }
    }

    /// The `detail` column of the result file.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Paid | Self::AlreadyPaid => String::new(),
            Self::Refused(refusal) => refusal.sentence().to_owned(),
            Self::NotDone(none) => format!("{none}; import the file again"),
            Self::Unknown => format!("{}; import the file again to find out", NoVerdict::Unknown),
        }
    }
}

/// Pays all lines for `actor`, in order, as far as the balance covers them. Results are in the order of the lines.
/// `told` is called after each.
pub async fn all(
    platform: &Platform,
    book: BookId,
    file_digest: &[u8; 32],
    lines: &[PaymentLine],
    actor: Actor,
    told: impl Fn(),
) -> Vec<ImportPayment> {
    let payments: Vec<_> = lines.iter().map(|line| one(platform, book, file_digest, line, actor)).collect();
    stream::iter(payments).buffered(IN_FLIGHT).inspect(|_| told()).collect().await
}

async fn one(
    platform: &Platform,
    book: BookId,
    file_digest: &[u8; 32],
    line: &PaymentLine,
    actor: Actor,
) -> ImportPayment {
    let counter = platform.counter(book, actor).once(OnceKey::of_import_line(file_digest, line.number));
    // A reference that was paid before is not paid again, but the reply does not say so.
    let reference = OnceKey::of_payout_reference(&line.reference);
    let is_old =
        !line.reference.is_empty() && platform.store.is_remembered(book, &reference).await.unwrap_or(false);
    loop {
        return match give(counter, line).await {
            Ok(replayed) if replayed || is_old => ImportPayment::AlreadyPaid,
            Ok(_) => ImportPayment::Paid,
            Err(Stopped::Refused(refusal)) => ImportPayment::Refused(refusal),
            Err(Stopped::NoVerdict(NoVerdict::Busy)) => {
                tokio::time::sleep(WHEN_BUSY).await;
                continue;
            }
            Err(Stopped::NoVerdict(NoVerdict::Unknown)) => ImportPayment::Unknown,
            Err(Stopped::NoVerdict(none)) => ImportPayment::NotDone(none),
            Err(_) => ImportPayment::Unknown,
        };
    }
}

/// A reference pays once for ever, whatever file has it, so its line goes as a batch of one. `true`: the first answer again.
async fn give(counter: Counter<'_>, line: &PaymentLine) -> Result<bool, Stopped> {
    let (email, amount, memo) = (line.email.clone(), line.amount, String::new());
    let metadata = line.metadata.clone();
    if line.reference.is_empty() {
        return Ok(counter.create(email, amount, memo, metadata).await?.replayed);
    }
    let payout = BatchPayout { email, amount, reference: Some(line.reference.clone()), memo, metadata };
    Ok(counter.create_many(vec![payout], false).await?.replayed)
}

/// How many lines became what.
#[derive(Default)]
pub struct Payments {
    pub paid: u64,
    /// Total of the lines paid now.
    pub paid_total: Cents,
    /// Paid by an earlier import of the file.
    pub already_paid: u64,
    /// Certainly not paid.
    pub unpaid: u64,
    /// Paid or not; only another import of the file tells.
    pub unknown: u64,
}

impl Payments {
    #[must_use]
    pub fn count(lines: &[PaymentLine], payments: &[ImportPayment]) -> Self {
        let mut counts = Self::default();
        for (line, payment) in lines.iter().zip(payments) {
            match payment {
                ImportPayment::Paid => {
                    counts.paid += 1;
                    counts.paid_total.0 += line.amount.0;
                }
                ImportPayment::AlreadyPaid => counts.already_paid += 1,
                ImportPayment::Refused(_) | ImportPayment::NotDone(_) => counts.unpaid += 1,
                ImportPayment::Unknown => counts.unknown += 1,
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Email;

    #[test]
    fn an_unknown_outcome_is_not_counted_as_unpaid() {
        let line = |number| PaymentLine {
            number,
            email: Email::parse("a@example.com").unwrap(),
            amount: Cents(5),
            reference: String::new(),
            metadata: ledger::Metadata::default(),
        };
        let lines: Vec<PaymentLine> = (1..=5).map(line).collect();
        let payments = [
            ImportPayment::Paid,
            ImportPayment::AlreadyPaid,
            ImportPayment::Refused(Refusal::PayoutsAreDisabled),
            ImportPayment::NotDone(NoVerdict::Busy),
            ImportPayment::Unknown,
        ];
        let counts = Payments::count(&lines, &payments);
        assert_eq!((counts.paid, counts.already_paid, counts.unpaid, counts.unknown), (1, 1, 2, 1));
        assert_eq!(counts.paid_total, Cents(5));
    }
}
