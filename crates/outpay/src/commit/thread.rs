//! The teller's thread: takes what waits, runs the batch, answers. It lives on a thread of its own with a small runtime
//! of its own, because SQLite blocks and because nothing else may delay it.

use super::batch::{decide_all, needs_of, savings, witnessed};
use super::postman::Committed;
use super::{Job, NoVerdict, State, TellerMeasures, Verdict};
use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::store::{Failure, Store, TellerStore};
use crate::witness::{Lost, Witness};
use ledger::{Command, Inputs};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{mpsc, oneshot, watch};

/// The most commands in one transaction. More would save little and make the first of them wait longer.
const BATCH: usize = 1024;
/// The most payouts in one transaction, unless one command alone has more: a book is locked as long as they take.
const ROWS: usize = 20_000;

pub(super) struct TellerWork {
    pub(super) store: Store,
    pub(super) secrets: Arc<Secrets>,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    pub(super) witness: Witness,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) answers: UnboundedSender<Committed>,
    pub(super) says: watch::Sender<State>,
    pub(super) measures: Arc<TellerMeasures>,
}

pub(super) fn run(work: TellerWork, ready: oneshot::Sender<Result<(), Failure>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error.into()))),
    };
    runtime.block_on(async move {
        match work.store.teller().await {
            Ok(store) => {
                drop(ready.send(Ok(())));
                serve(work, store).await;
            }
            Err(failure) => drop(ready.send(Err(failure))),
        }
    });
}

async fn serve(mut work: TellerWork, mut store: TellerStore) {
    // If this thread panics, dropping this guard reports the teller as broken.
    let broken = BrokenUnlessStopped(work.says.clone());
    let mut batch = Vec::with_capacity(BATCH);
    while work.jobs.recv_many(&mut batch, BATCH).await > 0 {
        let waiting = i64::try_from(work.jobs.len()).unwrap_or(i64::MAX);
        work.measures.waiting.set(waiting);
        if !run_all(&work, &mut store, &mut batch).await {
            return;
        }
        if let Err(failure) = store.tidy_up(false) {
            tracing::error!(
                error = format!("{failure:#}"),
                "the write-ahead log could not be checkpointed; stopping"
            );
            return;
        }
    }
    if let Err(failure) = store.tidy_up(true) {
        tracing::warn!(error = format!("{failure:#}"), "the write-ahead log is left for the next start");
    }
    broken.0.send_replace(State::Stopped);
}

/// Runs what was taken, in as many transactions as its payouts ask for. `false`: a write failed, and nothing may follow.
async fn run_all(work: &TellerWork, store: &mut TellerStore, batch: &mut Vec<Job>) -> bool {
    while !batch.is_empty() {
        let mut rest = batch.split_off(fitting(batch));
        if !run_some(work, store, batch).await {
            return false;
        }
        batch.append(&mut rest);
    }
    true
}

/// Runs these in one transaction, or, where the database refuses that, each in one of its own: data that one command meets or
/// brings, such as a text that the database cannot store, must not fail the others. Empties `batch`. `false`: as [`run_all`].
async fn run_some(work: &TellerWork, store: &mut TellerStore, batch: &mut Vec<Job>) -> bool {
    let started = work.clock.monotonic();
    match run_batch_anew(work, store, batch).await {
        Err(BatchError::NotDone(_)) if batch.len() > 1 => run_alone(work, store, batch).await,
        ran => conclude(work, batch, ran, started),
    }
}

async fn run_alone(work: &TellerWork, store: &mut TellerStore, batch: &mut Vec<Job>) -> bool {
    let mut is_reached = true;
    for job in std::mem::replace(batch, Vec::with_capacity(BATCH)) {
        let (mut one, started) = (vec![job], work.clock.monotonic());
        let ran = match is_reached {
            true => run_batch_anew(work, store, &one).await,
            // Each would wait for a connection.
            false => Err(BatchError::Unreachable(anyhow::anyhow!("the database cannot be reached"))),
        };
        is_reached = !matches!(ran, Err(BatchError::Unreachable(_)));
        if !conclude(work, &mut one, ran, started) {
            return false;
        }
    }
    true
}

/// Answers the callers. `false`: a write failed, and nothing may follow.
fn conclude(
    work: &TellerWork,
    batch: &mut Vec<Job>,
    ran: Result<Vec<Verdict>, BatchError>,
    started: i64,
) -> bool {
    match ran {
        Ok(verdicts) => answer(work, batch, verdicts, started),
        Err(BatchError::NotDone(failure) | BatchError::Unreachable(failure)) => {
            let (error, book) = (format!("{failure:#}"), batch[0].asked.book.0);
            tracing::error!(
                error,
                book,
                commands = batch.len(),
                "commands could not be run; nothing was changed"
            );
            let none = if work.store.is_broken() { NoVerdict::Stopped } else { NoVerdict::NotDone };
            batch.drain(..).for_each(|job| drop(job.answer.send(Err(none))));
        }
        Err(BatchError::NotDurable(failure)) => {
            // Nothing is accepted from here on. The callers of this batch get `NoVerdict::Unknown`.
            tracing::error!(error = format!("{failure:#}"), "a durable write failed; stopping");
            return false;
        }
    }
    true
}

/// How many of these commands fit into one transaction: at least one.
fn fitting(batch: &[Job]) -> usize {
    let mut rows = 0;
    let fits = |job: &&Job| {
        rows += match &job.asked.request.command {
            Command::CreateMany { payouts, .. } => payouts.len(),
            _ => 1,
        };
        rows <= ROWS
    };
    batch.iter().take_while(fits).count().max(1)
}

/// Runs a batch; where that failed before its commit, once more on a new connection, since the old one may be lost. Nothing was
/// written by then, so this repeats no write.
async fn run_batch_anew(
    work: &TellerWork,
    store: &mut TellerStore,
    batch: &[Job],
) -> Result<Vec<Verdict>, BatchError> {
    match run_batch(work, store, batch).await {
        Err(BatchError::NotDone(failure)) => {
            *store = work.store.teller().await.map_err(|_| BatchError::Unreachable(failure))?;
            // The new connection may reach another server, which may have lost commits.
            work.witness.check(&work.store).await.map_err(|failure| {
                let is_loss = failure.is::<Lost>();
                if is_loss { BatchError::NotDurable(failure) } else { BatchError::Unreachable(failure) }
            })?;
            run_batch(work, store, batch).await
        }
        other => other,
    }
}

enum BatchError {
    /// It failed before its commit: nothing was changed.
    NotDone(Failure),
    /// The same, and the database cannot be reached.
    Unreachable(Failure),
    /// Whether it is in the database is not known, or the database has lost something: nothing may follow.
    NotDurable(Failure),
}

async fn run_batch(
    work: &TellerWork,
    store: &mut TellerStore,
    batch: &[Job],
) -> Result<Vec<Verdict>, BatchError> {
    let needs = needs_of(batch.iter().map(|job| &job.asked));
    let mut books = store.load(&needs).await.map_err(BatchError::NotDone)?;
    for book in &books {
        let known = work.witness.check_book(book.id, book.head.sequence, &book.head.chain);
        known.map_err(|lost| BatchError::NotDurable(lost.into()))?;
    }
    // Read under the books' locks, so that times rise with the sequence over all processes with one clock.
    let key_version = work.secrets.version();
    let mut inputs = Inputs { now: work.clock.now(), seed: [0; 32], key_version };
    work.entropy.fill(&mut inputs.seed);
    let verdicts = decide_all(&mut books, batch.iter().map(|job| &job.asked), inputs);
    let savings = match savings(&books, &work.secrets) {
        Ok(savings) => savings,
        Err(failure) => return Err(not_saved(work, store, failure).await),
    };
    if let Err(failure) = store.save(&savings).await {
        return Err(not_saved(work, store, failure).await);
    }
    store.commit().await.map_err(BatchError::NotDurable)?;
    // After the commit, so that it is never ahead of the database, and before any answer.
    work.witness.note(witnessed(&savings)).map_err(BatchError::NotDurable)?;
    Ok(verdicts)
}

/// COMMIT was never sent, so nothing of the batch is in the database. On a connection that is lost there is nothing to roll back.
async fn not_saved(work: &TellerWork, store: &mut TellerStore, failure: Failure) -> BatchError {
    let rolled_back = store.roll_back().await;
    match (work.store.is_broken(), rolled_back) {
        (true, _) => BatchError::NotDurable(failure),
        (false, Err(second)) if work.store.engine() == "sqlite" => {
            BatchError::NotDurable(failure.context(format!("and rolling back failed: {second:#}")))
        }
        (false, _) => BatchError::NotDone(failure),
    }
}

fn answer(work: &TellerWork, batch: &mut Vec<Job>, verdicts: Vec<Verdict>, started: i64) {
    let micros = work.clock.monotonic() - started;
    work.measures.batch_seconds.observe(micros as f64 / 1e6);
    work.measures.batch_size.observe(batch.len() as f64);
    let jobs = std::mem::replace(batch, Vec::with_capacity(BATCH));
    // The postman ends with the callers' runtime, so then there are no callers left.
    drop(work.answers.send((jobs, verdicts)));
}

struct BrokenUnlessStopped(watch::Sender<State>);

impl Drop for BrokenUnlessStopped {
    fn drop(&mut self) {
        self.0.send_if_modified(|state| {
            let broken = *state == State::Working;
            if broken {
                *state = State::Broken;
            }
            broken
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::Asked;
    use super::*;
    use ledger::{BatchPayout, BookId, Cents, Email, Request};

    fn job(rows: usize) -> Job {
        let email = Email::parse("user@example.com").unwrap();
        let payout = BatchPayout {
            email,
            amount: Cents(1),
            reference: None,
            memo: String::new(),
            metadata: ledger::Metadata::default(),
        };
        let command = Command::CreateMany { payouts: vec![payout; rows], partial: false };
        Job {
            asked: Asked { book: BookId(2), request: Request::plain(command) },
            answer: oneshot::channel().0,
        }
    }

    #[test]
    fn a_transaction_takes_so_many_payouts_and_at_least_one_command() {
        let jobs = |rows: &[usize]| rows.iter().map(|rows| job(*rows)).collect::<Vec<_>>();
        assert_eq!(fitting(&jobs(&[10_000, 10_000, 1])), 2);
        assert_eq!(fitting(&jobs(&[19_999, 2, 1])), 1);
        assert_eq!(fitting(&jobs(&[ROWS + 1, 1])), 1);
        assert_eq!(fitting(&jobs(&[1; 100])), 100);
    }
}
