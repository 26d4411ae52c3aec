//! Attempts and slots: each attempt belongs to a withdrawal that was being sent, attempt numbers have no gap, and no
//! line will give out a slot that an attempt has used.

use super::finding::{Findings, Place};
use super::replay::Replay;
use super::{Audit, PAGE};
use crate::store::{AuditAttempt, Failure};
use ledger::{BookId, Mode};
use std::collections::BTreeMap;

/// The highest slot of each rail's attempts.
pub(super) type Slots = BTreeMap<String, i64>;

impl Audit<'_> {
    pub(super) async fn attempts(&mut self, book: BookId, replay: &Replay) -> Result<(), Failure> {
        let mut last = (0, 0);
        loop {
            let page = self.snapshot.attempts(book, last, PAGE).await?;
            for attempt in &page {
                compare(attempt, last, replay, &mut self.findings);
                last = (attempt.withdrawal, attempt.number);
                // The simulated rails of test mode share the names of live ones and take no slots.
                if book.mode() == Mode::Live {
                    let highest = self.slots.entry(attempt.rail.clone()).or_insert(attempt.slot);
                    *highest = attempt.slot.max(*highest);
                }
            }
            self.report.attempts += page.len() as u64;
            if !self.count(page.len()) {
                return Ok(());
            }
        }
    }

    /// `lines` maps each configured rail to its line. For a rail that is not configured, the check is weaker: some
    /// line must have moved past its slots.
    pub(super) async fn slots(&mut self, lines: &[(String, String)]) -> Result<(), Failure> {
        self.findings.leave();
        let next = self.snapshot.next_slots().await?;
        for (rail, highest) in std::mem::take(&mut self.slots) {
            let line = lines.iter().find(|(name, _)| *name == rail).map(|(_, line)| line);
            let is_of_line = |name: &String| {
                line.is_none_or(|line| {
                    name == line || lines.iter().any(|(rail, of)| of == line && rail == name)
                })
            };
            let above = next.iter().filter(|(name, _)| is_of_line(name)).map(|(_, next)| *next).max();
            let has_slots = highest > 0 || line.is_some();
            if has_slots && above.is_none_or(|next| next <= highest) {
                let next = above.unwrap_or(0);
                let what = format!(
                    "an attempt of rail {rail} has slot {highest}, and {next} would be given out next"
                );
                self.findings.add(Place::Installation, what);
            }
        }
        for (rail, key) in self.snapshot.repeated_attempt_keys().await? {
            let what = format!("two attempts of rail {rail} have the key {key}");
            self.findings.add(Place::Installation, what);
        }
        Ok(())
    }
}

fn compare(attempt: &AuditAttempt, last: (i64, i64), replay: &Replay, findings: &mut Findings) {
    let (withdrawal, number) = (attempt.withdrawal, attempt.number);
    let next = if last.0 == withdrawal { last.1 + 1 } else { 1 };
    if number != next {
        let what = format!("attempt {next} is missing, the next one is {number}");
        findings.add(Place::Withdrawal(withdrawal), what);
    }
    if number == 1 && !replay.withdrawals.was_sent(withdrawal) {
        let what = "it has an attempt, but no entry says that it was being sent";
        findings.add(Place::Withdrawal(withdrawal), what.to_owned());
    }
}
