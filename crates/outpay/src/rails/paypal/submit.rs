//! `submit`: sends the bytes of a committed attempt. A repeat is answered by PayPal with a link to the original, which is followed: so
//! sending again is also how an attempt is looked up whose answer was lost.
//!
//! Invariants: nothing is sent once PayPal may have forgotten the key. A link is never called: the number in it is asked for at the
//! configured address, and counts only if PayPal says that it has our key.

use super::answers::{ErrorAnswer, PayoutBatch};
use super::api::{ApiAnswer, PAYOUTS};
use super::notice::is_paypals;
use super::request::{PayoutRequest, Sent};
use super::{Outcome, Payment, PaypalRail, down, verdict};
use crate::rails::Finding;
use crate::store::{Attempt, Failure};
use anyhow::ensure;
use ledger::Micros;

const DAY: Micros = 86_400_000_000;
/// PayPal keeps a key for 30 days; a day less, so that neither clock matters.
const KEY_IS_KEPT: Micros = 29 * DAY;
/// An attempt that is dated further ahead was made under a wrong clock, and may be of any age.
const CLOCKS_DIFFER: Micros = DAY / 24;

impl PaypalRail {
    /// Sends the attempt; may be repeated at will.
    pub(super) async fn submit_attempt(
        &self,
        payment: &Payment,
        attempt: &Attempt,
    ) -> Result<Outcome, Failure> {
        let request = match Sent::read(&attempt.request)? {
            Sent::Cancel { cancel } => return self.cancel(payment, &cancel).await,
            Sent::Payout(request) => request,
        };
        ensure!(
            request.sender_batch_header.sender_batch_id == attempt.key,
            "attempt {} is not what was prepared",
            attempt.number
        );
        if let Some(known) = self.store.rail_number(&self.facts.name, &attempt.key).await? {
            return Ok(at_once(self.ask(payment, &request, &known, false).await?));
        }
        if !self.knows_the_key(payment, attempt) {
            return Ok(too_old());
        }
        let answer = match self.api.post(PAYOUTS, attempt.request.clone()).await {
            Ok(answer) => answer,
            Err(error) => return Ok(down(&error)),
        };
        self.judge(payment, &request, answer).await
    }

    /// Is PayPal certain to recognize the attempt's key still, so that a repeat pays nothing?
    pub(super) fn knows_the_key(&self, payment: &Payment, attempt: &Attempt) -> bool {
        let age = self.age(payment, attempt);
        (-CLOCKS_DIFFER..KEY_IS_KEPT).contains(&age)
    }

    /// Time since the attempt was made.
    pub(super) fn age(&self, payment: &Payment, attempt: &Attempt) -> Micros {
        self.clock.now().max(payment.now).saturating_sub(attempt.created_at)
    }

    async fn judge(
        &self,
        payment: &Payment,
        request: &PayoutRequest,
        answer: ApiAnswer,
    ) -> Result<Outcome, Failure> {
        let ApiAnswer { status, body } = answer;
        if (200..300).contains(&status) {
            let Ok(batch) = serde_json::from_slice::<PayoutBatch>(&body) else {
                return Ok(Outcome::unknown(format!("PayPal's answer of status {status} cannot be read")));
            };
            if let Err(difference) = request.check(&batch) {
                return Ok(Outcome::unknown(format!("PayPal answers about {difference}")));
            }
            let number = &batch.batch_header.payout_batch_id;
            return Ok(match self.learn(request, number).await? {
                Ok(()) => at_once(verdict::of_batch(payment, &batch, false)),
                Err(other) => other,
            });
        }
        let error = ErrorAnswer::read(&body);
        if status == 400
            && let Some(number) = error.links().find_map(|link| self.payout_of(link))
        {
            return self.follow(payment, request, number).await;
        }
        Ok(without_a_payout(status, &error))
    }

    /// The original of a repeated payout, once it is certain that it is this request's.
    async fn follow(
        &self,
        payment: &Payment,
        request: &PayoutRequest,
        number: &str,
    ) -> Result<Outcome, Failure> {
        let batch = match self.payout(request, number).await? {
            Ok(batch) => batch,
            Err(outcome) => return Ok(outcome),
        };
        Ok(match self.learn(request, number).await? {
            Ok(()) => at_once(verdict::of_batch(payment, &batch, false)),
            Err(other) => other,
        })
    }

    /// Notes the payout's number. `Err`: the key has another one, so there are two payouts.
    pub(super) async fn learn(
        &self,
        request: &PayoutRequest,
        number: &str,
    ) -> Result<Result<(), Outcome>, Failure> {
        if !is_number(number) {
            return Ok(Err(Outcome::unknown("PayPal's number of the payout cannot be used")));
        }
        let key = &request.sender_batch_header.sender_batch_id;
        let noted = self.store.note_rail_number(&self.facts.name, key, number).await?;
        if noted == number {
            return Ok(Ok(()));
        }
        let text = format!("PayPal has two payouts of one key: {noted} and {number}; look at both");
        tracing::error!(rail = self.facts.name, key, text);
        Ok(Err(Outcome::unknown(text)))
    }

    /// The number of the payout to which a link leads, if it is one of PayPal's: its links may name another host of its own than the
    /// configured one.
    fn payout_of<'a>(&self, link: &'a str) -> Option<&'a str> {
        let (base, path) = link.split_at_checked(link.find(PAYOUTS)?)?;
        if base != self.api.base && !is_paypals(link) {
            return None;
        }
        let number = path.strip_prefix(PAYOUTS)?.strip_prefix('/')?.split('?').next().unwrap_or_default();
        is_number(number).then_some(number)
    }
}

/// PayPal's numbers have up to 30 characters; they become part of a path.
pub(super) fn is_number(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=30).contains(&text.len()) && text.bytes().all(fits)
}

/// A finding as the answer to a request. What came back already is found by the next query, with its two steps.
fn at_once(finding: Finding) -> Outcome {
    match finding {
        Finding::Outcome(outcome) => outcome,
        _ => Outcome::unknown("PayPal had this payment, and it came back"),
    }
}

pub(super) fn too_old() -> Outcome {
    Outcome::unknown(
        "the request is older than 29 days, or dated ahead of the clock, and PayPal's answer to it was never received: PayPal may not recognize it any \
         more, so it is not sent again. Look for it in PayPal, then end the withdrawal with proof",
    )
}

/// What an answer means that names no payout.
fn without_a_payout(status: u16, error: &ErrorAnswer) -> Outcome {
    let name = error.word();
    let told = format!("PayPal answers {status} ({name})");
    let refused = |code| match verdict::refused(code) {
        Finding::Outcome(outcome) => outcome,
        _ => Outcome::unknown(told.clone()),
    };
    match (status, error.name.as_str()) {
        (500.., _) => Outcome::down(told),
        // Nothing was done, and every other payment will fare the same until the operator has helped.
        (401 | 403, _) => Outcome::down(format!("{told}: the app may not make payouts")),
        (400 | 422, _) if error.is_duplicate() => Outcome::unknown(format!(
            "{told}: it has the payout and does not say where; look for it in PayPal"
        )),
        (400 | 422, "INSUFFICIENT_FUNDS") => refused("paypal_no_funds"),
        (400 | 422, "VALIDATION_ERROR" | "INVALID_REQUEST" | "MALFORMED_REQUEST") => {
            refused("paypal_refused")
        }
        _ => Outcome::unknown(told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, body: &serde_json::Value) -> String {
        let outcome = without_a_payout(status, &ErrorAnswer::read(body.to_string().as_bytes()));
        match outcome {
            Outcome::Refused { code, .. } => code,
            Outcome::Unknown { is_down, .. } => if is_down { "down" } else { "unknown" }.to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_a_documented_refusal_of_the_request_is_a_refusal() {
        let named = |name: &str| json!({ "name": name, "message": "m", "debug_id": "d" });
        let used = json!({ "name": "USER_BUSINESS_ERROR", "details": [{ "field": "SENDER_BATCH_ID", "issue": "Duplicate batch request" }] });
        let odd = json!({ "name": "VALIDATION_ERROR", "details": [{ "issue": "sender_batch_id was used" }] });
        for (status, body, expected) in [
            (400, named("VALIDATION_ERROR"), "paypal_refused"),
            (422, named("INSUFFICIENT_FUNDS"), "paypal_no_funds"),
            (400, used, "unknown"),
            (400, odd, "unknown"),
            (400, named("SOMETHING_NEW"), "unknown"),
            (404, named("VALIDATION_ERROR"), "unknown"),
            (409, named("VALIDATION_ERROR"), "unknown"),
            (429, named("RATE_LIMIT_REACHED"), "unknown"),
            (403, named("AUTHORIZATION_ERROR"), "down"),
            (500, named("VALIDATION_ERROR"), "down"),
            (503, json!("no object"), "down"),
            (302, json!({ "name": 7 }), "unknown"),
        ] {
            assert_eq!(answer(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_number_is_a_plain_word() {
        assert!(is_number("5UXD2E8A7EBQJ") && is_number(&"A".repeat(30)));
        for text in ["", "../x", "A/B", "A?b", "a b", &"A".repeat(31)] {
            assert!(!is_number(text), "{text}");
        }
    }
}
