//! Replays the withdrawals of one book from its entries alone: states and the flow of money. Compared with the rows,
//! which the workers rely on.

use super::finding::{Findings, Place};
use super::numbered::Numbered;
use ledger::{AccountId, Cents, Entry, EntryKind, Step, Withdrawal, WithdrawalState};

#[derive(Default)]
pub(super) struct Withdrawals(Numbered<ReplayedWithdrawal>);

#[derive(Clone)]
struct ReplayedWithdrawal {
    user: i64,
    state: WithdrawalState,
    outcome_unknown: bool,
    amount: Cents,
    /// Paid to the rail; `fee`: paid to the fees account.
    paid: Cents,
    fee: Cents,
    rail: Option<AccountId>,
    row_seen: bool,
}

/// The step that an entry of this kind records, if any.
fn step_of(kind: EntryKind) -> Option<Step> {
    Some(match kind {
        EntryKind::WithdrawalReviewAsked => Step::AskForReview,
        EntryKind::WithdrawalQueued => Step::Queue,
        EntryKind::WithdrawalApproved => Step::Approve,
        EntryKind::WithdrawalRejected => Step::Reject,
        EntryKind::WithdrawalCancelled => Step::Cancel,
        EntryKind::WithdrawalSending => Step::Send,
        EntryKind::WithdrawalOutcomeLost => Step::LoseOutcome,
        EntryKind::WithdrawalOutcomeFound => Step::FindOutcome,
        EntryKind::WithdrawalSucceeded => Step::Succeed,
        EntryKind::WithdrawalFailed => Step::Fail,
        EntryKind::WithdrawalReturned => Step::Return,
        _ => return None,
    })
}

impl Withdrawals {
    /// The largest number; in an epoch without withdrawals, its floor.
    pub(super) fn last(&self) -> i64 {
        self.0.last()
    }

    /// A recovery began an epoch.
    pub(super) fn raise(&mut self, floor: i64) {
        self.0.raise(floor);
    }

    /// Applies the next entry; returns what is wrong with it.
    pub(super) fn take(&mut self, entry: &Entry) -> Result<(), String> {
        let moved = entry.movement.map_or(Cents::ZERO, |moved| moved.amount);
        if entry.kind == EntryKind::WithdrawalCreated {
            let next = self.last() + 1;
            self.0.push(ReplayedWithdrawal {
                user: entry.user,
                state: WithdrawalState::Created,
                outcome_unknown: false,
                amount: moved,
                paid: Cents::ZERO,
                fee: Cents::ZERO,
                rail: None,
                row_seen: false,
            });
            let number = entry.withdrawal;
            return if number == next {
                Ok(())
            } else {
                Err(format!("it creates withdrawal {number}, not {next}"))
            };
        }
        let is_fee = matches!(entry.kind, EntryKind::WithdrawalFeeTaken | EntryKind::WithdrawalFeeReturned);
        let step = step_of(entry.kind);
        if step.is_none() && !is_fee {
            return Ok(());
        }
        let number = entry.withdrawal;
        let told = self.told(number).ok_or_else(|| format!("no entry created withdrawal {number}"))?;
        if told.user != entry.user {
            return Err(format!("it names user {}, whose withdrawal this is not", entry.user));
        }
        match step {
            None if entry.kind == EntryKind::WithdrawalFeeTaken => told.fee = moved,
            None if told.fee != moved => return Err("it gives back another fee than was taken".to_owned()),
            None => {}
            Some(step) => told.advance(step, entry)?,
        }
        Ok(())
    }

    pub(super) fn compare(&mut self, stored: &Withdrawal, findings: &mut Findings) {
        let place = Place::Withdrawal(stored.number);
        let Some(told) = self.told(stored.number) else {
            return findings.add(place, "stored, but no entry created this withdrawal".to_owned());
        };
        told.row_seen = true;
        if (told.user, told.amount) != (stored.user, stored.amount) {
            findings.add(place, "it is stored with another user or amount than the entries say".to_owned());
        }
        if (told.state, told.outcome_unknown) != (stored.state, stored.outcome_unknown) {
            let (told, stored) = (told.state.word(), stored.state.word());
            findings.add(place, format!("{told} by the entries, stored as {stored}"));
        }
        if let Some(rail) = told.rail {
            let is_paid = (told.paid, told.fee) == (stored.net(), stored.fees);
            if !is_paid || rail != stored.provider.account() {
                let what = "rail, net amount or fee is stored otherwise than it was paid";
                findings.add(place, what.to_owned());
            }
        }
    }

    pub(super) fn report_missing(&self, findings: &mut Findings) {
        for (number, _) in self.0.iter().filter(|(_, told)| !told.row_seen) {
            let what = "missing, although an entry created this withdrawal".to_owned();
            findings.add(Place::Withdrawal(number), what);
        }
    }

    /// Has the withdrawal reached a state in which money may have left the platform?
    pub(super) fn was_sent(&self, number: i64) -> bool {
        use WithdrawalState::{Failed, Returned, Sending, Succeeded};
        self.get(number).is_some_and(|told| matches!(told.state, Sending | Succeeded | Failed | Returned))
    }

    /// Is there a withdrawal with this number, user and amount?
    pub(super) fn is_of(&self, number: i64, user: i64, amount: Cents) -> bool {
        self.get(number).is_some_and(|told| (told.user, told.amount) == (user, amount))
    }

    fn get(&self, number: i64) -> Option<&ReplayedWithdrawal> {
        self.0.get(number)
    }

    fn told(&mut self, number: i64) -> Option<&mut ReplayedWithdrawal> {
        self.0.get_mut(number)
    }
}

impl ReplayedWithdrawal {
    fn advance(&mut self, step: Step, entry: &Entry) -> Result<(), String> {
        let before = self.state;
        let after = before.after(step);
        self.state =
            after.ok_or_else(|| format!("a withdrawal that is {} cannot {}", before.word(), step.word()))?;
        self.outcome_unknown = step == Step::LoseOutcome;
        let Some(moved) = entry.movement else { return Ok(()) };
        match step {
            Step::Succeed => {
                self.paid = moved.amount;
                self.rail = Some(moved.credit);
            }
            Step::Return if Some(moved.debit) != self.rail || moved.amount != self.paid => {
                return Err("it gives back something else than was paid".to_owned());
            }
            Step::Return => {}
            _ if moved.amount != self.amount => {
                return Err("it does not give back the whole amount".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}
