//! A payment that had succeeded is in its rail's books no more, as after a deep reorganisation of a chain: the rail is paused,
//! the team is told, and the same request is sent again. Not here: who finds that out (the rail), and money that came back
//! (turn.rs).
//!
//! Invariant: nothing is given back for it. What is sent again is the committed request, byte for byte; it was in public once,
//! so a pause does not hold it back.

use super::limits::LONGEST_CALL;
use super::turn::Turn;
use crate::kill_switch;
use crate::rails::{Finding, Outcome};
use crate::store::{Attempt, Failure, PauseScope};
use anyhow::Context;
use ledger::Actor;
use std::time::Duration;

/// The answer of an attempt whose payment is gone. It stands until the rail shows the payment again.
pub(super) const UNDONE: &str = "undone";

impl Turn<'_> {
    /// Follows what the rail says of a payment that succeeded. `false`: it may still change, so the watch goes on.
    pub(super) async fn note_standing(
        &self,
        attempts: &[Attempt],
        finding: &Finding,
    ) -> Result<bool, Failure> {
        match finding {
            Finding::Undone { number, evidence } => {
                self.undone(attempts, *number, evidence).await?;
                Ok(false)
            }
            Finding::Outcome(outcome @ (Outcome::Succeeded { detail } | Outcome::Accepted { detail })) => {
                if attempts.last().is_some_and(|last| last.answer == UNDONE) {
                    self.note(attempts, ("succeeded", detail)).await?;
                }
                Ok(matches!(outcome, Outcome::Succeeded { .. }))
            }
            Finding::Outcome(Outcome::Unknown { is_down, .. }) => Ok(!is_down),
            _ => Ok(true),
        }
    }

    /// The pause is durable before it is written down that it was made, so a crash in between makes it again.
    async fn undone(&self, attempts: &[Attempt], number: i64, evidence: &str) -> Result<(), Failure> {
        let (rail, order) = (&self.mounted.facts().name, &self.payment.order_id);
        let is_new = attempts.last().is_some_and(|last| last.answer != UNDONE);
        if is_new {
            tracing::error!(rail, order, evidence, "a payment that had succeeded is gone");
            let scope = PauseScope::Rail(rail.clone());
            let reason = format!("{order} had succeeded and is gone ({evidence}); it is sent again");
            kill_switch::pause(self.platform, &scope, &reason, Actor::NONE, Duration::ZERO).await?;
            self.note(attempts, (UNDONE, evidence)).await?;
        }
        let attempt = attempts.iter().find(|attempt| attempt.number == number);
        let attempt = attempt.context("the rail names an attempt that does not exist")?;
        let call = self.mounted.rail.submit(&self.payment, attempt);
        let answer = tokio::time::timeout(LONGEST_CALL, call).await;
        let said = answer.as_ref().map_or("no answer", |answer| answer.in_words().0);
        tracing::warn!(rail, order, said, "a payment that was gone is sent again");
        Ok(())
    }

    async fn note(&self, attempts: &[Attempt], answer: (&str, &str)) -> Result<(), Failure> {
        let last = attempts.last().context("a payment without an attempt")?;
        let now = self.book_now().await?;
        let is_last = self.store().record_answer(self.hold, last.number, answer, now).await?;
        anyhow::ensure!(is_last, "the lease ran out before the answer; another worker asks again");
        Ok(())
    }
}
