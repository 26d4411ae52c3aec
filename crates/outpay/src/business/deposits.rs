//! Which deposits are recorded only after a second look: dollars typed as cents of cents are 100 times too much. Not here: recording
//! them (the counter).

use crate::platform::Platform;
use crate::store::Failure;
use ledger::{BookId, Cents};

/// A deposit this many times as large as the largest before is out of proportion.
const TIMES_THE_LARGEST: i64 = 20;
/// So is a first deposit above 100,000.00.
const LARGE_FIRST: Cents = Cents(10_000_000);

/// An amount out of all proportion to what was deposited before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfProportion {
    /// The largest deposit so far; `None` where this is the first.
    pub largest: Option<Cents>,
}

/// Is this amount out of proportion for this book? A repeat of a recorded deposit never is: it changes nothing.
pub async fn out_of_proportion(
    platform: &Platform,
    book: BookId,
    amount: Cents,
    reference: &str,
) -> Result<Option<OutOfProportion>, Failure> {
    let largest = platform.store.largest_deposit(book).await?;
    let most = largest.map_or(LARGE_FIRST.0, |largest| largest.0.saturating_mul(TIMES_THE_LARGEST));
    let is_usual = amount.0 <= most || platform.store.deposit_called(book, reference).await?.is_some();
    Ok((!is_usual).then_some(OutOfProportion { largest }))
}
