//! Metrics of the screening hook. Label values are constants of this program.

use super::ScreeningVerdict;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Default)]
pub struct ScreeningMeasures {
    asked: Family<ScreeningLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ScreeningLabels {
    outcome: &'static str,
}

impl ScreeningMeasures {
    pub fn register(&self, registry: &mut Registry) {
        // From the beginning: a counter that appears with its first failure has no rate.
        for outcome in ["allow", "deny", "no_answer"] {
            drop(self.asked.get_or_create(&ScreeningLabels { outcome }));
        }
        registry.register(
            "screening_questions",
            "Questions to the screening service by what it said",
            self.asked.clone(),
        );
    }

    pub(super) fn asked(&self, verdict: Option<&ScreeningVerdict>) {
        let outcome = match verdict {
            Some(ScreeningVerdict { is_allowed: true, .. }) => "allow",
            Some(_) => "deny",
            None => "no_answer",
        };
        self.asked.get_or_create(&ScreeningLabels { outcome }).inc();
    }
}
