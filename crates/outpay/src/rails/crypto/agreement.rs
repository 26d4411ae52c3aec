//! What became of a payment when several nodes were asked, and do not all say the same. Not here: what one node says
//! (query.rs).
//!
//! Invariant: a payment ends only with what enough nodes say by themselves. Until then the bytes may be sent again, which
//! changes nothing.

use super::nodes::{Answers, Nodes};
use super::{Finding, Outcome};
use serde_json::Value;

/// How the findings of nodes become one.
pub(super) struct Agreement<'a> {
    nodes: &'a Nodes,
    rail: &'a str,
}

impl<'a> Agreement<'a> {
    pub fn new(nodes: &'a Nodes, rail: &'a str) -> Self {
        Self { nodes, rail }
    }

    /// One finding. There is at least one answer.
    pub fn of(&self, answers: Answers<Finding>) -> Finding {
        let found = self.decide(&answers);
        let ends = |finding: &Finding| {
            matches!(finding, Finding::Outcome(Outcome::Succeeded { .. } | Outcome::Refused { .. }))
        };
        let silent = answers.failures.len();
        if let Some((node, said)) = answers.given.iter().find(|(_, said)| ends(said) && !ends(&found)) {
            let (rail, said) = (self.rail, word(said));
            tracing::warn!(
                rail,
                node,
                said,
                silent,
                "a node says alone how a payment ended; others must confirm it"
            );
        }
        found
    }

    fn decide(&self, answers: &Answers<Finding>) -> Finding {
        let said = || answers.given.iter().map(|(_, finding)| finding);
        let paid = most_alike(said().filter(|finding| transaction(finding).is_some()), transaction);
        let refused = most_alike(said().filter(|finding| refusal(finding).is_some()), refusal);
        let is_paid = paid.is_some_and(|(_, count)| count >= self.nodes.agree);
        let is_refused = refused.is_some_and(|(_, count)| count >= self.nodes.refunds);
        match (paid, refused) {
            (Some(_), Some(_)) if is_paid && is_refused => unclear(answers),
            (Some((finding, _)), _) if is_paid => finding.clone(),
            (_, Some((finding, _))) if is_refused => finding.clone(),
            // It may have to be given back, which is no progress on which a payment waits quietly.
            (_, Some(_)) if Self::others(answers, refusal) < self.nodes.refunds => unclear(answers),
            (paid, _) => self.open(answers, paid.map(|(finding, _)| finding)),
        }
    }

    /// How many say nothing of this kind.
    fn others(answers: &Answers<Finding>, of: fn(&Finding) -> Option<String>) -> usize {
        answers.given.iter().filter(|(_, finding)| of(finding).is_none()).count()
    }

    /// Nothing has ended.
    fn open(&self, answers: &Answers<Finding>, paid: Option<&Finding>) -> Finding {
        let said = || answers.given.iter().map(|(_, finding)| finding);
        let lost = said().find(|said| lost(said).is_some());
        if let Some(lost) = lost.filter(|_| Self::others(answers, self::lost) < self.nodes.agree) {
            return lost.clone();
        }
        if said().filter(|said| **said == Finding::Stuck).count() >= self.nodes.agree {
            return Finding::Stuck;
        }
        // A node that does not know it gets it again, whatever the others say: they may keep it for themselves.
        if said().any(|said| *said == Finding::NotFound) {
            return Finding::NotFound;
        }
        if let Some(Finding::Outcome(Outcome::Succeeded { detail })) = paid {
            return Finding::Outcome(Outcome::Accepted { detail: detail.clone() });
        }
        let accepted = said().find(|said| matches!(said, Finding::Outcome(Outcome::Accepted { .. })));
        // One node alone calls it stuck, and no other knows it.
        accepted.cloned().unwrap_or(Finding::NotFound)
    }
}

/// The transaction of a success.
fn transaction(finding: &Finding) -> Option<String> {
    let Finding::Outcome(Outcome::Succeeded { detail }) = finding else { return None };
    let detail: Value = serde_json::from_str(detail).ok()?;
    detail["tx_hash"].as_str().map(str::to_owned)
}

/// The code of a refusal.
fn refusal(finding: &Finding) -> Option<String> {
    match finding {
        Finding::Outcome(Outcome::Refused { code, .. }) => Some(code.clone()),
        _ => None,
    }
}

/// Why the outcome is unknown.
fn lost(finding: &Finding) -> Option<String> {
    match finding {
        Finding::Outcome(Outcome::Unknown { text, .. }) => Some(text.clone()),
        _ => None,
    }
}

/// The finding that most nodes share, by what `of` sees in it, and their number.
fn most_alike<'f>(
    findings: impl Iterator<Item = &'f Finding>,
    of: fn(&Finding) -> Option<String>,
) -> Option<(&'f Finding, usize)> {
    let findings: Vec<&Finding> = findings.collect();
    let alike = |one: &Finding| findings.iter().filter(|other| of(other) == of(one)).count();
    findings.iter().map(|finding| (*finding, alike(finding))).max_by_key(|(_, count)| *count)
}

fn word(finding: &Finding) -> &str {
    match finding {
        Finding::Outcome(outcome) => outcome.in_words().0,
        Finding::NotFound => "not found",
        Finding::Stuck => "stuck",
        Finding::Returned { .. } | Finding::Undone { .. } => "undone",
    }
}

fn unclear(answers: &Answers<Finding>) -> Finding {
    let given = answers.given.iter().map(|(node, finding)| match finding {
        Finding::Outcome(Outcome::Refused { code, .. }) => format!("node {node}: {code}"),
        Finding::Outcome(Outcome::Unknown { text, .. }) => format!("node {node}: {text}"),
        other => format!("node {node}: {}", word(other)),
    });
    let silent = answers.failures.iter().map(|(node, failure)| format!("node {node}: {failure:#}"));
    let said: Vec<String> = given.chain(silent).collect();
    Finding::Outcome(Outcome::unknown(format!("the nodes do not confirm each other: {}", said.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::super::chain::Chain;
    use super::super::rpc::{Counted, Rpc};
    use super::*;
    use crate::clock::Clock;
    use crate::rails::RailMeasures;
    use crate::rails::client::{ClientLimits, RailClient};
    use alloy_primitives::Address;
    use secrecy::SecretString;
    use std::time::Duration;

    fn nodes(count: usize, agree: Option<usize>) -> Nodes {
        let second = Duration::from_secs(1);
        let limits = ClientLimits { connect: second, total: second, answer: 1 };
        let client = RailClient::new(limits).unwrap();
        let chain = |node| {
            let counted = Counted { rail: "usdc".to_owned(), node, measures: RailMeasures::default() };
            let rpc = Rpc::new(client.clone(), SecretString::from("http://127.0.0.1:1"), counted);
            Chain::new(rpc, 1, Address::ZERO, 6, Address::ZERO)
        };
        Nodes::new((1..=count).map(chain).collect(), agree, "usdc", Clock::manual(0)).unwrap()
    }

    fn paid(hash: &str) -> Finding {
        Finding::Outcome(Outcome::Succeeded { detail: format!(r#"{{"tx_hash":"{hash}"}}"#) })
    }

    fn refused(code: &str) -> Finding {
        Finding::Outcome(Outcome::Refused { code: code.to_owned(), text: "No.".to_owned() })
    }

    fn waits() -> Finding {
        Finding::Outcome(Outcome::Accepted { detail: "{}".to_owned() })
    }

    /// What becomes of these findings, as a word.
    fn verdict(count: usize, agree: Option<usize>, said: &[Finding]) -> String {
        let given = said.iter().cloned().enumerate().map(|(index, finding)| (index + 1, finding)).collect();
        let found = Agreement::new(&nodes(count, agree), "usdc").of(Answers { given, failures: Vec::new() });
        word(&found).to_owned()
    }

    #[test]
    fn one_node_ends_nothing_where_two_must_agree() {
        let lost = Finding::Outcome(Outcome::unknown("?"));
        let table: &[(usize, Option<usize>, &[Finding], &str)] = &[
            // (nodes, agree, what they say, verdict)
            (1, None, &[paid("1")], "succeeded"),
            (1, None, &[refused("stopped")], "refused"),
            (2, None, &[paid("1")], "accepted"),
            (2, None, &[refused("stopped")], "unknown"),
            (2, None, &[paid("1"), waits()], "accepted"),
            (2, None, &[paid("1"), Finding::NotFound], "not found"),
            (2, None, &[paid("1"), paid("1")], "succeeded"),
            (2, None, &[paid("1"), paid("2")], "accepted"),
            (2, None, &[paid("1"), refused("stopped")], "unknown"),
            (2, None, &[refused("stopped"), refused("overtaken")], "unknown"),
            (2, Some(1), &[paid("1"), waits()], "succeeded"),
            (2, Some(1), &[refused("stopped"), waits()], "unknown"),
            (2, Some(1), &[refused("stopped"), refused("stopped")], "refused"),
            (3, None, &[paid("1"), refused("stopped"), paid("1")], "succeeded"),
            (3, None, &[refused("stopped"), refused("stopped"), paid("1")], "refused"),
            (3, None, &[waits(), Finding::Stuck, waits()], "accepted"),
            (3, None, &[waits(), Finding::Stuck, Finding::Stuck], "stuck"),
            (3, None, &[waits(), Finding::NotFound, waits()], "not found"),
            (2, None, &[waits(), lost.clone()], "unknown"),
            (3, None, &[waits(), lost.clone(), waits()], "accepted"),
            (3, None, &[lost.clone(), Finding::NotFound, Finding::NotFound], "not found"),
            (3, None, &[refused("stopped"), Finding::NotFound, Finding::NotFound], "not found"),
            (4, None, &[paid("1"), paid("1"), refused("stopped"), refused("stopped")], "unknown"),
        ];
        for (count, agree, said, expected) in table {
            assert_eq!(verdict(*count, *agree, said), *expected, "{count}, {agree:?}: {said:?}");
        }
    }
}
