//! How a payment reads in webhooks, receipts and pages. The link is never part of it.

use super::destination::RewardDestination;
use crate::rails::{Known, Payment};
use ledger::Cents;
use serde_json::Value;

pub(super) const ORDER: &[&str] = &["order_id", "product", "currency", "face_value", "reward_id"];

/// What is known before the provider has said anything.
pub(super) fn known(known: &Known<'_>) -> String {
    known.object(known.text("product", "product").into_iter().chain(worth(known.net)))
}

/// An invented payment in its true shape.
pub(super) fn sample(known: &Known<'_>) -> String {
    let reward = reward("SAMPLEREWARD");
    known.object(known.text("product", "product").into_iter().chain(worth(known.net)).chain([reward]))
}

/// With the provider's number of the reward, where it has one.
pub(super) fn of(payment: &Payment, reward_id: Option<&str>) -> String {
    let wanted: Option<RewardDestination> = serde_json::from_str(&payment.withdrawal.destination).ok();
    let product = Value::from(wanted.map(|wanted| wanted.product).unwrap_or_default());
    let fields = [
        format!("\"order_id\":{}", Value::from(payment.order_id.as_str())),
        format!("\"product\":{product}"),
    ];
    let fields = fields.into_iter().chain(worth(payment.withdrawal.net())).chain(reward_id.map(reward));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn worth(net: Cents) -> [String; 2] {
    ["\"currency\":\"USD\"".to_owned(), format!("\"face_value\":{}", net.0)]
}

fn reward(id: &str) -> String {
    format!("\"reward_id\":{}", Value::from(id))
}
