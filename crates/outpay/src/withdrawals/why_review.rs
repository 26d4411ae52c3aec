//! Why a withdrawal waits for review, in sentences for members: the rules as its journal entry has them, with the figures of that
//! moment. Not here: the rules (ledger), what the screening service said (waiting.rs).

use super::waiting::WhyWaiting;
use crate::format::money;
use crate::store::StoredEntry;
use ledger::{EntryKind, ReviewDetail, ReviewReason, Withdrawal};

/// The sentences; `method` is the method's title.
#[must_use]
pub fn sentences(
    of: &Withdrawal,
    method: &str,
    entries: &[StoredEntry],
    waits: Option<&WhyWaiting>,
) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(WhyWaiting::Denied(reference)) = waits {
        let named = if reference.is_empty() { String::new() } else { format!(" ({reference})") };
        found.push(format!("The screening service denied it{named}. It takes two people to approve it."));
    }
    let asked = entries.iter().rev().find(|stored| stored.entry.kind == EntryKind::WithdrawalReviewAsked);
    let reasons = entries.iter().filter_map(|stored| ReviewDetail::of(&stored.entry.detail));
    let reasons = reasons.flat_map(|detail| detail.review);
    found.extend(reasons.map(|reason| sentence(reason, of, method)));
    if let Some(asked) = asked.filter(|stored| found.is_empty() && !stored.entry.note.is_empty()) {
        found.push(asked.entry.note.clone());
    }
    if found.is_empty() {
        found.push("The rule was not recorded: an older version of Outpay put it up for review.".to_owned());
    }
    found
}

fn sentence(reason: ReviewReason, of: &Withdrawal, method: &str) -> String {
    match reason {
        ReviewReason::Always => format!("Review is on for every withdrawal by {method}."),
        ReviewReason::Above { limit } => {
            let (amount, limit) = (money(of.amount.0), money(limit.0));
            format!("The amount of {amount} is above this method’s review limit of {limit}.")
        }
        ReviewReason::AbovePerDay { limit, sum } => {
            let (sum, limit) = (money(sum.0), money(limit.0));
            format!(
                "With it, this recipient has asked for {sum} on one day (UTC), above the limit of {limit}."
            )
        }
        ReviewReason::NewDestination => {
            "This recipient has not been paid to this destination before.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{Actor, Cents, Entry, Provider, WithdrawalState};

    #[test]
    fn each_rule_is_a_sentence_with_its_figures() {
        let of = Withdrawal {
            number: 1,
            user: 1,
            method: "bank".to_owned(),
            provider: Provider::Manual,
            amount: Cents(50_000),
            fees: Cents(0),
            destination: String::new(),
            state: WithdrawalState::Review,
            outcome_unknown: false,
            reason_code: String::new(),
            reason: String::new(),
            created_at: 0,
            changed_at: 0,
        };
        let entry = |review: Vec<ReviewReason>| {
            let detail = if review.is_empty() { String::new() } else { ReviewDetail { review }.text() };
            let entry = Entry {
                sequence: 1,
                kind: EntryKind::WithdrawalReviewAsked,
                at: 0,
                user: 1,
                movement: None,
                note: String::new(),
                withdrawal: 1,
                actor: Actor::NONE,
                detail,
                salt: None,
            };
            [StoredEntry { entry, chain: ledger::GENESIS }]
        };
        let limit = Cents(25_000);
        let said = |review, waits| sentences(&of, "Bank transfer", &entry(review), waits);
        assert_eq!(
            said(vec![ReviewReason::Always, ReviewReason::Above { limit }], None),
            [
                "Review is on for every withdrawal by Bank transfer.",
                "The amount of $500.00 is above this method’s review limit of $250.00."
            ]
        );
        assert_eq!(
            said(
                vec![ReviewReason::AbovePerDay { limit, sum: Cents(60_000) }, ReviewReason::NewDestination],
                None
            ),
            [
                "With it, this recipient has asked for $600.00 on one day (UTC), above the limit of $250.00.",
                "This recipient has not been paid to this destination before."
            ]
        );
        let denied = WhyWaiting::Denied("case 7".to_owned());
        assert_eq!(
            said(Vec::new(), Some(&denied)),
            ["The screening service denied it (case 7). It takes two people to approve it."]
        );
        assert!(said(Vec::new(), None)[0].starts_with("The rule was not recorded"));
    }
}
