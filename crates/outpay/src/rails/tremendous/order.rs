//! An order as Tremendous tells it: is it ours, and what has become of it. The states are documented in its API reference
//! (`GET /api/v2/orders/{id}`); one that is not known here is polled further.
//!
//! Invariant: nothing here says that nothing was paid unless the provider shows it: an order that was never charged and delivered
//! nothing, or one whose price was refunded.

use super::decimal;
use crate::store::Failure;
use anyhow::{Context, ensure};
use ledger::Cents;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// The answer of `POST /orders` and `GET /orders/{id}`.
#[derive(Deserialize)]
pub(super) struct OrderAnswer {
    pub order: Order,
}

#[derive(Deserialize)]
pub(super) struct Order {
    pub id: String,
    #[serde(default)]
    pub external_id: Option<String>,
    pub status: String,
    #[serde(default)]
    pub created_at: String,
    /// Only of an order that was charged.
    #[serde(default)]
    pub payment: Option<OrderPayment>,
    #[serde(default)]
    pub rewards: Vec<Reward>,
}

#[derive(Deserialize)]
pub(super) struct OrderPayment {
    #[serde(default)]
    subtotal: Option<Number>,
    #[serde(default)]
    total: Option<Number>,
    #[serde(default)]
    fees: Option<Number>,
    #[serde(default)]
    refund: Option<Refund>,
}

#[derive(Deserialize)]
struct Refund {
    #[serde(default)]
    total: Option<Number>,
}

#[derive(Deserialize)]
pub(super) struct Reward {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub value: Option<RewardValue>,
    #[serde(default)]
    pub delivery: Option<RewardDelivery>,
}

#[derive(Deserialize)]
pub(super) struct RewardValue {
    #[serde(default)]
    denomination: Option<Number>,
    #[serde(default)]
    currency_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RewardDelivery {
    #[serde(default)]
    status: String,
    /// Only in the answer to the first `POST /orders`.
    #[serde(default, deserialize_with = "secret")]
    pub link: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

/// What has become of an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OrderState {
    /// It waits for an approval, a settlement or its delivery.
    Working,
    /// Charged and delivered.
    Paid,
    /// It was never charged, and delivered nothing.
    NeverPaid,
    /// It was charged, and its whole price was refunded.
    Refunded,
    /// Nothing follows from it; for the operator.
    Unclear(String),
}

impl Order {
    /// Checks that this is the order that was sent: its key, and one reward of this value.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, key: &str, net: Cents) -> Result<&Reward, Failure> {
        ensure!(super::config::is_id(&self.id), "an order without an id");
        ensure!(self.external_id.as_deref() == Some(key), "the order {} has another external_id", self.id);
        let [reward] = self.rewards.as_slice() else {
            anyhow::bail!("the order {} has {} rewards instead of one", self.id, self.rewards.len())
        };
        ensure!(super::config::is_id(&reward.id), "the order {} has a reward without an id", self.id);
        let value = reward.dollars().with_context(|| format!("the order {}", self.id))?;
        ensure!(value == net, "the order {} is worth {} cents instead of {}", self.id, value.0, net.0);
        Ok(reward)
    }

    pub fn state(&self) -> OrderState {
        let delivery = self.rewards.first().and_then(|reward| reward.delivery.as_ref());
        let delivery = delivery.map_or("", |delivery| delivery.status.as_str());
        match (self.status.as_str(), delivery) {
            ("EXECUTED", "SUCCEEDED") => OrderState::Paid,
            // Who holds the money now is for the provider and the operator to find out.
            ("EXECUTED", "FAILED") => OrderState::Unclear("executed, but its delivery failed".to_owned()),
            (
                "EXECUTED"
                | "OPEN"
                | "CART"
                | "PENDING APPROVAL"
                | "PENDING INTERNAL PAYMENT APPROVAL"
                | "PENDING SETTLEMENT",
                _,
            ) => OrderState::Working,
            ("FAILED" | "CANCELED", delivery) => self.ended(delivery),
            (unknown, _) => {
                let word: String = unknown.chars().filter(|letter| !letter.is_control()).take(60).collect();
                OrderState::Unclear(format!("an unknown state: {word}"))
            }
        }
    }

    /// A failed or cancelled order.
    fn ended(&self, delivery: &str) -> OrderState {
        match &self.payment {
            // A cancelled order was never charged where it has no payment: an approval was denied.
            None if self.status == "CANCELED" || delivery != "SUCCEEDED" => OrderState::NeverPaid,
            None => OrderState::Unclear("failed, but its delivery succeeded".to_owned()),
            Some(payment) => match payment.is_refunded() {
                Ok(true) => OrderState::Refunded,
                Ok(false) => OrderState::Unclear("ended, but its price was not refunded".to_owned()),
                Err(failure) => OrderState::Unclear(format!("ended, but unreadable: {failure:#}")),
            },
        }
    }

    /// What its rewards are worth.
    ///
    /// # Errors
    /// When a value cannot be read.
    pub fn worth(&self) -> Result<Cents, Failure> {
        let mut sum = Cents::ZERO;
        for reward in &self.rewards {
            sum = sum.plus(reward.dollars()?).context("a sum out of range")?;
        }
        Ok(sum)
    }

    /// What was charged for it.
    pub fn fee(&self) -> Option<Cents> {
        decimal::cents(self.payment.as_ref()?.fees.as_ref()?)
    }
}

impl OrderPayment {
    /// The fee may be kept; what the rewards cost may not.
    fn is_refunded(&self) -> Result<bool, Failure> {
        let Some(refund) = &self.refund else { return Ok(false) };
        let (subtotal, total) = (
            decimal::require(self.subtotal.as_ref(), "subtotal")?,
            decimal::require(self.total.as_ref(), "total")?,
        );
        let refunded = decimal::require(refund.total.as_ref(), "refund.total")?;
        Ok(refunded > Cents::ZERO && refunded >= subtotal.min(total))
    }
}

impl Reward {
    fn dollars(&self) -> Result<Cents, Failure> {
        let value = self.value.as_ref().context("a reward without a value")?;
        let currency = value.currency_code.as_deref();
        ensure!(currency == Some("USD"), "a reward in another currency than US dollars");
        decimal::require(value.denomination.as_ref(), "denomination")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn order(status: &str, delivery: &str, payment: &Value) -> Order {
        let order = json!({
            "id": "ORDER1", "external_id": "TRM-1-1", "status": status, "created_at": "2026-01-01T00:00:00Z",
            "payment": payment,
            "rewards": [{
                "id": "REWARD1", "value": { "denomination": 24.5, "currency_code": "USD" },
                "delivery": { "method": "LINK", "status": delivery },
            }],
        });
        serde_json::from_value(order).unwrap()
    }

    fn payment(refund: Option<f64>) -> Value {
        let refund = refund.map(|total| json!({ "total": total, "currency_code": "USD" }));
        json!({ "subtotal": 24.5, "total": 25.5, "fees": 1, "discount": 0, "currency_code": "USD", "refund": refund })
    }

    #[test]
    fn every_state_has_one_meaning() {
        let none = Value::Null;
        for status in
            ["OPEN", "CART", "PENDING APPROVAL", "PENDING INTERNAL PAYMENT APPROVAL", "PENDING SETTLEMENT"]
        {
            assert_eq!(order(status, "PENDING", &none).state(), OrderState::Working, "{status}");
        }
        for delivery in ["SCHEDULED", "PENDING", "SOMETHING NEW"] {
            assert_eq!(
                order("EXECUTED", delivery, &payment(None)).state(),
                OrderState::Working,
                "{delivery}"
            );
        }
        assert_eq!(order("EXECUTED", "SUCCEEDED", &payment(None)).state(), OrderState::Paid);
        for status in ["FAILED", "CANCELED"] {
            assert_eq!(order(status, "PENDING", &none).state(), OrderState::NeverPaid, "{status}");
            assert_eq!(order(status, "SUCCEEDED", &payment(Some(24.5))).state(), OrderState::Refunded);
            assert_eq!(order(status, "SUCCEEDED", &payment(Some(25.5))).state(), OrderState::Refunded);
        }
        assert_eq!(order("CANCELED", "SUCCEEDED", &none).state(), OrderState::NeverPaid);
    }

    /// Giving money back is wrong unless the provider shows that it kept none.
    #[test]
    fn in_doubt_nothing_follows() {
        for unclear in [
            order("ON HOLD", "PENDING", &Value::Null),
            order("executed", "SUCCEEDED", &Value::Null),
            order("EXECUTED", "FAILED", &payment(None)),
            order("FAILED", "SUCCEEDED", &Value::Null),
            order("FAILED", "PENDING", &payment(None)),
            order("CANCELED", "SUCCEEDED", &payment(None)),
            order("CANCELED", "SUCCEEDED", &payment(Some(24.49))),
            order("CANCELED", "SUCCEEDED", &payment(Some(0.0))),
            order("CANCELED", "SUCCEEDED", &json!({ "refund": { "total": 30 } })),
        ] {
            assert!(matches!(unclear.state(), OrderState::Unclear(_)), "{:?}", unclear.state());
        }
    }

    #[test]
    fn another_order_than_the_one_sent_is_recognized() {
        let ours = order("EXECUTED", "SUCCEEDED", &Value::Null);
        assert!(ours.check("TRM-1-1", Cents(2_450)).is_ok());
        assert!(ours.check("TRM-2-1", Cents(2_450)).is_err());
        assert!(ours.check("TRM-1-1", Cents(2_451)).is_err());
        let other = |change: fn(&mut Order)| {
            let mut order = order("EXECUTED", "SUCCEEDED", &Value::Null);
            change(&mut order);
            order.check("TRM-1-1", Cents(2_450)).is_err()
        };
        assert!(other(|order| order.id = "../rewards".to_owned()));
        assert!(other(|order| order.rewards.clear()));
        assert!(other(|order| order.rewards[0].id = "a?b".to_owned()));
        assert!(other(|order| order.rewards[0].value = None));
        assert!(other(|order| {
            order.rewards[0].value.as_mut().unwrap().currency_code = Some("EUR".to_owned());
        }));
    }
}
