//! One turn of a worker at one withdrawal: from what its rows say to what its rail proves. Not here: which withdrawals are
//! driven, and when (mod.rs).
//!
//! Invariants: every write names the worker's lease; the order of writes is that of mod.rs.

use super::gate::wait_for_room;
use super::limits::{LEASE, LONGEST_CALL, SECOND, SOONEST, too_slow};
use super::moment::{Killer, Moment};
use super::prepare;
use super::undone::UNDONE;
use crate::platform::Platform;
use crate::rails::{Finding, Mounted, Outcome, Payment};
use crate::stopped::Stopped;
use crate::store::{Attempt, Clearance, Failure, Hold, Longest, Reservation, Store};
use crate::traces;
use anyhow::Context;
use ledger::{Actor, Lease, Micros, Mode, Progress, Refusal, Step, Withdrawal, WithdrawalState};
use tracing::Instrument;

/// The longest wait before the next query; the shortest is [`SOONEST`].
const LATEST: Micros = 600 * SECOND;
/// Jitter in percent, so that many waits do not end at one moment.
const JITTER: (i64, i64) = (80, 120);
/// The longest wait that a step writes before a payment has ended, and the longest lease.
pub const LONGEST_STEPS: Longest = Longest { wait: MOST_PATIENCE * JITTER.1 / 100, lease: LEASE };
/// No rail has more patience with a payment that it has accepted.
const MOST_PATIENCE: Micros = 3_600 * SECOND;
/// The longest wait while it is watched whether a payment comes back.
pub const LONGEST_WATCH: Micros = LATEST_WATCH * JITTER.1 / 100;
const LATEST_WATCH: Micros = 86_400 * SECOND;
/// Interval while a request may not leave (a pause); queries for its outcome go on.
const WHILE_STOPPED: Micros = 5 * SECOND;
/// Attempts at a free slot while other workers take them.
const TRIES_FOR_A_SLOT: usize = 50;

/// A withdrawal and the lease under which the worker holds it.
pub(super) struct Turn<'a> {
    pub(super) platform: &'a Platform,
    pub(super) killer: Option<&'a Killer>,
    pub(super) mounted: &'a Mounted,
    pub(super) payment: Payment,
    pub(super) hold: Hold,
}

impl Turn<'_> {
    /// Advances the withdrawal as far as possible now; gives the wait until the next turn, if there is to be one.
    pub(super) async fn drive(mut self) -> Result<Option<Micros>, Failure> {
        if self.payment.withdrawal.state == WithdrawalState::Queued {
            if let Some(wait) = self.left_alone() {
                return Ok(Some(wait));
            }
            match self.take_step(&[], self.step(Step::Send)).await? {
                Ok(sending) => self.payment.withdrawal = sending,
                // Cancelled in the meantime.
                Err(Refusal::StepIsNotPossible(..)) => return Ok(None),
                Err(Refusal::MethodIsPaused) => return Ok(Some(WHILE_STOPPED)),
                Err(refusal) => anyhow::bail!("sending was refused: {}", refusal.sentence()),
            }
        }
        match self.payment.withdrawal.state {
            WithdrawalState::Sending => self.send().await,
            WithdrawalState::Succeeded => self.watch().await,
            _ => Ok(None),
        }
    }

    pub(super) fn rail(&self) -> (Mode, &str) {
        (self.mounted.mode, &self.mounted.facts().name)
    }

    async fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        self.store().attempts(self.hold.book, self.hold.withdrawal).await
    }

    async fn send(&self) -> Result<Option<Micros>, Failure> {
        let attempts = self.attempts().await?;
        if attempts.is_empty() {
            self.reached(Moment::BeforeIntent)?;
            return self.make_attempt(&attempts).await;
        }
        if let Some(wait) = self.left_alone() {
            return Ok(Some(wait));
        }
        // Whether the last attempt was sent, only the rail knows.
        match self.ask(&attempts).await? {
            Finding::Outcome(answer) => self.take(&attempts, answer).await,
            Finding::NotFound | Finding::Undone { .. } => self.submit(&attempts, true).await,
            Finding::Stuck => self.make_attempt(&attempts).await,
            Finding::Returned { code, text } => {
                let detail = String::new();
                self.take(&attempts, Outcome::Succeeded { detail }).await?;
                self.give_back(&attempts, &code, &text).await
            }
        }
    }

    /// Commits a new attempt, then sends it.
    async fn make_attempt(&self, earlier: &[Attempt]) -> Result<Option<Micros>, Failure> {
        let store = self.store();
        if store.stop_of(self.hold.book, self.hold.withdrawal).await?.is_some() {
            return Ok(Some(WHILE_STOPPED));
        }
        let facts = self.mounted.facts();
        for _ in 0..TRIES_FOR_A_SLOT {
            let prepared = match prepare::next(self.platform, self.mounted, &self.payment, earlier).await? {
                Ok(prepared) => prepared,
                // Earlier attempts may still pay, whatever the rail says of another one.
                Err(Outcome::Refused { code, .. }) if !earlier.is_empty() => {
                    let text = format!("another attempt was refused: {code}");
                    return self.take(earlier, Outcome::unknown(text)).await;
                }
                Err(answer) => return self.take(earlier, answer).await,
            };
            let replaces = earlier.iter().any(|attempt| attempt.slot == prepared.slot);
            let attempt = Attempt {
                number: earlier.last().map_or(0, |last| last.number) + 1,
                rail: facts.name.clone(),
                key: prepared.key,
                request: prepared.request,
                slot: prepared.slot,
                created_at: store.book_now(self.hold.book).await?,
                answered_at: None,
                answer: String::new(),
                answer_text: String::new(),
            };
            let line = facts.line.as_deref().filter(|_| !replaces);
            if self.commit(&attempt, line, earlier.is_empty()).await? {
                self.platform.witness.note_slot(line, attempt.slot)?;
                self.reached(Moment::AfterIntent)?;
                let attempts = [earlier, &[attempt]].concat();
                return self.submit(&attempts, !earlier.is_empty()).await;
            }
            if earlier.is_empty()
                && let Some(wait) =
                    wait_for_room(self.platform, self.mounted, self.payment.withdrawal.net()).await?
            {
                return Ok(Some(wait));
            }
            // Another worker took the slot, holds this withdrawal now, or made this very attempt.
            self.renew().await?;
            if self.attempts().await?.len() > earlier.len() {
                return Ok(Some(SOONEST));
            }
        }
        Ok(Some(SOONEST))
    }

    /// The first attempt takes its share of the rail's ceiling with it; those that follow are of the same payment.
    async fn commit(&self, attempt: &Attempt, line: Option<&str>, is_first: bool) -> Result<bool, Failure> {
        if !is_first {
            return self.store().add_attempt(self.hold, attempt, line).await;
        }
        let ceiling = self.mounted.limits.ceiling();
        let reservation = Reservation { amount: self.payment.withdrawal.net(), ceiling };
        self.store().add_first_attempt(self.hold, attempt, line, &reservation).await
    }

    /// Sends the last attempt, which is committed, and handles the answer.
    async fn submit(
        &self,
        attempts: &[Attempt],
        may_have_been_sent: bool,
    ) -> Result<Option<Micros>, Failure> {
        let attempt = attempts.last().context("an attempt is committed before it is sent")?;
        if let Some(wait) = self.clearance().await? {
            return Ok(wait);
        }
        self.reached(Moment::BeforeSend)?;
        let started = self.platform.clock.monotonic();
        let span = traces::call("rail submit");
        let call = self.mounted.rail.submit(&self.payment, attempt).instrument(span.clone());
        let answer = tokio::time::timeout(LONGEST_CALL, call).await.unwrap_or_else(|_| too_slow());
        let took = self.platform.clock.monotonic() - started;
        span.record("outpay.answer", self.platform.rails.measures().submitted(self.rail(), &answer, took));
        drop(span);
        self.reached(Moment::AfterSend)?;
        self.judge_rail(&answer, may_have_been_sent).await;
        // An attempt that may have been sent before counts as refused only if a query says so: "duplicate" is a refusal too.
        if matches!(answer, Outcome::Refused { .. }) && may_have_been_sent {
            return match self.ask(attempts).await? {
                Finding::Outcome(other) => self.take(attempts, other).await,
                Finding::NotFound | Finding::Undone { .. } => {
                    let text = "refused when sent again, unknown when asked".to_owned();
                    self.take(attempts, Outcome::unknown(text)).await
                }
                Finding::Stuck | Finding::Returned { .. } => self.later(attempts).await,
            };
        }
        self.take(attempts, answer).await
    }

    /// Feeds an answer to the circuit breaker. Only a first request without an answer counts against the rail: a payment that
    /// stays unknown is sent repeatedly and says nothing about the others.
    async fn judge_rail(&self, answer: &Outcome, may_have_been_sent: bool) {
        match answer {
            Outcome::Unknown { is_down: true, .. } if !may_have_been_sent => {
                if !self.mounted.failed(self.platform.clock.monotonic()) {
                    return;
                }
                let noted = async {
                    let now = self.store().now().await?;
                    self.store().note_rail_opening(&self.mounted.facts().name, now).await
                };
                if let Err(failure) = noted.await {
                    let error = format!("{failure:#}");
                    tracing::warn!(error, "that a rail is left alone could not be written down");
                }
            }
            Outcome::Unknown { .. } => {}
            _ => self.mounted.worked(),
        }
    }

    /// The last check before a request leaves. `None`: it may leave now. Otherwise the wait until the next turn.
    async fn clearance(&self) -> Result<Option<Option<Micros>>, Failure> {
        let now = self.store().now().await?;
        match self.store().begin_submitting(self.hold, (now, now + LEASE)).await? {
            Clearance::Given => Ok(None),
            Clearance::Stopped(_) => Ok(Some(Some(WHILE_STOPPED))),
            // A person with proof has ended it.
            Clearance::Ended => Ok(Some(None)),
            Clearance::LeaseLost => anyhow::bail!("the lease ran out before anything was sent"),
        }
    }

    async fn renew(&self) -> Result<(), Failure> {
        let now = self.store().now().await?;
        let is_held = self.store().renew_lease(self.hold, (now, now + LEASE)).await?;
        anyhow::ensure!(is_held, "the lease ran out; another worker may have it");
        Ok(())
    }

    async fn ask(&self, attempts: &[Attempt]) -> Result<Finding, Failure> {
        let payment = Payment { now: self.book_now().await?, ..self.payment.clone() };
        let started = self.platform.clock.monotonic();
        let span = traces::call("rail query");
        let call = self.mounted.rail.query(&payment, attempts).instrument(span.clone());
        let call = tokio::time::timeout(LONGEST_CALL, call).await;
        let finding = call.unwrap_or_else(|_| Finding::Outcome(too_slow()));
        let took = self.platform.clock.monotonic() - started;
        span.record("outpay.answer", self.platform.rails.measures().asked(self.rail(), &finding, took));
        drop(span);
        if !matches!(finding, Finding::Outcome(Outcome::Unknown { .. })) {
            self.mounted.worked();
        }
        Ok(finding)
    }

    /// Records an answer, then makes the step that it proves.
    async fn take(&self, attempts: &[Attempt], answer: Outcome) -> Result<Option<Micros>, Failure> {
        let withdrawal = &self.payment.withdrawal;
        if let Some(last) = attempts.last() {
            let now = self.book_now().await?;
            let is_last = self.store().record_answer(self.hold, last.number, answer.in_words(), now).await?;
            anyhow::ensure!(is_last, "the lease ran out before the answer; another worker asks again");
        }
        self.reached(Moment::AfterRecord)?;
        match answer {
            Outcome::Succeeded { detail } => {
                let done = self.advance(attempts, self.step(Step::Succeed).with_detail(detail)).await?;
                if done.is_none() {
                    return Ok(None);
                }
                if let Some((occurrence, note)) = self.mounted.rail.after_success(&self.payment).await? {
                    let counter = self.platform.counter(self.hold.book, Actor::NONE);
                    counter.record(occurrence, None, note).await?;
                }
                Ok(withdrawal.provider.watch(self.hold.book.mode()).map(|watch| watch.first))
            }
            Outcome::Refused { code, text } => {
                if self.advance(attempts, self.step(Step::Fail).because(&code, &text)).await?.is_some() {
                    self.report_refusal(&code, &text);
                }
                Ok(None)
            }
            Outcome::Accepted { .. } => {
                if withdrawal.outcome_unknown {
                    self.advance(attempts, self.step(Step::FindOutcome)).await?;
                }
                self.later_at_most(self.mounted.rail.patience().min(MOST_PATIENCE), attempts).await
            }
            // Nothing was sent, so the outcome is not unknown.
            Outcome::Unknown { text, .. } if attempts.is_empty() => {
                self.report_no_attempt(&text);
                self.later(attempts).await
            }
            Outcome::Unknown { text, .. } => {
                self.report_unknown(attempts, &text);
                if !withdrawal.outcome_unknown {
                    self.advance(attempts, self.step(Step::LoseOutcome)).await?;
                }
                self.later(attempts).await
            }
        }
    }

    /// Queries whether a payment that succeeded has come back, or is in the rail's books no more.
    async fn watch(&self) -> Result<Option<Micros>, Failure> {
        let attempts = self.attempts().await?;
        // What a person settled was paid in another way. Money that the rail gets back is not the recipient's a second time.
        if !attempts.last().is_some_and(|last| ["succeeded", UNDONE].contains(&last.answer.as_str())) {
            return Ok(None);
        }
        let finding = self.ask(&attempts).await?;
        if let Finding::Returned { code, text } = &finding {
            return self.give_back(&attempts, code, text).await;
        }
        let is_settled = self.note_standing(&attempts, &finding).await?;
        let withdrawal = &self.payment.withdrawal;
        let Some(watch) = withdrawal.provider.watch(self.hold.book.mode()) else { return Ok(None) };
        let age = self.book_now().await? - withdrawal.changed_at;
        Ok((age < watch.length || !is_settled).then(|| self.quarter_of(age, LATEST_WATCH)))
    }

    async fn give_back(
        &self,
        attempts: &[Attempt],
        code: &str,
        text: &str,
    ) -> Result<Option<Micros>, Failure> {
        if self.advance(attempts, self.step(Step::Return).because(code, text)).await?.is_some() {
            self.report_return(code, text);
        }
        Ok(None)
    }

    fn step(&self, step: Step) -> Progress {
        Progress::new(self.hold.withdrawal, step)
    }

    /// One durable step, under the lease and with the attempts that it was decided on. `None`: the withdrawal is in another
    /// state than this worker knew; another process has moved it.
    async fn advance(&self, attempts: &[Attempt], step: Progress) -> Result<Option<Withdrawal>, Failure> {
        match self.take_step(attempts, step).await? {
            Ok(after) => {
                self.reached(Moment::AfterStep)?;
                Ok(Some(after))
            }
            Err(Refusal::StepIsNotPossible(..)) => Ok(None),
            Err(refusal) => anyhow::bail!("a step was refused: {}", refusal.sentence()),
        }
    }

    async fn take_step(
        &self,
        attempts: &[Attempt],
        step: Progress,
    ) -> Result<Result<Withdrawal, Refusal>, Failure> {
        let lease = Lease { number: self.hold.lease, attempts: i64::try_from(attempts.len())? };
        let counter = self.platform.counter(self.hold.book, Actor::NONE);
        match counter.advance_under(lease, step).await {
            Ok(done) => Ok(Ok(done.value)),
            Err(Stopped::Refused(refusal)) => Ok(Err(refusal)),
            Err(stopped) => Err(stopped.into()),
        }
    }

    /// The wait until the next query: a quarter of the time since the last attempt, plus or minus a fifth, so that a failing
    /// rail is asked less and less often, and not by all workers at once.
    async fn later(&self, attempts: &[Attempt]) -> Result<Option<Micros>, Failure> {
        self.later_at_most(LATEST, attempts).await
    }

    async fn later_at_most(&self, most: Micros, attempts: &[Attempt]) -> Result<Option<Micros>, Failure> {
        let now = self.book_now().await?;
        let since = attempts.last().map_or(self.payment.withdrawal.changed_at, |last| last.created_at);
        Ok(Some(self.quarter_of(now - since, most)))
    }

    fn quarter_of(&self, age: Micros, most: Micros) -> Micros {
        let mut byte = [0; 1];
        self.platform.entropy.fill(&mut byte);
        let (least, percent) = (JITTER.0, JITTER.1 - JITTER.0);
        let wait = (age / 4).min(most) * (least + i64::from(byte[0]) * percent / 255) / 100;
        wait.max(SOONEST)
    }

    /// How long the breaker stays open from now on, if it is.
    fn left_alone(&self) -> Option<Micros> {
        let now = self.platform.clock.monotonic();
        self.mounted.left_alone_until(now).map(|until| until - now)
    }

    /// The clock by which attempts and withdrawals are dated. Leases go by [`Store::now`].
    pub(super) async fn book_now(&self) -> Result<Micros, Failure> {
        self.store().book_now(self.hold.book).await
    }

    pub(super) fn store(&self) -> &Store {
        &self.platform.store
    }

    fn reached(&self, moment: Moment) -> Result<(), Failure> {
        match self.killer {
            Some(kills) if kills(moment) => anyhow::bail!("killed: {moment:?}"),
            _ => Ok(()),
        }
    }
}
