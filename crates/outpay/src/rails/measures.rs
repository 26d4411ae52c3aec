//! How long counterparts take to answer, by rail, call and kind of answer; what they refused or sent back, by code; and what each of a
//! rail's nodes answers.

use super::{Finding, Outcome};
use ledger::{Micros, Mode};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Upper bounds in seconds. The last is the longest that a call may take.
const CALL_SECONDS: [f64; 9] = [0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];

/// Codes of one rail that are counted apart. A counterpart chooses them, so without a limit it could fill the memory.
const MOST_CODES: usize = 50;
const LONGEST_CODE: usize = 64;

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct RailMeasures {
    seconds: Family<CallLabels, Histogram, fn() -> Histogram>,
    nodes: Family<NodeLabels, Counter>,
    refusals: Family<CodeLabels, Counter>,
    returns: Family<CodeLabels, Counter>,
    codes: Arc<Mutex<HashMap<String, HashSet<String>>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    rail: String,
    mode: &'static str,
    code: String,
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
        let seconds: Family<CallLabels, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(CALL_SECONDS));
        let (refusals, returns) = (Family::default(), Family::default());
        Self { seconds, nodes: Family::default(), refusals, returns, codes: Arc::default() }
    }
}

impl RailMeasures {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Time that a rail took to answer, by call and kind of answer";
        registry.register("rail_call_seconds", help, self.seconds.clone());
        let help = "Answers of the nodes through which a rail sees its chain, by node and kind of answer";
        registry.register("rail_node_answers", help, self.nodes.clone());
        let help = "Payments that a rail refused, by code";
        registry.register("rail_refusals", help, self.refusals.clone());
        let help = "Payments that came back after they had succeeded, by code";
        registry.register("rail_returns", help, self.returns.clone());
    }

    /// Counts an answer of one of a rail's nodes, which are numbered from 1 as they are configured.
    pub fn node_answered(&self, rail: &str, node: usize, answer: &'static str) {
        let node = u64::try_from(node).unwrap_or(u64::MAX);
        self.nodes.get_or_create(&NodeLabels { rail: rail.to_owned(), node, answer }).inc();
    }

    /// Counts a payment that was refused.
    pub fn refused(&self, rail: (Mode, &str), code: &str) {
        self.refusals.get_or_create(&self.labels(rail, code)).inc();
    }

    /// Counts a payment that came back.
    pub fn returned(&self, rail: (Mode, &str), code: &str) {
        self.returns.get_or_create(&self.labels(rail, code)).inc();
    }

    fn labels(&self, (mode, rail): (Mode, &str), code: &str) -> CodeLabels {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let is_code = (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(is_word);
        let mut codes = self.codes.lock();
        let known = codes.entry(rail.to_owned()).or_default();
        let is_counted = is_code && (known.contains(code) || known.len() < MOST_CODES);
        let code = if is_counted { code } else { "other" };
        if is_counted {
            known.insert(code.to_owned());
        }
        CodeLabels { rail: rail.to_owned(), mode: mode.word(), code: code.to_owned() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counterpart_that_invents_codes_does_not_fill_the_memory() {
        let measures = RailMeasures::default();
        let rail = (Mode::Live, "usdc");
        assert_eq!(measures.labels(rail, "out_of_stock").code, "out_of_stock");
        for number in 0..MOST_CODES * 2 {
            measures.refused(rail, &format!("code_{number}"));
        }
        assert_eq!(measures.labels(rail, "out_of_stock").code, "out_of_stock");
        assert_eq!(measures.labels(rail, "one_more").code, "other");
        assert_eq!(measures.labels((Mode::Live, "other"), "one_more").code, "one_more");
        for odd in ["", "two words", "a@b", &"x".repeat(LONGEST_CODE + 1)] {
            assert_eq!(measures.labels((Mode::Live, "third"), odd).code, "other", "{odd}");
        }
    }
}
