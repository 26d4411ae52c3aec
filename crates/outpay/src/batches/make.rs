//! Making a batch: a method's payments that may leave are begun, written into a file at one rate, and stored with it at once. A
//! process that ends in between leaves payments that are `sending` and in no batch; the next batch takes them.

use super::sheet;
use crate::audit_log;
use crate::batch_refused::BatchRefused;
use crate::batches::id;
use crate::commit::NoVerdict;
use crate::platform::Platform;
use crate::rails::exchange::Rate;
use crate::rails::{BatchPayment, BatchToWrite, Mounted};
use crate::stopped::Stopped;
use crate::store::{BatchState, PaymentBatch, StoredBatchFile, WriteError};
use crate::withdrawals::offer::is_paused;
use data_encoding::HEXLOWER;
use ledger::{BookId, Cents, Origin, Refusal, Withdrawal, WithdrawalState};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The most payments of one batch; the next batch takes the others.
pub const MOST_PAYMENTS: i64 = 2_000;

/// How often a batch is tried whose payments or number another one took in between.
const TRIES: usize = 8;

/// Makes a batch of the method's payments that are queued or being sent, may leave, and are in no live batch. Its number.
///
/// # Errors
/// [`Stopped`]; with [`BatchRefused`] no payment was begun.
pub async fn make(
    platform: &Platform,
    book: BookId,
    method: &str,
    rate: Option<Rate>,
    by: impl Into<Origin>,
) -> Result<i64, Stopped> {
    let by = by.into();
    let mounted = platform.rails.get(book.mode(), method).map(|mounted| &**mounted);
    // Paying by hand what a rail is paying would pay twice.
    if mounted.is_some_and(|mounted| !mounted.facts().provider.is_paid_by_hand()) {
        return Err(Refusal::WithdrawalIsNotManual.into());
    }
    if is_paused(platform, book, method).await? {
        return Err(Refusal::MethodIsPaused.into());
    }
    // Withdrawals outlive the configuration that they were asked for under.
    let currency = mounted.map_or("USD", |mounted| mounted.rail.currency());
    let rate = match rate {
        None if currency == "USD" => Rate::ONE,
        Some(rate) if currency == "USD" && rate != Rate::ONE => return Err(BatchRefused::RateIsOne.into()),
        Some(rate) => rate,
        None => return Err(BatchRefused::RateIsNeeded(currency.to_owned()).into()),
    };
    let draft = Draft { platform, book, method, mounted, currency, rate, by };
    for _ in 0..TRIES {
        let found = draft.payments().await?;
        if found.is_empty() {
            let unknown = mounted.is_none();
            return Err(if unknown { Stopped::UnknownMethod } else { BatchRefused::NothingToPay.into() });
        }
        // What cannot be converted or written is refused before anything is begun.
        draft.write(0, &draft.converted(&found)?)?;
        let (begun, waiting) = draft.begin(found).await?;
        if begun.is_empty() && waiting {
            return Err(BatchRefused::NothingToPay.into());
        }
        if begun.is_empty() {
            continue;
        }
        let number = platform.store.next_batch_number(book).await?;
        match draft.store(number, &begun).await {
            Ok(()) => return Ok(number),
            Err(Stopped::Batch(BatchRefused::Changed)) => {}
            Err(stopped) => return Err(stopped),
        }
    }
    Err(NoVerdict::Busy.into())
}

/// A batch that is being made.
struct Draft<'a> {
    platform: &'a Platform,
    book: BookId,
    method: &'a str,
    mounted: Option<&'a Mounted>,
    currency: &'a str,
    rate: Rate,
    by: Origin,
}

impl Draft<'_> {
    async fn payments(&self) -> Result<Vec<Withdrawal>, Stopped> {
        let store = &self.platform.store;
        let mut found = store.payments_without_batch(self.book, self.method, MOST_PAYMENTS).await?;
        found.retain(|withdrawal| withdrawal.provider.is_paid_by_hand());
        Ok(found)
    }

    /// Takes what is queued into work: from now on the people cannot cancel. And whether any waits for room below a ceiling or for the
    /// screening service.
    async fn begin(&self, found: Vec<Withdrawal>) -> Result<(Vec<Withdrawal>, bool), Stopped> {
        let (mut begun, mut waiting) = (Vec::with_capacity(found.len()), false);
        for withdrawal in found {
            if withdrawal.state == WithdrawalState::Sending {
                begun.push(withdrawal);
                continue;
            }
            match self.platform.counter(self.book, self.by).begin(withdrawal.number).await {
                Ok(done) => begun.push(done.value),
                Err(Stopped::Waits(_)) => waiting = true,
                // The person took it back a moment ago, it was paused, or another maker has begun it.
                Err(Stopped::Refused(Refusal::StepIsNotPossible(..) | Refusal::MethodIsPaused)) => {}
                Err(stopped) => return Err(stopped),
            }
        }
        Ok((begun, waiting))
    }

    fn converted(&self, found: &[Withdrawal]) -> Result<Vec<BatchPayment>, Stopped> {
        let ids = self.platform.secrets.ids();
        let payment = |of: &Withdrawal| {
            let order_id = ids.order_id(of.provider, self.book, of.number);
            let Some(amount) = self.rate.convert(of.net(), self.currency) else {
                return Err(BatchRefused::AmountNotPossible(order_id).into());
            };
            Ok(BatchPayment { withdrawal: of.number, order_id, amount, destination: of.destination.clone() })
        };
        found.iter().map(payment).collect()
    }

    /// The file, in the rail's own format where it has one.
    fn write(&self, number: i64, payments: &[BatchPayment]) -> Result<StoredBatchFile, Stopped> {
        let id = id(self.platform, self.book, number);
        let batch = BatchToWrite { id: &id, number, made_at: self.platform.clock.now(), payments };
        let own = self.mounted.map_or(Ok(None), |mounted| mounted.rail.batch_file(&batch));
        let own = own.map_err(|failure| BatchRefused::FileNotPossible(format!("{failure:#}")))?;
        Ok(match own {
            Some(file) => {
                StoredBatchFile { name: file.name, media_type: file.media_type.to_owned(), bytes: file.bytes }
            }
            None => sheet::write(self.platform, self.book, self.mounted, self.currency, &batch),
        })
    }

    async fn store(&self, number: i64, begun: &[Withdrawal]) -> Result<(), Stopped> {
        let payments = self.converted(begun)?;
        let file = self.write(number, &payments)?;
        let total = begun.iter().map(Withdrawal::net).try_fold(Cents::ZERO, Cents::plus);
        let converted = payments.iter().try_fold(0_i64, |sum, payment| sum.checked_add(payment.amount));
        let too_large = || BatchRefused::AmountNotPossible(id(self.platform, self.book, number));
        let digest: [u8; 32] = Sha256::digest(&file.bytes).into();
        let row = PaymentBatch {
            number,
            method: self.method.to_owned(),
            state: BatchState::Waiting,
            currency: self.currency.to_owned(),
            rate: self.rate.billionths(),
            payments: i64::try_from(payments.len()).unwrap_or(i64::MAX),
            total: total.ok_or_else(too_large)?,
            converted: converted.ok_or_else(too_large)?,
            digest: Some(digest),
            made_by: self.by.actor,
            made_at: self.platform.clock.now(),
            checked_by: None,
            checked_at: None,
            downloads: 0,
            downloaded_at: None,
            ended_by: None,
            ended_at: None,
            proof: String::new(),
        };
        let detail = json!({
            "method": self.method, "payments": row.payments, "total": row.total.0, "currency": self.currency,
            "rate": self.rate.to_string(), "converted": row.converted, "sha256": HEXLOWER.encode(&digest),
        });
        let subject = id(self.platform, self.book, number);
        let entry =
            audit_log::in_book(self.platform, self.book, self.by.actor, "batch.made", &subject, &detail);
        let lines: Vec<(i64, Cents, i64)> =
            begun.iter().zip(&payments).map(|(of, payment)| (of.number, of.net(), payment.amount)).collect();
        match self.platform.store.add_payment_batch(self.book, &row, &lines, &file, &entry).await {
            Ok(()) => Ok(()),
            // Another maker was faster, or a payment has ended or was stopped.
            Err(WriteError::Conflict) => Err(BatchRefused::Changed.into()),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }
}
