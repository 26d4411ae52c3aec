//! What the states of a payout mean. Not here: asking for them (query.rs).
//!
//! Invariant: only the states that PayPal documents as final end a payment; every other word is unknown, and is asked about again.

use super::answers::{Item, PayoutBatch};
use super::detail;
use crate::language::Language;
use crate::rails::{Finding, Outcome, Payment};
use ledger::WithdrawalState;

/// The state of an item that waits until the recipient accepts it, and which the sender can cancel.
pub(super) const UNCLAIMED: &str = "UNCLAIMED";

/// What has become of a payout that is ours. `is_stopped`: we asked PayPal to cancel it.
pub(super) fn of_batch(payment: &Payment, batch: &PayoutBatch, is_stopped: bool) -> Finding {
    match batch.items.first() {
        Some(item) => of_item(payment, item, &batch.batch_header.batch_status, is_stopped),
        None => match batch.batch_header.batch_status.as_str() {
            status @ ("PENDING" | "PROCESSING") => accepted(payment, status),
            "DENIED" | "CANCELED" => refused("paypal_refused"),
            other => unknown(other),
        },
    }
}

/// The same of its item.
pub(super) fn of_item(payment: &Payment, item: &Item, batch_status: &str, is_stopped: bool) -> Finding {
    let had_succeeded = payment.withdrawal.state == WithdrawalState::Succeeded;
    match item.transaction_status.as_deref().unwrap_or(batch_status) {
        // An item of a payout that ended says so itself.
        "SUCCESS" if item.transaction_status.is_none() => unknown("SUCCESS without a payment"),
        "SUCCESS" => Finding::Outcome(Outcome::Succeeded { detail: detail(payment) }),
        status @ ("PENDING" | "PROCESSING" | "ONHOLD" | UNCLAIMED) => accepted(payment, status),
        "RETURNED" | "REFUNDED" | "REVERSED" if had_succeeded => returned(),
        "REFUNDED" | "REVERSED" => returned(),
        "RETURNED" if is_stopped => refused("paypal_cancelled"),
        "RETURNED" => refused("paypal_unclaimed"),
        status @ ("FAILED" | "BLOCKED" | "DENIED") if had_succeeded => {
            unknown(&format!("{status} after SUCCESS"))
        }
        "FAILED" | "BLOCKED" | "DENIED" => refused(code(item)),
        other => unknown(other),
    }
}

/// A code for programs and, by `locales`, for people.
fn code(item: &Item) -> &'static str {
    let name = item.errors.as_ref().map_or("", |error| error.name.as_str());
    if name.contains("INSUFFICIENT") {
        "paypal_no_funds"
    } else if name.contains("RECEIVER") || name.contains("RECIPIENT") {
        "paypal_receiver"
    } else {
        "paypal_refused"
    }
}

/// The state is for the operator and for [`super::PaypalRail::waits_for`]; it is not published.
pub(super) fn accepted(payment: &Payment, state: &str) -> Finding {
    let detail = detail(payment);
    let known = detail.strip_suffix('}').unwrap_or_default();
    Finding::Outcome(Outcome::Accepted { detail: format!("{known},\"state\":\"{state}\"}}") })
}

pub(super) fn refused(code: &str) -> Finding {
    let text = Language::English.say(&format!("reason.{code}")).to_owned();
    Finding::Outcome(Outcome::Refused { code: code.to_owned(), text })
}

fn returned() -> Finding {
    let code = "returned_by_rail";
    Finding::Returned {
        code: code.to_owned(),
        text: Language::English.say("reason.returned_by_rail").to_owned(),
    }
}

fn unknown(state: &str) -> Finding {
    let state: String = state.chars().filter(|character| !character.is_control()).take(60).collect();
    Finding::Outcome(Outcome::unknown(format!("PayPal's state {state:?} is not known to this version")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{BookId, Cents, Provider, Withdrawal};
    use serde_json::json;

    fn payment(state: WithdrawalState) -> Payment {
        let withdrawal = Withdrawal {
            number: 1,
            user: 1,
            method: "paypal".to_owned(),
            provider: Provider::Paypal,
            amount: Cents(2_500),
            fees: Cents(50),
            destination: r#"{"email":"a@example.com"}"#.to_owned(),
            state,
            outcome_unknown: false,
            reason_code: String::new(),
            reason: String::new(),
            created_at: 0,
            changed_at: 0,
        };
        Payment { book: BookId(2), withdrawal, order_id: "PP-1".to_owned(), now: 0 }
    }

    fn word(state: WithdrawalState, batch: &str, item: Option<&str>, is_stopped: bool) -> String {
        let payout_item =
            json!({ "amount": { "value": "24.50", "currency": "USD" }, "receiver": "a@example.com" });
        let item = json!({ "payout_item_id": "I", "transaction_status": item, "payout_item": payout_item });
        let items = if item["transaction_status"] == "none" { vec![] } else { vec![item] };
        let header = json!({ "payout_batch_id": "B", "batch_status": batch });
        let batch = serde_json::from_value(json!({ "batch_header": header, "items": items })).unwrap();
        match of_batch(&payment(state), &batch, is_stopped) {
            Finding::Outcome(Outcome::Refused { code, text }) => {
                assert!(text.ends_with('.') && text.len() > 20, "{code}: {text}");
                code
            }
            Finding::Outcome(outcome) => outcome.in_words().0.to_owned(),
            Finding::Returned { .. } => "returned".to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_state_means_what_paypal_documents() {
        let sending = |item| word(WithdrawalState::Sending, "SUCCESS", Some(item), false);
        for (item, expected) in [
            ("SUCCESS", "succeeded"),
            ("PENDING", "accepted"),
            ("ONHOLD", "accepted"),
            ("UNCLAIMED", "accepted"),
            ("FAILED", "paypal_refused"),
            ("BLOCKED", "paypal_refused"),
            ("DENIED", "paypal_refused"),
            ("RETURNED", "paypal_unclaimed"),
            ("REFUNDED", "returned"),
            ("REVERSED", "returned"),
            ("TELEPORTED", "unknown"),
            ("success", "unknown"),
        ] {
            assert_eq!(sending(item), expected, "{item}");
        }
        assert_eq!(word(WithdrawalState::Sending, "SUCCESS", Some("RETURNED"), true), "paypal_cancelled");
    }

    #[test]
    fn only_money_that_came_back_changes_a_payment_that_succeeded() {
        let after = |item| word(WithdrawalState::Succeeded, "SUCCESS", Some(item), false);
        for state in ["RETURNED", "REFUNDED", "REVERSED"] {
            assert_eq!(after(state), "returned", "{state}");
        }
        for state in ["FAILED", "BLOCKED", "DENIED", "TELEPORTED"] {
            assert_eq!(after(state), "unknown", "{state}");
        }
    }

    #[test]
    fn a_payout_without_an_item_is_judged_by_its_own_state() {
        for (batch, expected) in [
            ("PENDING", "accepted"),
            ("PROCESSING", "accepted"),
            ("DENIED", "paypal_refused"),
            ("CANCELED", "paypal_refused"),
            ("SUCCESS", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(word(WithdrawalState::Sending, batch, Some("none"), false), expected, "{batch}");
        }
        assert_eq!(
            word(WithdrawalState::Sending, "SUCCESS", None, false),
            "unknown",
            "says nothing of its item"
        );
        assert_eq!(word(WithdrawalState::Sending, "DENIED", None, false), "paypal_refused");
    }
}
