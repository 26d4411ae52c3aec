//! Why a withdrawal waits for review: the rules of the business's terms that apply to it, with the figures of that moment. Written
//! into its journal entry, because terms change and sums of a day move on. Not here: the rules themselves (terms.rs).

use crate::{Book, Cents, Order};
use serde::{Deserialize, Serialize};

/// A rule that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum ReviewReason {
    /// Every withdrawal by the method is reviewed.
    Always,
    /// Its gross amount is above the limit.
    Above { limit: Cents },
    /// With it, what the person has asked for on this UTC day over all methods is above the limit.
    AbovePerDay { limit: Cents, sum: Cents },
    /// The person has not successfully used this destination before.
    NewDestination,
}

/// What the entry of a review says beside that: its detail, and so covered by the chain. Not for recipients, who would learn the limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewDetail {
    pub review: Vec<ReviewReason>,
}

impl ReviewDetail {
    /// As an entry's detail.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("words and numbers can be written as JSON")
    }

    /// What such an entry's detail says; `None` where it names no rule.
    #[must_use]
    pub fn of(detail: &str) -> Option<Self> {
        serde_json::from_str(detail).ok()
    }
}

/// All rules that apply to an order.
pub(crate) fn reasons(book: &Book, order: &Order) -> Vec<ReviewReason> {
    let rule = &order.terms.review;
    let sum = book.asked_by_user(order.user).plus(order.amount).unwrap_or(Cents(i64::MAX));
    let above = rule.above.filter(|limit| order.amount > *limit);
    let above_per_day = rule.above_per_day.filter(|limit| sum > *limit);
    let is_new =
        rule.new_destination && !book.knows_destination(order.user, &order.method, &order.destination);
    [
        rule.always.then_some(ReviewReason::Always),
        above.map(|limit| ReviewReason::Above { limit }),
        above_per_day.map(|limit| ReviewReason::AbovePerDay { limit, sum }),
        is_new.then_some(ReviewReason::NewDestination),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_read_as_it_was_written() {
        let review = vec![
            ReviewReason::Always,
            ReviewReason::Above { limit: Cents(25_000) },
            ReviewReason::AbovePerDay { limit: Cents(50_000), sum: Cents(60_000) },
            ReviewReason::NewDestination,
        ];
        let detail = ReviewDetail { review };
        let text = r#"{"review":[{"rule":"always"},{"rule":"above","limit":25000},{"rule":"above_per_day","limit":50000,"sum":60000},{"rule":"new_destination"}]}"#;
        assert_eq!(detail.text(), text);
        assert_eq!(ReviewDetail::of(text), Some(detail));
        for other in ["", "{}", r#"{"order_id":"X-1"}"#, r#"{"review":[{"rule":"moon"}]}"#] {
            assert_eq!(ReviewDetail::of(other), None, "{other}");
        }
    }
}
