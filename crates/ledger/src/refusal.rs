//! Refusals: every way the product says no to a command. Closed, named as sentences, documented in `docs/API.md`.
//! Failures (the system broke) are not here: the ledger cannot fail.

use crate::{DepositedElsewhere, Step, WithdrawalState};

/// Why a command was not carried out. A refused command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential was revoked, rotated or deactivated, or has expired, since the request began; or the session of the member
    /// was ended, or the role changed.
    CredentialDoesNotAuthenticate,
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
    /// A deposit of another business was recorded under this reference before.
    DepositReferenceWasUsedForAnotherBusiness(DepositedElsewhere),
    /// The amount is below 1 cent or above what one command may move.
    AmountIsOutOfRange,
    /// A balance would pass the largest number of cents there is.
    BalanceWouldBeTooLarge,
    /// The user's hash does not authenticate now, or its money does not belong to it any more.
    PayoutUserIsNotActive,
    /// The business has switched payouts off, which stops withdrawals too.
    WithdrawalsArePaused,
    /// The method, the book or the user is paused.
    MethodIsPaused,
    /// The business does not offer this method.
    MethodIsClosed,
    /// Less than the business lets people withdraw by this method.
    AmountIsBelowTheMinimum,
    /// More than the business lets people withdraw by this method at once.
    AmountIsAboveTheMaximum,
    /// Nothing would be left after the fee.
    AmountDoesNotCoverTheFee,
    /// Everything that the business pays by this method in one day is asked for already.
    DailyCapIsReached,
    /// No withdrawal has this id in this book, or it is another person's.
    WithdrawalIsUnknown,
    /// The withdrawal's state does not allow it.
    StepIsNotPossible(WithdrawalState, Step),
    /// A rail pays this withdrawal, so it cannot be settled by hand.
    WithdrawalIsNotManual,
    /// A worker has it at this moment.
    WithdrawalIsBeingWorkedOn,
    /// The lease of the step has run out, is another worker's, or the worker does not know all attempts.
    LeaseWasLost,
    /// The rail cannot say that what was sent will never pay.
    PaymentMayStillBeMade,
    /// The key or member that gave the money may not also approve its withdrawal.
    MakerMayNotCheck,
    /// More by one request than the key may pay.
    RequestCeilingOfKeyIsPassed,
    /// More on this UTC day than the key may pay.
    DayCeilingOfKeyIsPassed,
    /// More to this recipient on this UTC day than the key may pay.
    RecipientCeilingOfKeyIsPassed,
    /// The user's account has moved since it was found unclaimed.
    MoneyWasClaimed,
    /// A gift card's code was shown as often as it may be within [`crate::LOOKS_PERIOD`].
    CodeWasShownTooOften,
    /// No deposit has this sequence in this book.
    DepositIsUnknown,
    /// More would be reversed of a deposit than was deposited and not reversed yet.
    DepositDoesNotCoverTheReversal,
    /// The fees that were earned do not cover the amount.
    FeesAreTooLow,
    /// The rail that was asked to pay is not here, so nothing proves what became of it.
    RailIsNotHere,
}

/// Makes [`Refusal::code`] and [`Refusal::CODES`] of one table, so that no code can be missing in the list.
macro_rules! codes {
    ($($refusal:pat => $code:literal,)*) => {
        /// The stable words of all refusals.
        pub const CODES: &'static [&'static str] = &[$($code),*];

        /// The stable word for programs.
        #[must_use]
        pub fn code(&self) -> &'static str {
            match self {
                $($refusal => $code,)*
            }
        }
    };
}

impl Refusal {
    codes! {
        Self::CredentialDoesNotAuthenticate => "unauthorized",
        Self::PayoutsAreDisabled => "payouts_disabled",
        Self::PayoutBalanceIsTooLow => "insufficient_payout_balance",
        Self::MainBalanceIsTooLow => "insufficient_balance",
        Self::UserBalanceIsTooLow => "insufficient_user_balance",
        Self::PayoutUserIsUnknown => "payout_user_not_found",
        Self::IdempotencyKeyWasUsedForAnotherRequest => "idempotency_key_reused",
        Self::ReferencesWereUsedForOtherPayouts(_) => "reference_reused",
        Self::DepositReferenceWasUsedForAnotherAmount => "deposit_reference_reused",
        Self::DepositReferenceWasUsedForAnotherBusiness(_) => "deposit_reference_used_elsewhere",
        Self::AmountIsOutOfRange => "amount_out_of_range",
        Self::BalanceWouldBeTooLarge => "balance_too_large",
        Self::PayoutUserIsNotActive => "payout_user_not_active",
        Self::WithdrawalsArePaused => "withdrawals_paused",
        Self::MethodIsPaused => "method_paused",
        Self::MethodIsClosed => "method_closed",
        Self::AmountIsBelowTheMinimum => "below_minimum",
        Self::AmountIsAboveTheMaximum => "above_maximum",
        Self::AmountDoesNotCoverTheFee => "amount_does_not_cover_fee",
        Self::DailyCapIsReached => "daily_cap_reached",
        Self::WithdrawalIsUnknown => "withdrawal_not_found",
        Self::StepIsNotPossible(..) => "withdrawal_state",
        Self::WithdrawalIsNotManual => "not_manual",
        Self::WithdrawalIsBeingWorkedOn => "withdrawal_busy",
        Self::LeaseWasLost => "lease_lost",
        Self::PaymentMayStillBeMade => "payment_may_still_be_made",
        Self::MakerMayNotCheck => "maker_is_checker",
        Self::RequestCeilingOfKeyIsPassed => "key_request_ceiling",
        Self::DayCeilingOfKeyIsPassed => "key_day_ceiling",
        Self::RecipientCeilingOfKeyIsPassed => "key_recipient_ceiling",
        Self::MoneyWasClaimed => "money_was_claimed",
        Self::CodeWasShownTooOften => "rate_limited",
        Self::DepositIsUnknown => "deposit_not_found",
        Self::DepositDoesNotCoverTheReversal => "deposit_exceeded",
        Self::FeesAreTooLow => "insufficient_fees",
        Self::RailIsNotHere => "rail_not_here",
    }

    /// The sentence for people.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::CredentialDoesNotAuthenticate => "Unauthorized",
            Self::PayoutsAreDisabled => "Payouts are currently disabled. Please enable them in Settings.",
            Self::PayoutBalanceIsTooLow => "Insufficient payout balance",
            Self::MainBalanceIsTooLow => "Insufficient balance",
            Self::UserBalanceIsTooLow => "Insufficient user balance",
            Self::PayoutUserIsUnknown => "Payout user not found",
            Self::IdempotencyKeyWasUsedForAnotherRequest => {
                "This idempotency key was already used for another request. Send a new key with a new request."
            }
            Self::ReferencesWereUsedForOtherPayouts(_) => {
                "Some references were already used for another email or amount. No payout was made."
            }
            Self::DepositReferenceWasUsedForAnotherAmount => {
                "This deposit reference was already recorded with another amount."
            }
            Self::DepositReferenceWasUsedForAnotherBusiness(_) => {
                "This deposit reference was already recorded for another business."
            }
            Self::AmountIsOutOfRange => "The amount is out of range.",
            Self::BalanceWouldBeTooLarge => "The balance would become too large.",
            Self::PayoutUserIsNotActive => "This payout user is not active.",
            Self::WithdrawalsArePaused => {
                "Withdrawals are paused at the moment. Your balance stays as it is."
            }
            Self::MethodIsPaused => "This method is paused at the moment. Please try again later.",
            Self::MethodIsClosed => "This method is not available at the moment.",
            Self::AmountIsBelowTheMinimum => "The amount is below the minimum of this method.",
            Self::AmountIsAboveTheMaximum => "The amount is above the maximum of this method.",
            Self::AmountDoesNotCoverTheFee => "The amount does not cover the fee.",
            Self::DailyCapIsReached => "Today's limit of this method is reached. Please try again tomorrow.",
            Self::WithdrawalIsUnknown => "Withdrawal not found",
            Self::StepIsNotPossible(state, step) => impossible(*state, *step),
            Self::WithdrawalIsNotManual => "A rail pays this withdrawal; it cannot be settled by hand.",
            Self::WithdrawalIsBeingWorkedOn => {
                "A worker is at this withdrawal just now. Try again in a few minutes."
            }
            Self::LeaseWasLost => {
                "Another worker has taken this withdrawal over in the meantime. Look at it again."
            }
            Self::PaymentMayStillBeMade => {
                "What was sent could still be paid. Stop it first with: outpay withdrawal stop"
            }
            Self::MakerMayNotCheck => {
                "The key that gave this money may not approve its withdrawal. Use another key."
            }
            Self::RequestCeilingOfKeyIsPassed => {
                "This request pays more than this API key may pay by one request."
            }
            Self::DayCeilingOfKeyIsPassed => {
                "This API key may not pay that much more today. The day ends at 00:00 UTC."
            }
            Self::RecipientCeilingOfKeyIsPassed => {
                "This API key may not pay that much more to this recipient today. The day ends at 00:00 UTC."
            }
            Self::MoneyWasClaimed => "The money was claimed in the meantime.",
            Self::CodeWasShownTooOften => "This code was shown too often. Please try again in an hour.",
            Self::DepositIsUnknown => "There is no such deposit.",
            Self::DepositDoesNotCoverTheReversal => {
                "More would be reversed than is left of the deposit. Look at what was reversed before."
            }
            Self::FeesAreTooLow => "Insufficient fees",
            Self::RailIsNotHere => {
                "The rail that was asked to pay is not in this configuration. Use the one that has it, or propose it to a second person: outpay withdrawal resolve --without-the-rail"
            }
        }
    }
}

fn impossible(state: WithdrawalState, step: Step) -> &'static str {
    use WithdrawalState::{
        Cancelled, Created, Failed, Queued, Rejected, Returned, Review, Sending, Succeeded,
    };
    match (step, state) {
        (Step::Cancel, Sending) => "The withdrawal is already being sent and cannot be cancelled.",
        (_, Succeeded) => "The withdrawal has already succeeded.",
        (_, Failed) => "The withdrawal has already failed.",
        (_, Rejected) => "The withdrawal was already rejected.",
        (_, Cancelled) => "The withdrawal was already cancelled.",
        (_, Returned) => "The withdrawal was already returned.",
        (_, Created | Review) => "The withdrawal waits for review.",
        (_, Queued) => "The withdrawal is queued and not being sent yet.",
        (_, Sending) => "The withdrawal is already being sent.",
    }
}
