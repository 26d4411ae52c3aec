//! The worker: leases withdrawals that are due and takes each as far as its rail lets it. It learns of work from rows
//! only, keeps nothing between rounds, and may be killed at any line: whoever comes next goes on from the rows.
//!
//! Order of things, which is what keeps payments single: the step to `sending` is durable, then the attempt with its exact
//! request is durable, then the request leaves, then the answer is written down, then the step it proves. No database
//! transaction is open while a rail is called.

use super::moment::{Killer, Moment};
use super::mounted::Mounted;
use super::{Answer, Finding, Payment, low_stock};
use crate::platform::Platform;
use crate::store::{Attempt, Failure, Leased};
use anyhow::Context;
use futures_util::{FutureExt, StreamExt, stream};
use ledger::{
    Answer as Settled, BookId, Command, Micros, Outcome, Progress, Provider, Refusal, Request, Step,
    Withdrawal, WithdrawalState,
};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::watch;

const SECOND: Micros = 1_000_000;
/// Longer than all calls of one visit may take together.
const LEASE: Micros = 300 * SECOND;
/// Withdrawals leased at once.
const BATCH: i64 = 64;
/// Withdrawals driven at once by one process.
const DRIVEN_AT_ONCE: usize = 32;
/// The longest a single call to a rail may take.
const LONGEST_CALL: Duration = Duration::from_secs(60);
/// How long a withdrawal waits for its turn at its rail before it goes back into the queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between looks for work where no nudge comes.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);
/// The shortest and the longest wait before a rail is asked again.
const SOONEST: Micros = SECOND;
const LATEST: Micros = 600 * SECOND;
/// A payment that may come back is watched for this long after it succeeded.
const WATCH: Micros = 60 * SECOND;
/// Slots that other workers take are tried again this often.
const TRIES_FOR_A_SLOT: usize = 50;

/// See the top of this file.
pub struct Worker {
    platform: Platform,
    id: i64,
    killer: Option<Killer>,
    at_once: usize,
}

impl Worker {
    /// A worker over this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let mut bytes = [0; 8];
        platform.entropy.fill(&mut bytes);
        // Zero stands for nobody.
        let id = i64::from_be_bytes(bytes) | 1;
        Self { platform, id, killer: None, at_once: DRIVEN_AT_ONCE }
    }

    /// The same, driving one withdrawal after the other, so that a simulation happens the same way every time.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { at_once: 1, ..self }
    }

    /// The same, to be killed.
    #[must_use]
    pub fn with_killer(self, killer: Killer) -> Self {
        Self { killer: Some(killer), ..self }
    }

    /// Works until `stop` says true or is dropped; what was begun is finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let driven = self.round().await.unwrap_or_else(|failure| {
                tracing::error!(error = format!("{failure:#}"), "withdrawals could not be looked at");
                0
            });
            if *stop.borrow() {
                return;
            }
            if driven > 0 {
                continue;
            }
            tokio::select! {
                _ = stop.changed() => return,
                () = self.platform.rails.nudge.notified() => {}
                () = tokio::time::sleep(BETWEEN_ROUNDS) => {}
            }
        }
    }

    /// Leases what is due and drives each once. How many there were.
    ///
    /// # Errors
    /// When the database breaks while leasing. What breaks while one withdrawal is driven is logged, and its lease runs
    /// out.
    pub async fn round(&self) -> Result<usize, Failure> {
        let now = self.platform.clock.now();
        let leased = self.platform.store.lease_withdrawals(self.id, now, now + LEASE, BATCH).await?;
        let count = leased.len();
        stream::iter(leased)
            .for_each_concurrent(self.at_once, |leased| async move {
                if let Err(failure) = self.visit(&leased).await {
                    let withdrawal = self.public_id(&leased);
                    let error = format!("{failure:#}");
                    tracing::error!(error, withdrawal, "a withdrawal is left until its lease runs out");
                }
            })
            .await;
        Ok(count)
    }

    fn public_id(&self, leased: &Leased) -> String {
        let ids = self.platform.secrets.ids();
        ids.seal(crate::ids::IdKind::Withdrawal, leased.book, leased.withdrawal.number)
    }

    async fn visit(&self, leased: &Leased) -> Result<(), Failure> {
        let Leased { book, withdrawal } = leased;
        let again = match self.platform.rails.get(book.mode(), &withdrawal.method) {
            Some(mounted) => match tokio::time::timeout(PATIENCE, mounted.permits.acquire()).await {
                // A panic in a rail must not end all payments: it is one withdrawal that failed to be driven.
                Ok(_permit) => AssertUnwindSafe(self.drive(mounted, *book, withdrawal))
                    .catch_unwind()
                    .await
                    .map_err(|_| anyhow::anyhow!("a rail panicked"))??,
                // A slow rail must not hold up the others of this round.
                Err(_) => Some(self.platform.clock.now() + SOONEST),
            },
            None => {
                let (method, withdrawal) = (&withdrawal.method, self.public_id(leased));
                tracing::warn!(method, withdrawal, "there is no such rail any more; its money stays held");
                Some(self.platform.clock.now() + LATEST)
            }
        };
        self.platform.store.release_withdrawal(*book, withdrawal.number, self.id, again).await?;
        Ok(())
    }

    /// Takes a withdrawal as far as it goes now; when to look again.
    async fn drive(
        &self,
        mounted: &Mounted,
        book: BookId,
        withdrawal: &Withdrawal,
    ) -> Result<Option<Micros>, Failure> {
        let now = self.platform.clock.now();
        let mut withdrawal = withdrawal.clone();
        if withdrawal.state == WithdrawalState::Queued {
            if let Some(until) = mounted.left_alone_until(now) {
                return Ok(Some(until));
            }
            match self.advance(book, Progress::new(withdrawal.number, Step::Send)).await? {
                Some(sending) => withdrawal = sending,
                // Cancelled in the meantime.
                None => return Ok(None),
            }
        }
        let order_id = self.platform.secrets.ids().order_id(withdrawal.provider, book, withdrawal.number);
        let payment = Payment { book, withdrawal, order_id };
        match payment.withdrawal.state {
            WithdrawalState::Sending => self.send(mounted, &payment).await,
            WithdrawalState::Succeeded => self.watch(mounted, &payment).await,
            _ => Ok(None),
        }
    }

    async fn send(&self, mounted: &Mounted, payment: &Payment) -> Result<Option<Micros>, Failure> {
        let attempts = self.platform.store.attempts(payment.book, payment.withdrawal.number).await?;
        if attempts.is_empty() {
            self.reached(Moment::BeforeIntent)?;
            return self.make_attempt(mounted, payment, &attempts).await;
        }
        if let Some(until) = mounted.left_alone_until(self.platform.clock.now()) {
            return Ok(Some(until));
        }
        // The last attempt may have left the house or not: only the rail knows.
        match self.ask(mounted, payment, &attempts).await {
            Finding::Answer(answer) => self.take(mounted, payment, &attempts, answer).await,
            Finding::NotFound => self.submit(mounted, payment, &attempts, true).await,
            Finding::Stuck => self.make_attempt(mounted, payment, &attempts).await,
            Finding::Returned { code, text } => {
                let detail = String::new();
                self.take(mounted, payment, &attempts, Answer::Succeeded { detail }).await?;
                self.give_back(payment, &code, &text).await
            }
        }
    }

    /// Commits a new attempt, then sends it.
    async fn make_attempt(
        &self,
        mounted: &Mounted,
        payment: &Payment,
        earlier: &[Attempt],
    ) -> Result<Option<Micros>, Failure> {
        let store = &self.platform.store;
        let (book, number) = (payment.book, payment.withdrawal.number);
        let facts = mounted.facts();
        for _ in 0..TRIES_FOR_A_SLOT {
            let slot = match &facts.line {
                Some(line) => store.next_slot(line, &self.platform.rails.names_in_line(line)).await?,
                None => 0,
            };
            let prepare = mounted.rail.prepare(payment, earlier, slot);
            let prepared = tokio::time::timeout(LONGEST_CALL, prepare).await;
            let prepared = match prepared.unwrap_or_else(|_| Err(too_slow())) {
                Ok(prepared) => prepared,
                // Earlier attempts may still pay, whatever the rail says of another one.
                Err(Answer::Refused { code, .. }) if !earlier.is_empty() => {
                    let text = format!("another attempt was refused: {code}");
                    return self.take(mounted, payment, earlier, Answer::Unknown { text }).await;
                }
                Err(answer) => return self.take(mounted, payment, earlier, answer).await,
            };
            let replaces = earlier.iter().any(|attempt| attempt.slot == prepared.slot);
            let attempt = Attempt {
                number: earlier.last().map_or(0, |last| last.number) + 1,
                rail: facts.name.clone(),
                key: prepared.key,
                request: prepared.request,
                slot: prepared.slot,
                created_at: self.platform.clock.now(),
                answered_at: None,
                answer: String::new(),
                answer_text: String::new(),
            };
            let line = facts.line.as_deref().filter(|_| !replaces);
            if store.add_attempt(book, number, &attempt, line).await? {
                self.reached(Moment::AfterIntent)?;
                let attempts = [earlier, &[attempt]].concat();
                return self.submit(mounted, payment, &attempts, !earlier.is_empty()).await;
            }
            // Somebody took the slot, or made this very attempt.
            let stored = store.attempts(book, number).await?;
            if stored.len() > earlier.len() {
                return Ok(Some(self.platform.clock.now() + SOONEST));
            }
        }
        Ok(Some(self.platform.clock.now() + SOONEST))
    }

    /// Sends the last attempt, which is committed, and takes the answer.
    async fn submit(
        &self,
        mounted: &Mounted,
        payment: &Payment,
        attempts: &[Attempt],
        may_have_been_sent: bool,
    ) -> Result<Option<Micros>, Failure> {
        let attempt = attempts.last().context("an attempt is committed before it is sent")?;
        if !self.still_sends(payment).await? {
            return Ok(None);
        }
        self.reached(Moment::BeforeSend)?;
        let call = tokio::time::timeout(LONGEST_CALL, mounted.rail.submit(payment, attempt)).await;
        let answer = call.unwrap_or_else(|_| too_slow());
        mounted.observe(!matches!(answer, Answer::Unknown { .. }), self.platform.clock.now());
        self.reached(Moment::AfterSend)?;
        // What may have been sent before is refused only if the rail says so when asked: "duplicate" is a refusal too.
        if matches!(answer, Answer::Refused { .. }) && may_have_been_sent {
            return match self.ask(mounted, payment, attempts).await {
                Finding::Answer(other) => self.take(mounted, payment, attempts, other).await,
                Finding::NotFound => {
                    let text = "refused when sent again, unknown when asked".to_owned();
                    self.take(mounted, payment, attempts, Answer::Unknown { text }).await
                }
                Finding::Stuck | Finding::Returned { .. } => Ok(Some(self.later(payment, attempts))),
            };
        }
        self.take(mounted, payment, attempts, answer).await
    }

    /// The last look before a request leaves: is the lease this worker's, for long enough, and is the withdrawal still to be
    /// sent? Somebody with proof may have ended it.
    async fn still_sends(&self, payment: &Payment) -> Result<bool, Failure> {
        let (store, now) = (&self.platform.store, self.platform.clock.now());
        let (book, number) = (payment.book, payment.withdrawal.number);
        if !store.renew_lease(book, number, self.id, (now, now + LEASE)).await? {
            anyhow::bail!("the lease ran out before anything was sent");
        }
        let stored = store.withdrawal(book, number).await?;
        Ok(stored.is_some_and(|stored| stored.state == WithdrawalState::Sending))
    }

    async fn ask(&self, mounted: &Mounted, payment: &Payment, attempts: &[Attempt]) -> Finding {
        let call = tokio::time::timeout(LONGEST_CALL, mounted.rail.query(payment, attempts)).await;
        let finding = call.unwrap_or_else(|_| Finding::Answer(too_slow()));
        let worked = !matches!(finding, Finding::Answer(Answer::Unknown { .. }));
        mounted.observe(worked, self.platform.clock.now());
        finding
    }

    /// Writes an answer down, then makes the step that it proves.
    async fn take(
        &self,
        mounted: &Mounted,
        payment: &Payment,
        attempts: &[Attempt],
        answer: Answer,
    ) -> Result<Option<Micros>, Failure> {
        let (book, withdrawal) = (payment.book, &payment.withdrawal);
        if let Some(last) = attempts.last() {
            let now = self.platform.clock.now();
            let said = answer.in_words();
            self.platform.store.record_answer(book, withdrawal.number, last.number, said, now).await?;
        }
        self.reached(Moment::AfterRecord)?;
        let step = |step| Progress::new(withdrawal.number, step);
        match answer {
            Answer::Succeeded { detail } => {
                let done = self.advance(book, step(Step::Succeed).with_detail(detail)).await?;
                if done.is_some() && withdrawal.provider == Provider::GiftCard {
                    low_stock::tell(&self.platform, book, withdrawal).await?;
                }
                let may_come_back = withdrawal.provider == Provider::Sandbox;
                Ok((done.is_some() && may_come_back).then(|| self.platform.clock.now() + SOONEST))
            }
            Answer::Refused { code, text } => {
                self.advance(book, step(Step::Fail).because(&code, &text)).await?;
                Ok(None)
            }
            Answer::Accepted { .. } => {
                if withdrawal.outcome_unknown {
                    self.advance(book, step(Step::FindOutcome)).await?;
                }
                Ok(Some(self.later(payment, attempts)))
            }
            // Where nothing was sent, nothing is unknown.
            Answer::Unknown { text } if attempts.is_empty() => {
                mounted.observe(false, self.platform.clock.now());
                tracing::warn!(rail = mounted.facts().name, reason = text, "no attempt can be made now");
                Ok(Some(self.later(payment, attempts)))
            }
            Answer::Unknown { .. } => {
                if !withdrawal.outcome_unknown {
                    self.advance(book, step(Step::LoseOutcome)).await?;
                }
                Ok(Some(self.later(payment, attempts)))
            }
        }
    }

    /// Looks whether a payment that succeeded has come back.
    async fn watch(&self, mounted: &Mounted, payment: &Payment) -> Result<Option<Micros>, Failure> {
        let attempts = self.platform.store.attempts(payment.book, payment.withdrawal.number).await?;
        if let Finding::Returned { code, text } = self.ask(mounted, payment, &attempts).await {
            return self.give_back(payment, &code, &text).await;
        }
        let now = self.platform.clock.now();
        Ok((now < payment.withdrawal.changed_at + WATCH).then_some(now + SOONEST))
    }

    async fn give_back(&self, payment: &Payment, code: &str, text: &str) -> Result<Option<Micros>, Failure> {
        let step = Progress::new(payment.withdrawal.number, Step::Return).because(code, text);
        self.advance(payment.book, step).await?;
        Ok(None)
    }

    /// One durable step. `None`: the withdrawal is not where this worker thought it was; somebody else has moved it.
    async fn advance(&self, book: BookId, step: Progress) -> Result<Option<Withdrawal>, Failure> {
        let request = Request::plain(Command::Advance(Box::new(step)));
        match self.platform.teller.ask(book, request).await? {
            Ok(Settled::Done(Outcome::Withdrawal(after)) | Settled::Replayed(Outcome::Withdrawal(after))) => {
                Ok(Some(*after))
            }
            Ok(_) => anyhow::bail!("a step was answered as something else"),
            Err(Refusal::StepIsNotPossible(..)) => Ok(None),
            Err(refusal) => anyhow::bail!("a step was refused: {}", refusal.sentence()),
        }
    }

    /// When to ask again: a quarter of the time it has taken so far, give or take a fifth, so that a rail in trouble is
    /// asked less and less, and never by everybody at once.
    fn later(&self, payment: &Payment, attempts: &[Attempt]) -> Micros {
        let now = self.platform.clock.now();
        let since = attempts.last().map_or(payment.withdrawal.changed_at, |last| last.created_at);
        let wait = ((now - since) / 4).clamp(SOONEST, LATEST);
        let mut byte = [0; 1];
        self.platform.entropy.fill(&mut byte);
        now + wait * (80 + i64::from(byte[0]) * 40 / 255) / 100
    }

    fn reached(&self, moment: Moment) -> Result<(), Failure> {
        match &self.killer {
            Some(kills) if kills(moment) => anyhow::bail!("killed: {moment:?}"),
            _ => Ok(()),
        }
    }
}

fn too_slow() -> Answer {
    Answer::Unknown { text: format!("no answer within {} seconds", LONGEST_CALL.as_secs()) }
}
