//! What a withdrawal would be and how one looks, for every door: the methods on offer, the price of a withdrawal, the evidence
//! of one that was made. Only reads. Not here: what people do with withdrawals (counter/), the states (ledger), sending (rails).

pub mod evidence;
pub mod expected;
pub mod health;
pub mod offer;
pub mod price;
pub mod same_payee;
pub mod waiting;
pub mod why_review;

use crate::platform::Platform;
use crate::rails::{self, RailText};
use crate::store::Failure;
use ledger::{BookId, Withdrawal, WithdrawalState};

/// A withdrawal that has left a code which the recipient can have revealed.
#[must_use]
pub fn has_code(withdrawal: &Withdrawal) -> bool {
    rails::kind(withdrawal.provider).reveals_code && withdrawal.state == WithdrawalState::Succeeded
}

/// What the recipient has to do at the rail, so that a payment which it has accepted goes on.
pub async fn waits_for(
    platform: &Platform,
    book: BookId,
    withdrawal: &Withdrawal,
) -> Result<Option<RailText>, Failure> {
    let is_accepted = withdrawal.state == WithdrawalState::Sending && !withdrawal.outcome_unknown;
    let mounted = platform.rails.get(book.mode(), &withdrawal.method).filter(|_| is_accepted);
    let Some(mounted) = mounted else { return Ok(None) };
    let attempts = platform.store.attempts(book, withdrawal.number).await?;
    Ok(attempts.last().and_then(|last| mounted.rail.waits_for(last)))
}
