//! What a withdrawal would be and how one looks, for every door: the methods on offer, the price of a withdrawal, the evidence
//! of one that was made. Only reads. Not here: what people do with withdrawals (counter/), the states (ledger), sending (rails).

pub mod evidence;
pub mod offer;
pub mod price;

use crate::rails;
use ledger::{Withdrawal, WithdrawalState};

/// A withdrawal that has left a code which the recipient can have revealed.
#[must_use]
pub fn has_code(withdrawal: &Withdrawal) -> bool {
    rails::kind(withdrawal.provider).reveals_code && withdrawal.state == WithdrawalState::Succeeded
}
