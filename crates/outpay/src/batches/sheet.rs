//! The file of a batch as a CSV, for methods whose rail has no format of its own: a column per field of the destination, and one for
//! the proof of each payment, which is filled in and brought back as the answer.

use super::destination::DestinationColumns;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::rails::exchange::amount_text;
use crate::rails::{BatchToWrite, Mounted};
use crate::sheet::Sheet;
use crate::store::StoredBatchFile;
use ledger::BookId;

/// Those before and after the destination's.
const COLUMNS: [&[&str]; 2] = [&["id", "amount", "currency"], &["proof"]];

pub(super) fn write(
    platform: &Platform,
    book: BookId,
    mounted: Option<&Mounted>,
    currency: &str,
    batch: &BatchToWrite<'_>,
) -> StoredBatchFile {
    let configured = mounted.map(|mounted| &mounted.facts().fields);
    let configured = configured.into_iter().flatten().map(|field| field.name.clone()).collect();
    let stored = batch.payments.iter().map(|payment| payment.destination.as_str());
    let destination = DestinationColumns::of(configured, stored);
    let [first, last] = COLUMNS.map(|names| names.iter().map(|name| (*name).to_owned()));
    let mut sheet = Sheet::new(&first.chain(destination.names()).chain(last).collect::<Vec<_>>());
    for payment in batch.payments {
        let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, payment.withdrawal);
        let first = [id, amount_text(payment.amount, currency), currency.to_owned()];
        let fields = destination.cells(&payment.destination);
        let row: Vec<String> = first.into_iter().chain(fields).chain([String::new()]).collect();
        sheet.row(&row);
    }
    StoredBatchFile {
        name: format!("outpay-batch-{}.csv", batch.number),
        media_type: "text/csv; charset=utf-8".to_owned(),
        bytes: sheet.text().into_bytes(),
    }
}
