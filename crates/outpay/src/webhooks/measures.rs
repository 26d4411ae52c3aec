//! Webhook metrics. Label values are constants of this program: none comes from a receiver.

use super::client::WebhookSent;
use crate::store::DeliveryState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Outcomes of an attempt that the receiver has answered.
const DELIVERED: &str = "delivered";
const OTHER_STATUS: &str = "other_status";

#[derive(Debug, Default)]
pub struct WebhookMeasures {
    deliveries: Family<DeliveryLabels, Counter>,
    attempts: Family<DeliveryLabels, Counter>,
    waiting: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: &'static str,
}

impl WebhookMeasures {
    pub fn register(&self, registry: &mut Registry) {
        // From the beginning: a counter that appears with its first failure has no rate.
        for state in DeliveryState::ALL.into_iter().filter(|state| *state != DeliveryState::Pending) {
            drop(self.deliveries.get_or_create(&DeliveryLabels { outcome: state.word() }));
        }
        for outcome in [DELIVERED, OTHER_STATUS] {
            drop(self.attempts.get_or_create(&DeliveryLabels { outcome }));
        }
        let deliveries = self.deliveries.clone();
        registry.register("webhook_deliveries", "Deliveries that ended, delivered or failed", deliveries);
        registry.register("webhook_attempts", "Attempts to deliver by outcome", self.attempts.clone());
        registry.register(
            "webhook_waiting",
            "Deliveries of all books that are pending",
            self.waiting.clone(),
        );
    }

    pub(super) fn attempt(&self, sent: &WebhookSent, state: DeliveryState) {
        let outcome = match sent.status {
            Some(200) => DELIVERED,
            Some(_) => OTHER_STATUS,
            None => sent.error,
        };
        self.attempts.get_or_create(&DeliveryLabels { outcome }).inc();
        if state != DeliveryState::Pending {
            self.deliveries.get_or_create(&DeliveryLabels { outcome: state.word() }).inc();
        }
    }

    pub(super) fn waiting(&self, deliveries: i64) {
        self.waiting.set(deliveries);
    }
}
