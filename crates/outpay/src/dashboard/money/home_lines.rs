//! The lines at the top of the home page: what needs a person, in words and with a link, and the first steps of a business.

use crate::format;
use crate::needs::{FirstSteps, Need, NeedKind};
use crate::store::MOST;
use ledger::Micros;

const SECOND: i64 = 1_000_000;

/// What needs a person.
pub struct ShownNeed {
    pub href: &'static str,
    pub icon: &'static str,
    pub sentence: String,
    /// Which; empty where the count says enough.
    pub which: String,
    /// Since when, in words; empty where it is not known.
    pub age: String,
}

/// A first step.
pub struct ShownStep {
    pub is_done: bool,
    pub title: &'static str,
    pub words: &'static str,
    /// Where it is done; empty where no page does it.
    pub href: &'static str,
}

/// The line of this need.
#[must_use]
pub fn need(need: &Need, now: Micros) -> ShownNeed {
    let (href, one, many) = match need.kind {
        NeedKind::Review => {
            ("/dashboard/withdrawals?state=review", "withdrawal awaits review", "withdrawals await review")
        }
        NeedKind::Unconfirmed => (
            "/dashboard/withdrawals?doubt=on",
            "withdrawal is unconfirmed: its money stays held",
            "withdrawals are unconfirmed: their money stays held",
        ),
        NeedKind::FailingWebhooks => {
            ("/dashboard/webhooks", "webhook fails or was switched off", "webhooks fail or were switched off")
        }
        NeedKind::FailedDeliveries => (
            "/dashboard/deliveries?state=failed",
            "webhook delivery failed in the last 7 days",
            "webhook deliveries failed in the last 7 days",
        ),
        NeedKind::Down => ("/dashboard/methods", "method does not answer", "methods do not answer"),
        NeedKind::Paused => ("/dashboard/pauses", "pause stops withdrawals", "pauses stop withdrawals"),
        NeedKind::LowFloat => ("/dashboard/methods", "method is low on funds", "methods are low on funds"),
        NeedKind::LowStock => {
            ("/dashboard/methods", "kind of gift card is running out", "kinds of gift cards are running out")
        }
        NeedKind::Differences => (
            "/dashboard/reconciliation",
            "reconciliation difference is open",
            "reconciliation differences are open",
        ),
        NeedKind::Proposals => (
            "/dashboard/proposals",
            "proposal waits for a second person",
            "proposals wait for a second person",
        ),
        NeedKind::Imports => {
            ("/dashboard/import", "import waits for another member", "imports wait for another member")
        }
    };
    let number = format::grouped(need.count.unsigned_abs(), ",");
    let or_more = if need.count >= MOST { " or more" } else { "" };
    let sentence = format!("{number}{or_more} {}", if need.count == 1 { one } else { many });
    let age = need.oldest.map(|oldest| age(oldest, now)).unwrap_or_default();
    ShownNeed { href, icon: icon(need.kind), sentence, which: need.which.clone(), age }
}

fn icon(kind: NeedKind) -> &'static str {
    match kind {
        NeedKind::Review => "withdrawals",
        NeedKind::Unconfirmed | NeedKind::Down => "alert",
        NeedKind::FailingWebhooks => "webhooks",
        NeedKind::FailedDeliveries => "deliveries",
        NeedKind::Paused => "pauses",
        NeedKind::LowFloat => "balance",
        NeedKind::LowStock => "stock",
        NeedKind::Differences => "reconciliation",
        NeedKind::Proposals => "proposals",
        NeedKind::Imports => "import",
    }
}

/// `for 2 hours`; the oldest waits so long.
fn age(since: Micros, now: Micros) -> String {
    let seconds = now.saturating_sub(since).max(0) / SECOND;
    let (number, unit) = match seconds {
        ..60 => return "for less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("for {number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// The steps, in the order in which they are taken.
#[must_use]
pub fn steps(done: FirstSteps, may_deposit: bool) -> Vec<ShownStep> {
    let step = |is_done, title, words, href| ShownStep { is_done, title, words, href };
    let deposit = if may_deposit {
        step(
            done.has_deposit,
            "Record a deposit",
            "For money that you sent to the server’s operator.",
            "/dashboard/deposits",
        )
    } else {
        let words = "Send money to the server’s operator, who records it.";
        step(done.has_deposit, "Deposit money", words, "/dashboard/deposits")
    };
    vec![
        step(done.has_key, "Create an API key", "Your program sends payouts with it.", "/dashboard/keys"),
        deposit,
        step(done.has_transfer, "Move money to the payout balance", "Payouts are sent from it.", "#transfer"),
        step(false, "Send the first payout", "With the API, or by hand.", "/dashboard/users"),
        step(
            done.has_webhook,
            "Add a webhook",
            "Your program is notified of every event.",
            "/dashboard/webhooks",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_says_how_many_and_since_when() {
        let line = |kind, count, oldest, which: &str| {
            let shown = need(&Need { kind, count, oldest, which: which.to_owned() }, 1_000_000 * SECOND);
            (shown.sentence, shown.age)
        };
        let since = |seconds: i64| Some((1_000_000 - seconds) * SECOND);
        let owned = |sentence: &str, age: &str| (sentence.to_owned(), age.to_owned());
        assert_eq!(
            line(NeedKind::Review, 1, since(59), ""),
            owned("1 withdrawal awaits review", "for less than a minute")
        );
        assert_eq!(
            line(NeedKind::Review, 2, since(60), ""),
            owned("2 withdrawals await review", "for 1 minute")
        );
        assert_eq!(
            line(NeedKind::Proposals, MOST, since(7_200), ""),
            owned("1,000 or more proposals wait for a second person", "for 2 hours")
        );
        assert_eq!(
            line(NeedKind::Down, 1, since(172_800), "PayPal"),
            owned("1 method does not answer", "for 2 days")
        );
        assert_eq!(line(NeedKind::LowStock, 1, None, "x").1, "");
        assert_eq!(
            line(NeedKind::Review, 1, Some(i64::MAX), "").1,
            "for less than a minute",
            "a clock went back"
        );
    }
}
