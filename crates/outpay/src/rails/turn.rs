//! One turn of a worker at one withdrawal: from what its rows say to what its rail proves, every write under the lease that the
//! worker has it under. Not here: which withdrawals there are to drive, and when (worker.rs, whose top says what order of things
//! keeps payments single).

use super::moment::Moment;
use super::mounted::Mounted;
use super::worker::{LEASE, Worker};
use super::{Answer, Finding, Payment, low_stock, prepare};
use crate::store::{Attempt, Clearance, Failure, Hold, Longest, Store};
use anyhow::Context;
use ledger::{
    Answer as Settled, Command, Lease, Micros, Outcome, Progress, Provider, Refusal, Request, Step,
    Withdrawal, WithdrawalState,
};
use std::time::Duration;

pub(super) const SECOND: Micros = 1_000_000;
/// The longest a single call to a rail may take.
pub(super) const LONGEST_CALL: Duration = Duration::from_secs(60);
/// The shortest and the longest wait before a rail is asked again.
pub(super) const SOONEST: Micros = SECOND;
const LATEST: Micros = 600 * SECOND;
/// A wait is taken times 80 to 120 percent, so that many do not end at one moment.
const JITTER: (i64, i64) = (80, 120);
/// From now to the next look at a withdrawal no step waits longer, and no lease lasts longer.
pub const LONGEST_STEPS: Longest = Longest { wait: LATEST * JITTER.1 / 100, lease: LEASE };
/// Between two looks at what is being sent and may not leave now; asking for its outcome goes on.
const WHILE_STOPPED: Micros = 5 * SECOND;
/// A payment that may come back is watched for this long after it succeeded.
const WATCH: Micros = 60 * SECOND;
/// Slots that other workers take are tried again this often.
const TRIES_FOR_A_SLOT: usize = 50;

/// See the top of this file.
pub(super) struct Turn<'a> {
    pub(super) worker: &'a Worker,
    pub(super) mounted: &'a Mounted,
    pub(super) payment: Payment,
    pub(super) hold: Hold,
}

impl Turn<'_> {
    /// Takes the withdrawal as far as it goes now; how long until the next look.
    pub(super) async fn drive(mut self) -> Result<Option<Micros>, Failure> {
        if self.payment.withdrawal.state == WithdrawalState::Queued {
            if let Some(wait) = self.left_alone() {
                return Ok(Some(wait));
            }
            match self.ask_teller(&[], self.step(Step::Send)).await? {
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
        // The last attempt may have left the house or not: only the rail knows.
        match self.ask(&attempts).await {
            Finding::Answer(answer) => self.take(&attempts, answer).await,
            Finding::NotFound => self.submit(&attempts, true).await,
            Finding::Stuck => self.make_attempt(&attempts).await,
            Finding::Returned { code, text } => {
                let detail = String::new();
                self.take(&attempts, Answer::Succeeded { detail }).await?;
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
            let platform = &self.worker.platform;
            let prepared = match prepare::next(platform, self.mounted, &self.payment, earlier).await? {
                Ok(prepared) => prepared,
                // Earlier attempts may still pay, whatever the rail says of another one.
                Err(Answer::Refused { code, .. }) if !earlier.is_empty() => {
                    let text = format!("another attempt was refused: {code}");
                    return self.take(earlier, Answer::unknown(text)).await;
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
                created_at: store.now().await?,
                answered_at: None,
                answer: String::new(),
                answer_text: String::new(),
            };
            let line = facts.line.as_deref().filter(|_| !replaces);
            if store.add_attempt(self.hold, &attempt, line).await? {
                self.worker.platform.witness.note_slot(line, attempt.slot)?;
                self.reached(Moment::AfterIntent)?;
                let attempts = [earlier, &[attempt]].concat();
                return self.submit(&attempts, !earlier.is_empty()).await;
            }
            // Another worker took the slot, or has this withdrawal now, or made this very attempt.
            self.renew().await?;
            if self.attempts().await?.len() > earlier.len() {
                return Ok(Some(SOONEST));
            }
        }
        Ok(Some(SOONEST))
    }

    /// Sends the last attempt, which is committed, and takes the answer.
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
        let call = tokio::time::timeout(LONGEST_CALL, self.mounted.rail.submit(&self.payment, attempt)).await;
        let answer = call.unwrap_or_else(|_| too_slow());
        self.reached(Moment::AfterSend)?;
        self.judge_rail(&answer, may_have_been_sent).await;
        // What may have been sent before is refused only if the rail says so when asked: "duplicate" is a refusal too.
        if matches!(answer, Answer::Refused { .. }) && may_have_been_sent {
            return match self.ask(attempts).await {
                Finding::Answer(other) => self.take(attempts, other).await,
                Finding::NotFound => {
                    let text = "refused when sent again, unknown when asked".to_owned();
                    self.take(attempts, Answer::unknown(text)).await
                }
                Finding::Stuck | Finding::Returned { .. } => self.later(attempts).await,
            };
        }
        self.take(attempts, answer).await
    }

    /// What an answer says of the rail. Only a first request that it did not answer speaks against it: a payment that stays
    /// unknown is sent again and again, and says nothing of the others.
    async fn judge_rail(&self, answer: &Answer, may_have_been_sent: bool) {
        match answer {
            Answer::Unknown { is_down: true, .. } if !may_have_been_sent => {
                if !self.mounted.failed(self.worker.platform.clock.monotonic()) {
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
            Answer::Unknown { .. } => {}
            _ => self.mounted.worked(),
        }
    }

    /// The last look before a request leaves. `None`: it may leave now. Otherwise how long until the next look.
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

    async fn ask(&self, attempts: &[Attempt]) -> Finding {
        let call = tokio::time::timeout(LONGEST_CALL, self.mounted.rail.query(&self.payment, attempts)).await;
        let finding = call.unwrap_or_else(|_| Finding::Answer(too_slow()));
        if !matches!(finding, Finding::Answer(Answer::Unknown { .. })) {
            self.mounted.worked();
        }
        finding
    }

    /// Writes an answer down, then makes the step that it proves.
    async fn take(&self, attempts: &[Attempt], answer: Answer) -> Result<Option<Micros>, Failure> {
        let withdrawal = &self.payment.withdrawal;
        if let Some(last) = attempts.last() {
            let now = self.store().now().await?;
            let is_last = self.store().record_answer(self.hold, last.number, answer.in_words(), now).await?;
            anyhow::ensure!(is_last, "the lease ran out before the answer; another worker asks again");
        }
        self.reached(Moment::AfterRecord)?;
        match answer {
            Answer::Succeeded { detail } => {
                let done = self.advance(attempts, self.step(Step::Succeed).with_detail(detail)).await?;
                if done.is_some() && withdrawal.provider == Provider::GiftCard {
                    low_stock::tell(&self.worker.platform, self.hold.book, withdrawal).await?;
                }
                let may_come_back = withdrawal.provider == Provider::Sandbox;
                Ok((done.is_some() && may_come_back).then_some(SOONEST))
            }
            Answer::Refused { code, text } => {
                self.advance(attempts, self.step(Step::Fail).because(&code, &text)).await?;
                Ok(None)
            }
            Answer::Accepted { .. } => {
                if withdrawal.outcome_unknown {
                    self.advance(attempts, self.step(Step::FindOutcome)).await?;
                }
                self.later(attempts).await
            }
            // Where nothing was sent, nothing is unknown.
            Answer::Unknown { text, .. } if attempts.is_empty() => {
                tracing::warn!(rail = self.mounted.facts().name, reason = text, "no attempt can be made now");
                self.later(attempts).await
            }
            Answer::Unknown { .. } => {
                if !withdrawal.outcome_unknown {
                    self.advance(attempts, self.step(Step::LoseOutcome)).await?;
                }
                self.later(attempts).await
            }
        }
    }

    /// Looks whether a payment that succeeded has come back.
    async fn watch(&self) -> Result<Option<Micros>, Failure> {
        let attempts = self.attempts().await?;
        if let Finding::Returned { code, text } = self.ask(&attempts).await {
            return self.give_back(&attempts, &code, &text).await;
        }
        let is_young = self.store().now().await? < self.payment.withdrawal.changed_at + WATCH;
        Ok(is_young.then_some(SOONEST))
    }

    async fn give_back(
        &self,
        attempts: &[Attempt],
        code: &str,
        text: &str,
    ) -> Result<Option<Micros>, Failure> {
        self.advance(attempts, self.step(Step::Return).because(code, text)).await?;
        Ok(None)
    }

    fn step(&self, step: Step) -> Progress {
        Progress::new(self.hold.withdrawal, step)
    }

    /// One durable step, under the lease and with the attempts that it was decided on. `None`: the withdrawal is not where this
    /// worker thought it was; another process has moved it.
    async fn advance(&self, attempts: &[Attempt], step: Progress) -> Result<Option<Withdrawal>, Failure> {
        match self.ask_teller(attempts, step).await? {
            Ok(after) => Ok(Some(after)),
            Err(Refusal::StepIsNotPossible(..)) => Ok(None),
            Err(refusal) => anyhow::bail!("a step was refused: {}", refusal.sentence()),
        }
    }

    async fn ask_teller(
        &self,
        attempts: &[Attempt],
        step: Progress,
    ) -> Result<Result<Withdrawal, Refusal>, Failure> {
        let lease = Lease { number: self.hold.lease, attempts: i64::try_from(attempts.len())? };
        let request = Request::plain(Command::Advance(Box::new(step.under(lease))));
        match self.worker.platform.teller.ask(self.hold.book, request).await? {
            Ok(Settled::Done(Outcome::Withdrawal(after)) | Settled::Replayed(Outcome::Withdrawal(after))) => {
                Ok(Ok(*after))
            }
            Ok(_) => anyhow::bail!("a step was answered as something else"),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// How long until the rail is asked again: a quarter of the time it has taken so far, give or take a fifth, so that a rail
    /// in trouble is asked less and less, and never by everybody at once.
    async fn later(&self, attempts: &[Attempt]) -> Result<Option<Micros>, Failure> {
        let now = self.store().now().await?;
        let since = attempts.last().map_or(self.payment.withdrawal.changed_at, |last| last.created_at);
        let wait = ((now - since) / 4).clamp(SOONEST, LATEST);
        let mut byte = [0; 1];
        self.worker.platform.entropy.fill(&mut byte);
        let (least, most) = JITTER;
        Ok(Some(wait * (least + i64::from(byte[0]) * (most - least) / 255) / 100))
    }

    /// How long the rail is left alone from now on, if it is.
    fn left_alone(&self) -> Option<Micros> {
        let now = self.worker.platform.clock.monotonic();
        self.mounted.left_alone_until(now).map(|until| until - now)
    }

    fn store(&self) -> &Store {
        &self.worker.platform.store
    }

    fn reached(&self, moment: Moment) -> Result<(), Failure> {
        match &self.worker.killer {
            Some(kills) if kills(moment) => anyhow::bail!("killed: {moment:?}"),
            _ => Ok(()),
        }
    }
}

pub(super) fn too_slow() -> Answer {
    Answer::down(format!("no answer within {} seconds", LONGEST_CALL.as_secs()))
}
