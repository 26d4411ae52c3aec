//! Pays running imports in the background, in portions, from rows alone: if the process is killed, another one
//! continues. Invariant: a line is recorded as paid only after the teller said so, and an unrecorded line is asked
//! for again under the same idempotency key, so no line is paid twice or lost.

use super::lines::PaymentLine;
use super::pay::{self, ImportPayment};
use crate::background::look_again;
use crate::platform::Platform;
use crate::store::{Failure, ImportLine, LineState};
use ledger::{Email, Micros};
use std::time::Duration;
use tokio::sync::watch;

/// Lines paid per lease.
const PORTION: i64 = 500;
/// Longer than a portion takes.
pub const LEASE: Micros = 60_000_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// Pays under this worker number until `stop` is true or dropped.
pub async fn run(platform: Platform, worker: i64, mut stop: watch::Receiver<bool>) {
    loop {
        let found = match step(&platform, worker).await {
            Ok(found) => found,
            Err(failure) => {
                tracing::error!(error = format!("{failure:#}"), "an import could not go on");
                false
            }
        };
        let pause = if found { Duration::ZERO } else { BETWEEN_LOOKS };
        if !look_again(&mut stop, None, pause).await {
            return;
        }
    }
}

/// Pays a portion of one running import, or ends the import if all lines are done. `false`: nothing could be done.
pub async fn step(platform: &Platform, worker: i64) -> Result<bool, Failure> {
    let store = &platform.store;
    let now = store.now().await?;
    let Some((book, import, lease)) = store.lease_import(worker, (now, now + LEASE)).await? else {
        return Ok(false);
    };
    let open = store.open_import_lines(book, import.number, PORTION).await?;
    let lines = open.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let paid = pay::all(platform, book, &import.digest, &lines, import.confirmed_by, || ()).await;
    let noted: Vec<ImportLine> =
        open.into_iter().zip(&paid).filter_map(|(line, payment)| noted(line, payment)).collect();
    // The lease was lost: another process pays this import now, and its results are newer.
    let held = (lease, store.now().await?);
    if !store.note_import_lines((book, import.number), Some(held), &noted).await? {
        return Ok(true);
    }
    if lines.is_empty() {
        super::tell_completed(platform, book, &import).await?;
    }
    store.release_import((book, import.number), lease, lines.is_empty(), now).await?;
    Ok(lines.is_empty() || !noted.is_empty())
}

fn line(row: &ImportLine) -> Result<PaymentLine, Failure> {
    let email = Email::parse(&row.email).map_err(|_| anyhow::anyhow!("a kept line has no valid address"))?;
    Ok(PaymentLine {
        number: u64::try_from(row.line)?,
        email,
        amount: row.amount,
        reference: row.reference.clone(),
        metadata: row.metadata.clone(),
    })
}

/// The line with its result recorded; `None` if it must be asked again.
pub(super) fn noted(line: ImportLine, payment: &ImportPayment) -> Option<ImportLine> {
    let state = match payment {
        ImportPayment::Paid => LineState::Paid,
        ImportPayment::AlreadyPaid => LineState::PaidBefore,
        ImportPayment::Refused(_) => LineState::NotPaid,
        ImportPayment::NotDone(_) | ImportPayment::Unknown => return None,
    };
    Some(ImportLine { state, detail: payment.detail(), ..line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::NoVerdict;
    use ledger::{Cents, Refusal};

    #[test]
    fn what_is_not_known_is_not_noted() {
        let line = ImportLine {
            line: 2,
            email: "a@example.com".to_owned(),
            amount: Cents(5),
            reference: String::new(),
            metadata: ledger::Metadata::default(),
            state: LineState::Open,
            detail: String::new(),
        };
        let state = |payment: &ImportPayment| noted(line.clone(), payment).map(|line| line.state);
        assert_eq!(state(&ImportPayment::Unknown), None);
        assert_eq!(state(&ImportPayment::NotDone(NoVerdict::Busy)), None);
        assert_eq!(state(&ImportPayment::Paid), Some(LineState::Paid));
        assert_eq!(state(&ImportPayment::AlreadyPaid), Some(LineState::PaidBefore));
        let refused = ImportPayment::Refused(Refusal::PayoutsAreDisabled);
        assert_eq!(state(&refused), Some(LineState::NotPaid));
    }
}
