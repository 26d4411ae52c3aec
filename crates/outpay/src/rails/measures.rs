//! How long counterparts take to answer, by rail, call and kind of answer, and what each of a rail's nodes answers.

use super::{Finding, Outcome};
use ledger::{Micros, Mode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds. The last is the longest that a call may take.
const CALL_SECONDS: [f64; 9] = [0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct RailMeasures {
    seconds: Family<CallLabels, Histogram, fn() -> Histogram>,
    nodes: Family<NodeLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    rail: String,
    mode: &'static str,
    call: &'static str,
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NodeLabels {
    rail: String,
    node: u64,
    answer: &'static str,
}

impl Default for RailMeasures {
    fn default() -> Self {
        let seconds: Family<_, _, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(CALL_SECONDS));
        Self { seconds, nodes: Family::default() }
    }
}

impl RailMeasures {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Time that a rail took to answer, by call and kind of answer";
        registry.register("rail_call_seconds", help, self.seconds.clone());
        let help = "Answers of the nodes through which a rail sees its chain, by node and kind of answer";
        registry.register("rail_node_answers", help, self.nodes.clone());
    }

    /// Counts an answer of one of a rail's nodes, which are numbered from 1 as they are configured.
    pub fn node_answered(&self, rail: &str, node: usize, answer: &'static str) {
        let node = u64::try_from(node).unwrap_or(u64::MAX);
        self.nodes.get_or_create(&NodeLabels { rail: rail.to_owned(), node, answer }).inc();
    }

    /// Counts a payment that was sent; the answer as a word.
    pub fn submitted(&self, rail: (Mode, &str), outcome: &Outcome, took: Micros) -> &'static str {
        let answer = outcome_word(outcome);
        self.count(rail, "submit", answer, took);
        answer
    }

    /// Counts a payment that was asked about; the answer as a word.
    pub fn asked(&self, rail: (Mode, &str), finding: &Finding, took: Micros) -> &'static str {
        let answer = match finding {
            Finding::Outcome(outcome) => outcome_word(outcome),
            Finding::NotFound => "not_found",
            Finding::Stuck => "stuck",
            Finding::Returned { .. } => "returned",
            Finding::Undone { .. } => "undone",
        };
        self.count(rail, "query", answer, took);
        answer
    }

    #[allow(clippy::cast_precision_loss, reason = "microseconds of a call")]
    fn count(&self, (mode, rail): (Mode, &str), call: &'static str, answer: &'static str, took: Micros) {
        let labels = CallLabels { rail: rail.to_owned(), mode: mode.word(), call, answer };
        self.seconds.get_or_create(&labels).observe(took as f64 / 1e6);
    }
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Refused { .. } => "refused",
        Outcome::Accepted { .. } => "accepted",
        Outcome::Unknown { .. } => "unknown",
    }
}
