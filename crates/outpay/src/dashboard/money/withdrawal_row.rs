//! A withdrawal as lists show it, and the words for its states. Not here: its evidence (withdrawal.rs).

use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::store::Failure;
use futures_util::future::try_join_all;
use ledger::{BookId, Withdrawal, WithdrawalState};
use std::collections::{BTreeMap, BTreeSet};

pub struct WithdrawalRow {
    /// `ord_…`
    pub id: String,
    pub of: Withdrawal,
    pub email: String,
    /// The title of the method.
    pub method: String,
}

impl WithdrawalRow {
    #[must_use]
    pub fn is_in_review(&self) -> bool {
        self.of.state == WithdrawalState::Review
    }

    /// The state's badge: class and word.
    #[must_use]
    pub fn badge(&self) -> (&'static str, &'static str) {
        badge(&self.of)
    }
}

/// A state's badge: class and word.
#[must_use]
pub fn badge(of: &Withdrawal) -> (&'static str, &'static str) {
    if of.outcome_unknown { ("badge-bad", "Unconfirmed") } else { (class(of.state), label(of.state)) }
}

fn class(state: WithdrawalState) -> &'static str {
    match state {
        WithdrawalState::Review => "badge-warn",
        WithdrawalState::Succeeded => "badge-good",
        WithdrawalState::Failed | WithdrawalState::Rejected | WithdrawalState::Returned => "badge-bad",
        WithdrawalState::Created
        | WithdrawalState::Queued
        | WithdrawalState::Sending
        | WithdrawalState::Cancelled => "badge-quiet",
    }
}

/// A state in a word, for people.
#[must_use]
pub fn label(state: WithdrawalState) -> &'static str {
    match state {
        WithdrawalState::Created => "Created",
        WithdrawalState::Queued => "Queued",
        WithdrawalState::Review => "Awaiting review",
        WithdrawalState::Sending => "Sending",
        WithdrawalState::Succeeded => "Succeeded",
        WithdrawalState::Cancelled => "Cancelled",
        WithdrawalState::Failed => "Failed",
        WithdrawalState::Rejected => "Rejected",
        WithdrawalState::Returned => "Returned",
    }
}

/// Is its method paid by a person?
pub(crate) async fn is_by_hand(who: &SignedIn, number: i64) -> Result<bool, Failure> {
    let found = who.platform.store.withdrawal(who.book, number).await?;
    Ok(found.is_some_and(|found| found.provider.is_paid_by_hand()))
}

/// Rows for these withdrawals.
pub async fn rows(who: &SignedIn, withdrawals: Vec<Withdrawal>) -> Result<Vec<WithdrawalRow>, Failure> {
    let emails = emails(who, withdrawals.iter().map(|of| of.user).collect()).await?;
    let row = |of: Withdrawal| WithdrawalRow {
        id: who.platform.secrets.ids().seal(IdKind::Withdrawal, who.book, of.number),
        email: emails.get(&of.user).cloned().unwrap_or_default(),
        method: title(who, &of.method),
        of,
    };
    Ok(withdrawals.into_iter().map(row).collect())
}

/// The addresses of these users.
pub(crate) async fn emails(who: &SignedIn, users: BTreeSet<i64>) -> Result<BTreeMap<i64, String>, Failure> {
    let (store, book) = (&who.platform.store, who.book);
    let one = |user: i64| async move { Ok::<_, Failure>((user, store.email_of(book, user).await?)) };
    let found = try_join_all(users.into_iter().map(one)).await?;
    Ok(found.into_iter().filter_map(|(user, email)| Some((user, email?))).collect())
}

/// A method's title; its name where there is no such rail any more.
#[must_use]
pub fn title(who: &SignedIn, method: &str) -> String {
    let mounted = who.platform.rails.get(who.mode, method);
    mounted.map_or_else(|| method.to_owned(), |mounted| mounted.facts().title.english())
}

/// The number behind `ord_…` in this book.
#[must_use]
pub fn number(who: &SignedIn, book: BookId, id: &str) -> Option<i64> {
    who.platform.secrets.ids().open(IdKind::Withdrawal, book, id)
}

/// An invented one, for snapshots.
#[cfg(test)]
pub(crate) fn sample(number: i64, state: WithdrawalState) -> WithdrawalRow {
    let of = Withdrawal {
        number,
        user: 1,
        method: "bank".to_owned(),
        provider: crate::rails::SAMPLE_BY_HAND,
        amount: ledger::Cents(12_500),
        fees: ledger::Cents(50),
        destination: r#"{"account":"DE02120300000000202051","name":"Ada Example"}"#.to_owned(),
        state,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: 1_800_000_000_000_000,
        changed_at: 1_800_000_600_000_000,
    };
    let (email, method) = ("ada@example.com".to_owned(), "Bank transfer".to_owned());
    WithdrawalRow { id: format!("ord_{number}"), of, email, method }
}
