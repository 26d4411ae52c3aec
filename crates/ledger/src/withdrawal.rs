//! Withdrawals: the states one can be in, the one table of steps between them, and what is kept of one. Not here: which
//! money moves with a step (decide_withdrawal.rs), what a business asks of a withdrawal (terms.rs).

use crate::{Cents, Micros, Provider};
use serde::{Deserialize, Serialize};

/// Where a withdrawal stands. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum WithdrawalState {
    /// Asked for; the money is held.
    Created = 1,
    /// Waits for the business to approve or reject it.
    Review = 2,
    /// Will be sent.
    Queued = 3,
    /// Is being sent: from here on only the rail, or a person with proof, ends it.
    Sending = 4,
    /// The rail has paid.
    Succeeded = 5,
    /// The rail has proved that it did not pay; the person has the money again.
    Failed = 6,
    /// The business said no; the person has the money again.
    Rejected = 7,
    /// Taken back before anything was sent; the person has the money again.
    Cancelled = 8,
    /// Paid, and sent back by the rail; the person has the money again.
    Returned = 9,
}

/// What can happen to a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A review rule applies; of what is queued: what was learned since it was asked for.
    AskForReview,
    /// No rule stands in the way.
    Queue,
    /// The business says yes.
    Approve,
    /// The business says no.
    Reject,
    /// The person, or the business, takes it back.
    Cancel,
    /// A worker, or a person, begins to send.
    Send,
    /// The rail did not say what it did.
    LoseOutcome,
    /// The rail knows the payment again and is at work on it.
    FindOutcome,
    /// There is evidence that it was paid.
    Succeed,
    /// There is evidence that it was not paid and will not be.
    Fail,
    /// The rail sent the money back.
    Return,
}

use Step::{
    Approve, AskForReview, Cancel, Fail, FindOutcome, LoseOutcome, Queue, Reject, Return, Send, Succeed,
};
use WithdrawalState::{Cancelled, Created, Failed, Queued, Rejected, Returned, Review, Sending, Succeeded};

/// Every legal step. Whatever is not in this table is refused.
pub const TRANSITIONS: &[(WithdrawalState, Step, WithdrawalState)] = &[
    (Created, AskForReview, Review),
    (Created, Queue, Queued),
    (Created, Cancel, Cancelled),
    (Review, Approve, Queued),
    (Review, Reject, Rejected),
    (Review, Cancel, Cancelled),
    (Queued, AskForReview, Review),
    (Queued, Cancel, Cancelled),
    (Queued, Send, Sending),
    (Sending, LoseOutcome, Sending),
    (Sending, FindOutcome, Sending),
    (Sending, Succeed, Succeeded),
    (Sending, Fail, Failed),
    (Succeeded, Return, Returned),
];

impl WithdrawalState {
    /// All states, in order of their numbers.
    pub const ALL: [Self; 9] =
        [Created, Review, Queued, Sending, Succeeded, Failed, Rejected, Cancelled, Returned];

    /// The number that is stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The state with this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word clients see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Created => "created",
            Review => "review",
            Queued => "queued",
            Sending => "sending",
            Succeeded => "succeeded",
            Failed => "failed",
            Rejected => "rejected",
            Cancelled => "cancelled",
            Returned => "returned",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Where `step` leads from here; `None` where the table has no such step.
    #[must_use]
    pub fn after(self, step: Step) -> Option<Self> {
        TRANSITIONS.iter().find(|(from, with, _)| (*from, *with) == (self, step)).map(|(_, _, to)| *to)
    }

    /// Can it still be taken back? Only before a rail begins to pay.
    #[must_use]
    pub fn can_cancel(self) -> bool {
        self.after(Cancel).is_some()
    }

    /// True while the money is held: it has left the person's balance and nothing has become of it yet.
    #[must_use]
    pub fn holds_money(self) -> bool {
        matches!(self, Created | Review | Queued | Sending)
    }

    /// True where the person has the whole amount again.
    #[must_use]
    pub fn gave_money_back(self) -> bool {
        matches!(self, Failed | Rejected | Cancelled | Returned)
    }
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 11] =
        [AskForReview, Queue, Approve, Reject, Cancel, Send, LoseOutcome, FindOutcome, Succeed, Fail, Return];

    /// The word in the documentation and in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AskForReview => "ask for review",
            Queue => "queue",
            Approve => "approve",
            Reject => "reject",
            Cancel => "cancel",
            Send => "send",
            LoseOutcome => "lose the outcome",
            FindOutcome => "find the outcome",
            Succeed => "succeed",
            Fail => "fail",
            Return => "return",
        }
    }
}

/// A worker's lease of a withdrawal, as the worker knows it. A step that names it is refused unless the database has the same: a
/// worker that was frozen past its lease, or knows fewer attempts than there are, changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// 1, 2, … for each time that the withdrawal was leased.
    pub number: i64,
    /// The attempts that the worker knows of.
    pub attempts: i64,
}

/// A pause as it concerns one book: what it names is not asked for, approved or sent. `None` means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// By which method.
    pub method: Option<String>,
    /// Whose: the user's number.
    pub user: Option<i64>,
}

impl Pause {
    /// Does it cover this user and this method?
    #[must_use]
    pub fn names(&self, user: i64, method: &str) -> bool {
        self.user.is_none_or(|of| of == user) && self.method.as_deref().is_none_or(|of| of == method)
    }
}

/// A withdrawal as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// 1, 2, … in order of creation inside the book.
    pub number: i64,
    pub user: i64,
    /// The method's name, for example `crypto` or `usdc-base`.
    pub method: String,
    /// The kind of rail behind the method.
    pub provider: Provider,
    /// Cents that left the person's balance.
    pub amount: Cents,
    /// Cents of it that the business keeps.
    pub fees: Cents,
    /// Where to, as one JSON object in a canonical form: the rail has checked it.
    pub destination: String,
    /// Where it stands.
    pub state: WithdrawalState,
    /// While sending: the rail has not said what it did.
    pub outcome_unknown: bool,
    /// Why it failed, was rejected, cancelled or returned: a stable word; empty for none.
    pub reason_code: String,
    /// The same in words that the recipient may read; empty for none.
    pub reason: String,
    /// When it was asked for.
    pub created_at: Micros,
    /// When its state changed last.
    pub changed_at: Micros,
}

impl Withdrawal {
    /// What the rail pays: the amount without the fees.
    #[must_use]
    pub fn net(&self) -> Cents {
        self.amount.minus(self.fees).expect("fees are below the amount")
    }

    /// Everything that decides who is paid, as one text for the hash chain: method, provider and destination.
    #[must_use]
    pub fn order_text(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.method, self.provider.word(), self.fees.0, self.destination)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_and_a_step_lead_to_one_place() {
        for from in WithdrawalState::ALL {
            for step in Step::ALL {
                let rows = TRANSITIONS.iter().filter(|row| (row.0, row.1) == (from, step));
                assert!(rows.count() <= 1, "{from:?} {step:?}");
            }
        }
    }

    #[test]
    fn nothing_leads_out_of_sending_but_evidence() {
        let out: Vec<Step> = (TRANSITIONS.iter())
            .filter(|(from, _, to)| *from == Sending && *to != Sending)
            .map(|(_, step, _)| *step)
            .collect();
        assert_eq!(out, [Succeed, Fail]);
    }

    #[test]
    fn money_that_was_given_back_stays_given_back() {
        for (from, _, _) in TRANSITIONS {
            assert!(!from.gave_money_back(), "{from:?}");
        }
    }

    #[test]
    fn numbers_and_words_name_one_state_each() {
        for state in WithdrawalState::ALL {
            assert_eq!(WithdrawalState::from_code(state.code()), Some(state));
            assert_eq!(WithdrawalState::from_word(state.word()), Some(state));
        }
        assert_eq!(WithdrawalState::from_code(0), None);
    }
}
