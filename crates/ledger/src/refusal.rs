//! Refusals: every way the product says no to a command. Closed, named as sentences, documented in `docs/API.md`.
//! Failures (the system broke) are not here: the ledger cannot fail.

/// Why a command was not carried out. A refused command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The business has not enabled payouts.
    PayoutsAreDisabled,
    /// The payout balance does not cover the amount.
    PayoutBalanceIsTooLow,
    /// The main balance does not cover the amount.
    MainBalanceIsTooLow,
    /// The payout user's unspent balance does not cover the amount.
    UserBalanceIsTooLow,
    /// No payout user has this id in this book.
    PayoutUserIsUnknown,
    /// The idempotency key was used before, for another request.
    IdempotencyKeyWasUsedForAnotherRequest,
    /// These rows (from 0) carry references that paid another person or another amount before.
    ReferencesWereUsedForOtherPayouts(Vec<usize>),
    /// The deposit's reference was recorded before with another amount.
    DepositReferenceWasUsedForAnotherAmount,
    /// The amount is below 1 cent or above what one command may move.
    AmountIsOutOfRange,
    /// A balance would pass the largest number of cents there is.
    BalanceWouldBeTooLarge,
}

impl Refusal {
    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::PayoutsAreDisabled => "payouts_disabled",
            Self::PayoutBalanceIsTooLow => "insufficient_payout_balance",
            Self::MainBalanceIsTooLow => "insufficient_balance",
            Self::UserBalanceIsTooLow => "insufficient_user_balance",
            Self::PayoutUserIsUnknown => "payout_user_not_found",
            Self::IdempotencyKeyWasUsedForAnotherRequest => "idempotency_key_reused",
            Self::ReferencesWereUsedForOtherPayouts(_) => "reference_reused",
            Self::DepositReferenceWasUsedForAnotherAmount => "deposit_reference_reused",
            Self::AmountIsOutOfRange => "amount_out_of_range",
            Self::BalanceWouldBeTooLarge => "balance_too_large",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::PayoutsAreDisabled => "Payouts are currently disabled. Please enable them in Settings.",
            Self::PayoutBalanceIsTooLow => "Insufficient payout balance",
            Self::MainBalanceIsTooLow => "Insufficient balance",
            Self::UserBalanceIsTooLow => "Insufficient user balance",
            Self::PayoutUserIsUnknown => "Payout user not found",
            Self::IdempotencyKeyWasUsedForAnotherRequest => {
                "This idempotency key was already used for another request. Send a new key with a new request."
            }
            Self::ReferencesWereUsedForOtherPayouts(_) => {
                "Some references were already used for another email or amount. Nobody was paid."
            }
            Self::DepositReferenceWasUsedForAnotherAmount => {
                "This deposit reference was already recorded with another amount."
            }
            Self::AmountIsOutOfRange => "The amount is out of range.",
            Self::BalanceWouldBeTooLarge => "The balance would become too large.",
        }
    }
}
