//! Writing an order, sending it, and asking for it. Not here: what its states mean (order.rs).
//!
//! Invariant: one payment has one order. Its `external_id` is the attempt's key, under which the provider makes one order and answers
//! a repeat with it; no second attempt is ever written.

use super::api::TremendousError;
use super::destination::RewardDestination;
use super::order::{Order, OrderAnswer, OrderState};
use super::{TremendousRail, decimal, detail};
use crate::rails::{Finding, Outcome, Payment, Prepared};
use crate::store::{Attempt, Failure};
use ledger::{Cents, Micros, WithdrawalState};
use serde_json::Value;

/// Longer than a request can be on its way.
const ON_ITS_WAY: Micros = 3_600_000_000;

/// An order as the provider's API takes it. The amount is written from cents, since a float would round it.
pub(super) fn write(
    (funding_source, campaign): (&str, Option<&str>),
    key: &str,
    (product, net): (&str, Cents),
    to: &RewardDestination,
) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let campaign = campaign.map_or_else(String::new, |id| format!("\"campaign_id\":{},", text(id)));
    format!(
        "{{\"external_id\":{},\"payment\":{{\"funding_source_id\":{}}},\"reward\":{{{campaign}\"products\":[{}],\
         \"value\":{{\"denomination\":{},\"currency_code\":\"USD\"}},\"recipient\":{{\"name\":{},\"email\":{}}},\
         \"delivery\":{{\"method\":\"LINK\"}}}}}}",
        text(key),
        text(funding_source),
        text(product),
        decimal::dollars(net),
        text(&to.name),
        text(&to.email),
    )
}

/// The key of a payment's only attempt.
pub(super) fn key_of(payment: &Payment) -> String {
    format!("{}-1", payment.order_id)
}

fn refused(code: &str, text: &str) -> Outcome {
    Outcome::Refused { code: code.to_owned(), text: text.to_owned() }
}

fn out_of_funds() -> Outcome {
    refused(
        "out_of_funds",
        "This method has not enough funds at the moment. Please try again later; your balance is as before.",
    )
}

fn declined() -> Outcome {
    refused(
        "refused_by_provider",
        "The provider does not accept this payment. Please check name and address, or choose something else; your balance \
         is as before.",
    )
}

fn never_paid() -> Outcome {
    refused(
        "cancelled_by_provider",
        "The provider did not carry out this payment. Please try again or choose something else; your balance is as before.",
    )
}

fn returned() -> Finding {
    Finding::Returned {
        code: "returned_by_provider".to_owned(),
        text: "The provider cancelled this payment before it was used. Your money is back on your balance."
            .to_owned(),
    }
}

fn no_longer_available() -> Outcome {
    refused(
        "no_longer_available",
        "This is no longer available. Please choose another one; your balance is as before.",
    )
}

impl TremendousRail {
    pub(super) async fn prepare_order(
        &self,
        payment: &Payment,
        earlier: &[Attempt],
    ) -> Result<Prepared, Outcome> {
        // The first order may still pay, whatever it says now.
        if !earlier.is_empty() {
            return Err(Outcome::unknown("a second order is never made for one payment"));
        }
        let to: RewardDestination = serde_json::from_str(&payment.withdrawal.destination)
            .map_err(|_| Outcome::unknown("the destination cannot be read"))?;
        let net = payment.withdrawal.net();
        let catalogue = self.catalogue().await.map_err(TremendousError::unknown)?;
        let product = catalogue.find(&to.product).ok_or_else(no_longer_available)?;
        if !product.takes(net) {
            return Err(no_longer_available());
        }
        let key = key_of(payment);
        let source = (self.config.funding_source_id.as_str(), self.config.campaign_id.as_deref());
        let request = write(source, &key, (&product.id, net), &to).into_bytes();
        Ok(Prepared { key, request, slot: 0 })
    }

    pub(super) async fn submit_order(&self, payment: &Payment, attempt: &Attempt) -> Outcome {
        match self.api.post::<OrderAnswer>("/orders", attempt.request.clone()).await {
            Ok(answer) => self.judge(payment, &attempt.key, &answer.order).await,
            Err(TremendousError::Declined { status, message }) => {
                self.confirm(payment, attempt, (status, message)).await
            }
            Err(error) => error.unknown(),
        }
    }

    /// After the provider has declined an order: only what its books say then is an outcome. It may have made an order that
    /// failed, or have one from an earlier request.
    async fn confirm(
        &self,
        payment: &Payment,
        attempt: &Attempt,
        (status, message): (u16, String),
    ) -> Outcome {
        tracing::warn!(rail = self.facts.name, status, message, "Tremendous declined an order");
        // Another order has this key. The bytes under a key never change, so this must not happen: a person has to look.
        if status == 409 {
            return Outcome::unknown(format!("status 409: another order has this external_id: {message}"));
        }
        match self.order(&attempt.key).await {
            Ok(order) => self.judge(payment, &attempt.key, &order).await,
            Err(TremendousError::NotFound) if status == 402 => out_of_funds(),
            Err(TremendousError::NotFound) => declined(),
            Err(error) => error.unknown(),
        }
    }

    pub(super) async fn query_orders(&self, payment: &Payment, attempts: &[Attempt]) -> Finding {
        for attempt in attempts {
            match self.order(&attempt.key).await {
                Err(TremendousError::NotFound) => {}
                Err(error) => return Finding::Outcome(error.unknown()),
                Ok(order) => return self.found(payment, &attempt.key, &order).await,
            }
        }
        Finding::NotFound
    }

    /// Can no attempt pay any more? An order that is not there may still be on its way for a while.
    pub(super) async fn are_spent(&self, payment: &Payment, attempts: &[Attempt]) -> Result<bool, Failure> {
        for attempt in attempts {
            let is_spent = match self.order(&attempt.key).await {
                Err(TremendousError::NotFound) => payment.now - attempt.created_at >= ON_ITS_WAY,
                Err(error) => return Err(error.failure()),
                Ok(order) => matches!(order.state(), OrderState::NeverPaid | OrderState::Refunded),
            };
            if !is_spent {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn found(&self, payment: &Payment, key: &str, order: &Order) -> Finding {
        let has_succeeded = payment.withdrawal.state == WithdrawalState::Succeeded;
        match self.judge(payment, key, order).await {
            Outcome::Refused { .. } if has_succeeded => returned(),
            outcome => Finding::Outcome(outcome),
        }
    }

    /// The order with this number of ours or of the provider's.
    pub(super) async fn order(&self, number: &str) -> Result<Order, TremendousError> {
        Ok(self.api.get::<OrderAnswer>(&format!("/orders/{number}")).await?.order)
    }

    /// What an order proves. Paid is only one whose link is kept, so that the person can be shown it.
    async fn judge(&self, payment: &Payment, key: &str, order: &Order) -> Outcome {
        let reward = match order.check(key, payment.withdrawal.net()) {
            Ok(reward) => reward,
            Err(failure) => return Outcome::unknown(format!("{failure:#}")),
        };
        let given = reward.delivery.as_ref().and_then(|delivery| delivery.link.as_ref());
        let state = order.state();
        // Only this answer holds it: keep it, however far the order is.
        let is_due = given.is_some() || state == OrderState::Paid;
        if is_due && let Err(error) = self.keep_link(payment, reward, given).await {
            let error = error.failure().context(format!("the link of the order {} is not kept", order.id));
            return Outcome::unknown(format!("{error:#}"));
        }
        match state {
            OrderState::Working => Outcome::Accepted { detail: detail::of(payment, Some(&reward.id)) },
            OrderState::Paid => Outcome::Succeeded { detail: detail::of(payment, Some(&reward.id)) },
            OrderState::NeverPaid | OrderState::Refunded => never_paid(),
            OrderState::Unclear(text) => Outcome::unknown(format!("the order {}: {text}", order.id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    /// A text that differs from the standard one of its code is not translated.
    #[test]
    fn every_reason_is_a_standard_text() {
        let standard = |code: &str| Language::English.find(&format!("reason.{code}")).map(str::to_owned);
        for outcome in [out_of_funds(), declined(), never_paid(), no_longer_available()] {
            let Outcome::Refused { code, text } = outcome else { panic!("{outcome:?}") };
            assert_eq!(standard(&code), Some(text), "{code}");
        }
        let Finding::Returned { code, text } = returned() else { panic!() };
        assert_eq!(standard(&code), Some(text));
    }

    #[test]
    fn an_order_is_written_in_the_provider_s_form() {
        let to = RewardDestination {
            product: "Shop".to_owned(),
            name: "Ann \"A\" Doe".to_owned(),
            email: "ann@example.com".to_owned(),
        };
        let written = write(("FUND1", Some("CAMP1")), "TRM-1-1", ("PRODUCT1", Cents(2_405)), &to);
        let expected = r#"{"external_id":"TRM-1-1","payment":{"funding_source_id":"FUND1"},"reward":{"campaign_id":"CAMP1","products":["PRODUCT1"],"value":{"denomination":24.05,"currency_code":"USD"},"recipient":{"name":"Ann \"A\" Doe","email":"ann@example.com"},"delivery":{"method":"LINK"}}}"#;
        assert_eq!(written, expected);
        let plain: Value = serde_json::from_str(&write(("FUND1", None), "k", ("P", Cents(1)), &to)).unwrap();
        assert_eq!(plain["reward"]["campaign_id"], Value::Null);
    }
}
