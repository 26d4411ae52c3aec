//! The check ladder of withdrawals: asking for money, every later step, and taking back unclaimed money. Which money
//! moves with which step stands in [`moves`], and nowhere else.

use crate::Change;
use crate::decide::{Plan, check, check_room};
use crate::review::{self, ReviewDetail};
use crate::{
    AccountId, Book, Cents, EntryKind, LOOKS_PERIOD, MOST_LOOKS, Micros, NewEntry, Occurrence, Order,
    Progress, Refusal, Reply, Step, UserStatus, Withdrawal, WithdrawalState, is_from_before_a_recovery,
};

pub(crate) fn withdraw(book: &Book, order: &Order, now: Micros) -> Result<Plan, Refusal> {
    let user = book.user(order.user).ok_or(Refusal::PayoutUserIsUnknown)?;
    let valid = user.expires_at.is_none_or(|end| now < end);
    check(user.status == UserStatus::Active && valid, Refusal::PayoutUserIsNotActive)?;
    check(book.payouts_enabled, Refusal::WithdrawalsArePaused)?;
    check(!book.is_paused(user.number, &order.method), Refusal::MethodIsPaused)?;
    let terms = &order.terms;
    check(terms.enabled, Refusal::MethodIsClosed)?;
    check(order.amount >= terms.minimum && order.amount > Cents::ZERO, Refusal::AmountIsBelowTheMinimum)?;
    check(order.amount <= terms.maximum, Refusal::AmountIsAboveTheMaximum)?;
    let fees = terms.fee.fee(order.amount);
    check(fees < order.amount, Refusal::AmountDoesNotCoverTheFee)?;
    let account = AccountId::user(user.number);
    check(book.balance(account) >= order.amount, Refusal::UserBalanceIsTooLow)?;
    let asked = book.asked_by_method(&order.method).plus(order.amount);
    let asked = asked.ok_or(Refusal::BalanceWouldBeTooLarge)?;
    check(terms.daily_cap.is_none_or(|cap| asked <= cap), Refusal::DailyCapIsReached)?;
    check_room(book, AccountId::HELD, order.amount)?;

    let mut withdrawal = Withdrawal {
        number: book.head.withdrawals + 1,
        user: user.number,
        method: order.method.clone(),
        provider: order.provider,
        amount: order.amount,
        fees,
        destination: order.destination.clone(),
        state: WithdrawalState::Created,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: now,
        changed_at: now,
    };
    let review = review::reasons(book, order);
    let asks = order.is_held || !review.is_empty();
    let step = if asks { Step::AskForReview } else { Step::Queue };
    let detail = (!review.is_empty()).then(|| ReviewDetail { review }.text());
    let created = Change::NewWithdrawal(Box::new(withdrawal.clone()));
    let entry = NewEntry::new(EntryKind::WithdrawalCreated).of_withdrawal(&withdrawal);
    let held = Change::Move { entry, debit: account, credit: AccountId::HELD, amount: order.amount };
    withdrawal.state = WithdrawalState::Created.after(step).expect("a new withdrawal can take both steps");
    let mut changes = vec![created, held, Change::SetWithdrawal(Box::new(withdrawal.clone()))];
    let progress = Progress { detail, ..Progress::new(withdrawal.number, step) };
    changes.extend(moves(&withdrawal, &progress, AccountId::FEES));
    Ok(Plan { changes, reply: Reply::Withdrawal(Box::new(withdrawal)) })
}

pub(crate) fn advance(book: &Book, progress: &Progress, now: Micros) -> Result<Plan, Refusal> {
    let withdrawal = book.withdrawal(progress.withdrawal).ok_or(Refusal::WithdrawalIsUnknown)?;
    let is_own = progress.only_of.is_none_or(|user| user == withdrawal.user);
    check(is_own, Refusal::WithdrawalIsUnknown)?;
    let is_held = progress.under.is_none_or(|lease| book.holds(withdrawal.number, lease));
    check(is_held, Refusal::LeaseWasLost)?;
    let begins = progress.by_hand && withdrawal.state == WithdrawalState::Queued;
    let from = if begins { WithdrawalState::Sending } else { withdrawal.state };
    let state = from.after(progress.step);
    let state = state.ok_or(Refusal::StepIsNotPossible(withdrawal.state, progress.step))?;
    let leaves = matches!(progress.step, Step::Approve | Step::Send);
    // It may have been paid after the moment that the database was set back to. The person does not get the money back as well,
    // until an operator has looked into it, which a resume says.
    let is_forgotten = progress.step == Step::Cancel
        && progress.only_of.is_some()
        && is_from_before_a_recovery(withdrawal.number, book.head.sequence);
    let is_paused = (leaves || is_forgotten) && book.is_paused(withdrawal.user, &withdrawal.method);
    check(!is_paused, Refusal::MethodIsPaused)?;
    check_room(book, AccountId::user(withdrawal.user), withdrawal.amount)?;
    check_room(book, withdrawal.provider.account(), withdrawal.amount)?;
    check_room(book, AccountId::FEES, withdrawal.amount)?;
    let fee_from = fee_returned_from(book, withdrawal.fees);
    let returns_fee = progress.step == Step::Return && withdrawal.fees > Cents::ZERO;
    check(!returns_fee || book.balance(fee_from) >= withdrawal.fees, Refusal::FeesAreTooLow)?;

    let mut after = withdrawal.clone();
    after.state = state;
    after.changed_at = now;
    after.outcome_unknown = progress.step == Step::LoseOutcome;
    if state.gave_money_back() {
        let reason = progress.reason.clone().unwrap_or_default();
        (after.reason_code, after.reason) = (reason.code, reason.text);
    }
    let mut changes = vec![Change::SetWithdrawal(Box::new(after.clone()))];
    if begins {
        changes.extend(moves(&after, &Progress::new(progress.withdrawal, Step::Send), fee_from));
    }
    changes.extend(moves(&after, progress, fee_from));
    Ok(Plan { changes, reply: Reply::Withdrawal(Box::new(after)) })
}

/// The account that gives the fee of a returned withdrawal back: the fees or, once they were swept, the main balance.
fn fee_returned_from(book: &Book, fee: Cents) -> AccountId {
    if book.balance(AccountId::FEES) >= fee { AccountId::FEES } else { AccountId::MAIN }
}

/// The entries of a step, with the money they move. All of the amount goes one way: back to the person, or to the rail
/// and, as far as it is a fee, to the business's fees.
fn moves(withdrawal: &Withdrawal, progress: &Progress, fee_from: AccountId) -> Vec<Change> {
    let user = AccountId::user(withdrawal.user);
    let (held, fees, rail) = (AccountId::HELD, AccountId::FEES, withdrawal.provider.account());
    let (gross, net) = (withdrawal.amount, withdrawal.net());
    let note = progress.note.as_ref().or(progress.reason.as_ref().map(|reason| &reason.text));
    let entry = |kind| NewEntry {
        note: note.cloned(),
        detail: progress.detail.clone(),
        ..NewEntry::new(kind).of_withdrawal(withdrawal)
    };
    let note = |kind| Change::Note(entry(kind));
    let shift = |kind, debit, credit, amount| Change::Move { entry: entry(kind), debit, credit, amount };
    let fee = |kind, debit, credit| {
        let entry = NewEntry::new(kind).of_withdrawal(withdrawal);
        Change::Move { entry, debit, credit, amount: withdrawal.fees }
    };
    let has_fee = withdrawal.fees > Cents::ZERO;
    match progress.step {
        Step::AskForReview => vec![note(EntryKind::WithdrawalReviewAsked)],
        Step::Queue => vec![note(EntryKind::WithdrawalQueued)],
        Step::Approve => vec![note(EntryKind::WithdrawalApproved)],
        Step::Send => vec![note(EntryKind::WithdrawalSending)],
        Step::LoseOutcome => vec![note(EntryKind::WithdrawalOutcomeLost)],
        Step::FindOutcome => vec![note(EntryKind::WithdrawalOutcomeFound)],
        Step::Reject => vec![shift(EntryKind::WithdrawalRejected, held, user, gross)],
        Step::Cancel => vec![shift(EntryKind::WithdrawalCancelled, held, user, gross)],
        Step::Fail => vec![shift(EntryKind::WithdrawalFailed, held, user, gross)],
        Step::Succeed => {
            let mut entries = vec![shift(EntryKind::WithdrawalSucceeded, held, rail, net)];
            entries.extend(has_fee.then(|| fee(EntryKind::WithdrawalFeeTaken, held, fees)));
            entries
        }
        Step::Return => {
            let mut entries = vec![shift(EntryKind::WithdrawalReturned, rail, user, net)];
            entries.extend(has_fee.then(|| fee(EntryKind::WithdrawalFeeReturned, fee_from, user)));
            entries
        }
    }
}

pub(crate) fn record(
    book: &Book,
    occurrence: Occurrence,
    (user, withdrawal): (Option<i64>, Option<i64>),
    note: &str,
    now: Micros,
) -> Result<Plan, Refusal> {
    if let (Occurrence::GiftCardRevealed, Some(withdrawal)) = (occurrence, withdrawal) {
        let looks = book.looks_within(withdrawal, now, LOOKS_PERIOD);
        check(looks < MOST_LOOKS, Refusal::CodeWasShownTooOften)?;
    }
    let kind = match occurrence {
        Occurrence::GiftCardRevealed => EntryKind::GiftCardRevealed,
        Occurrence::GiftCardStockLow => EntryKind::GiftCardStockLow,
        Occurrence::UserMoneyExpiring => EntryKind::UserMoneyExpiring,
        Occurrence::SettingsChanged => EntryKind::SettingsChanged,
        Occurrence::PaymentsPaused => EntryKind::PaymentsPaused,
        Occurrence::PaymentsResumed => EntryKind::PaymentsResumed,
        Occurrence::ImportCompleted => EntryKind::ImportCompleted,
        Occurrence::MethodOpened => EntryKind::MethodOpened,
        Occurrence::MethodClosed => EntryKind::MethodClosed,
        Occurrence::ReconciliationMismatch => EntryKind::ReconciliationMismatch,
        Occurrence::WithdrawalDelayed => EntryKind::WithdrawalDelayed,
    };
    let entry = NewEntry { user, withdrawal, ..NewEntry::new(kind).with_note(note) };
    Ok(Plan { changes: vec![Change::Note(entry)], reply: Reply::Recorded })
}

pub(crate) fn expire(book: &Book, user: i64, head: i64) -> Result<Plan, Refusal> {
    let user = book.user(user).ok_or(Refusal::PayoutUserIsUnknown)?;
    let account = AccountId::user(user.number);
    let amount = book.balance(account);
    check(book.account_head(account) == head, Refusal::MoneyWasClaimed)?;
    check(amount > Cents::ZERO, Refusal::UserBalanceIsTooLow)?;
    check_room(book, AccountId::PAYOUT, amount)?;

    let mut snapshot = book.snapshot(user);
    snapshot.balance = Cents::ZERO;
    let entry = NewEntry::new(EntryKind::UserMoneyExpired).of_user(user.number);
    let change = Change::Move { entry, debit: account, credit: AccountId::PAYOUT, amount };
    Ok(Plan { changes: vec![change], reply: Reply::User(snapshot) })
}
