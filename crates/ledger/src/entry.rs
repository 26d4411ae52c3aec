//! Journal entries: everything that happened in a book, in order. An entry that moves money is a transfer: one debit
//! account, one credit account, one amount. Entries that move none (a status, a new hash) stand in the same sequence,
//! so that the chain covers them too and clients read one gap-free list of events.

use crate::{AccountId, Cents, HashSalt, Micros};

/// What an entry records. The numbers are stored and chained: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// world -> main, recorded by an operator.
    Deposited = 1,
    /// main -> payout.
    MovedToPayout = 2,
    /// payout -> main.
    MovedToMain = 3,
    /// payout -> user, which this entry created.
    UserCreated = 4,
    /// payout -> user.
    UserCredited = 5,
    /// user -> payout: unspent money taken back.
    UserDebited = 6,
    /// The user's hash stopped authenticating.
    UserDeactivated = 7,
    /// The user's hash authenticates again.
    UserActivated = 8,
    /// The user has a new hash; the old one is dead.
    HashRotated = 9,
    /// user -> held: a recipient asks for a withdrawal.
    WithdrawalCreated = 10,
    /// A review rule applies; the business has to look.
    WithdrawalReviewAsked = 11,
    /// It will be sent.
    WithdrawalQueued = 12,
    /// The business said yes.
    WithdrawalApproved = 13,
    /// held -> user: the business said no.
    WithdrawalRejected = 14,
    /// held -> user: taken back before anything was sent.
    WithdrawalCancelled = 15,
    /// A rail begins to pay.
    WithdrawalSending = 16,
    /// The rail did not say what it did.
    WithdrawalOutcomeLost = 17,
    /// The rail is known to be at work on it again.
    WithdrawalOutcomeFound = 18,
    /// held -> rail: paid.
    WithdrawalSucceeded = 19,
    /// held -> fees: what the business keeps of it.
    WithdrawalFeeTaken = 20,
    /// held -> user: proved not to be paid.
    WithdrawalFailed = 21,
    /// rail -> user: the rail sent the money back.
    WithdrawalReturned = 22,
    /// fees -> user, or main -> user once the fees were swept: the fee of a withdrawal that came back.
    WithdrawalFeeReturned = 23,
    /// A person looked at a delivered gift card's code.
    GiftCardRevealed = 24,
    /// Few gift cards of one brand and value are left.
    GiftCardStockLow = 25,
    /// user -> payout: unclaimed for too long.
    UserMoneyExpired = 26,
    /// The user's money will soon go back unclaimed.
    UserMoneyExpiring = 27,
    /// The business's settings changed.
    SettingsChanged = 28,
    /// The database had lost its end; from here on all numbers are of a new epoch.
    InstallationRecovered = 29,
    /// Nothing leaves for now: of the book, of a method or of a user.
    PaymentsPaused = 30,
    /// It leaves again.
    PaymentsResumed = 31,
    /// All lines of an imported file are done; the note is the import's number.
    ImportCompleted = 32,
    /// A method was switched on, or its pause ended; the note is its name.
    MethodOpened = 33,
    /// A method was switched off or paused; the note is its name.
    MethodClosed = 34,
    /// A withdrawal takes longer than expected; the note is the new expected time.
    WithdrawalDelayed = 38,
    /// A rail's own books say something else of a withdrawal; the note says what.
    ReconciliationMismatch = 39,
    /// main -> world: a deposit that was recorded wrongly, or a part of it.
    DepositReversed = 40,
    /// main -> world: money that left the platform for the business.
    PaidOut = 41,
    /// fees -> main.
    FeesSweptToMain = 42,
    /// fees -> world.
    FeesPaidOut = 43,
}

impl EntryKind {
    /// All kinds, for tables and documentation.
    pub const ALL: [Self; 40] = [
        Self::Deposited,
        Self::MovedToPayout,
        Self::MovedToMain,
        Self::UserCreated,
        Self::UserCredited,
        Self::UserDebited,
        Self::UserDeactivated,
        Self::UserActivated,
        Self::HashRotated,
        Self::WithdrawalCreated,
        Self::WithdrawalReviewAsked,
        Self::WithdrawalQueued,
        Self::WithdrawalApproved,
        Self::WithdrawalRejected,
        Self::WithdrawalCancelled,
        Self::WithdrawalSending,
        Self::WithdrawalOutcomeLost,
        Self::WithdrawalOutcomeFound,
        Self::WithdrawalSucceeded,
        Self::WithdrawalFeeTaken,
        Self::WithdrawalFailed,
        Self::WithdrawalReturned,
        Self::WithdrawalFeeReturned,
        Self::GiftCardRevealed,
        Self::GiftCardStockLow,
        Self::UserMoneyExpired,
        Self::UserMoneyExpiring,
        Self::SettingsChanged,
        Self::InstallationRecovered,
        Self::PaymentsPaused,
        Self::PaymentsResumed,
        Self::ImportCompleted,
        Self::MethodOpened,
        Self::MethodClosed,
        Self::WithdrawalDelayed,
        Self::ReconciliationMismatch,
        Self::DepositReversed,
        Self::PaidOut,
        Self::FeesSweptToMain,
        Self::FeesPaidOut,
    ];

    /// The number that is stored and chained.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The event's name as clients see it.
    #[must_use]
    pub fn event_name(self) -> &'static str {
        match self {
            Self::Deposited => "balance.deposited",
            Self::MovedToPayout => "balance.moved_to_payout",
            Self::MovedToMain => "balance.moved_to_main",
            Self::UserCreated => "payout_user.created",
            Self::UserCredited => "payout_user.credited",
            Self::UserDebited => "payout_user.debited",
            Self::UserDeactivated => "payout_user.deactivated",
            Self::UserActivated => "payout_user.activated",
            Self::HashRotated => "payout_user.hash_rotated",
            Self::WithdrawalCreated => "payout.created",
            Self::WithdrawalReviewAsked => "payout.review",
            Self::WithdrawalQueued => "payout.queued",
            Self::WithdrawalApproved => "payout.approved",
            Self::WithdrawalRejected => "payout.rejected",
            Self::WithdrawalCancelled => "payout.cancelled",
            Self::WithdrawalSending => "payout.processing",
            Self::WithdrawalOutcomeLost => "payout.outcome_unknown",
            Self::WithdrawalOutcomeFound => "payout.outcome_known",
            Self::WithdrawalSucceeded => "payout.succeeded",
            Self::WithdrawalFeeTaken => "payout.fee_taken",
            Self::WithdrawalFailed => "payout.failed",
            Self::WithdrawalReturned => "payout.returned",
            Self::WithdrawalFeeReturned => "payout.fee_returned",
            Self::GiftCardRevealed => "gift_card.revealed",
            Self::GiftCardStockLow => "gift_card.stock_low",
            Self::UserMoneyExpired => "payout_user.money_expired",
            Self::UserMoneyExpiring => "payout_user.money_expiring",
            Self::SettingsChanged => "settings.changed",
            Self::InstallationRecovered => "installation.recovered",
            Self::PaymentsPaused => "payments.paused",
            Self::PaymentsResumed => "payments.resumed",
            Self::ImportCompleted => "import.completed",
            Self::MethodOpened => "method.opened",
            Self::MethodClosed => "method.closed",
            Self::WithdrawalDelayed => "payout.delayed",
            Self::ReconciliationMismatch => "reconciliation.mismatch",
            Self::DepositReversed => "balance.deposit_reversed",
            Self::PaidOut => "balance.paid_out",
            Self::FeesSweptToMain => "balance.fees_swept",
            Self::FeesPaidOut => "balance.fees_paid_out",
        }
    }
}

/// Money moved by one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Where it came from.
    pub debit: AccountId,
    /// Where it went.
    pub credit: AccountId,
    /// Cents, at least 1.
    pub amount: Cents,
    /// The entry that touched the debit account before this one; 0 for none.
    pub debit_previous: i64,
    /// The entry that touched the credit account before this one; 0 for none.
    pub credit_previous: i64,
}

/// Who gave a command: the number of an API key, a member of the business's team, or one of the constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(pub i64);

/// Members stand below this, negated: their numbers are stored and chained, so it never changes.
const MEMBERS_FROM: i64 = 1_000;

impl Actor {
    /// No key, member or operator: the recipient, or the platform itself carrying out a rule.
    pub const NONE: Self = Self(0);
    /// The operator, through the program's command line.
    pub const OPERATOR: Self = Self(-1);

    /// The API key, if it was one.
    #[must_use]
    pub fn as_key(self) -> Option<i64> {
        (self.0 > 0).then_some(self.0)
    }

    /// The member with this number, 1, 2, …
    #[must_use]
    pub fn member(number: i64) -> Self {
        Self(-(MEMBERS_FROM + number))
    }

    /// The member's number, if it was one.
    #[must_use]
    pub fn as_member(self) -> Option<i64> {
        (self.0 < -MEMBERS_FROM).then(|| -self.0 - MEMBERS_FROM)
    }
}

/// One line of a book's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3, … inside the book, without a gap but at [`EntryKind::InstallationRecovered`].
    pub sequence: i64,
    /// What happened.
    pub kind: EntryKind,
    /// When it was decided.
    pub at: Micros,
    /// The payout user it concerns; 0 for none.
    pub user: i64,
    /// The money, if any moved.
    pub movement: Option<Movement>,
    /// Reference, reason or proof, as given with the command; empty for none.
    pub note: String,
    /// The withdrawal it concerns; 0 for none.
    pub withdrawal: i64,
    /// Who gave the command.
    pub actor: Actor,
    /// What the rail made public of a withdrawal at that moment, what a correction says beside its money
    /// ([`crate::CorrectionDetail`]) or why a withdrawal is reviewed ([`crate::ReviewDetail`]), as a JSON object; empty for none.
    /// Never a secret.
    pub detail: String,
    /// Of the hash that this entry gives its user.
    pub salt: Option<HashSalt>,
}

impl Entry {
    /// What the rail made public of a withdrawal at that moment; empty for none. What a review rule says is not public.
    #[must_use]
    pub fn published(&self) -> &str {
        let is_public = self.withdrawal > 0 && self.kind != EntryKind::WithdrawalReviewAsked;
        if is_public { &self.detail } else { "" }
    }

    /// What the entry adds to this account: negative where it takes money out of it.
    #[must_use]
    pub fn signed_for(&self, account: AccountId) -> Cents {
        self.movement.map_or(Cents::ZERO, |moved| {
            if moved.credit == account { moved.amount } else { Cents(-moved.amount.0) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_members_and_the_constants_are_told_apart() {
        for number in [1, 2, 1_000_000] {
            assert_eq!(Actor::member(number).as_member(), Some(number));
            assert_eq!(Actor::member(number).as_key(), None);
            assert_eq!((Actor(number).as_key(), Actor(number).as_member()), (Some(number), None));
        }
        assert_eq!(Actor::member(1), Actor(-1_001));
        for other in [Actor::NONE, Actor::OPERATOR, Actor(-1_000)] {
            assert_eq!((other.as_key(), other.as_member()), (None, None));
        }
    }
}
