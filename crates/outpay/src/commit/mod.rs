//! The teller: all changes of books go through it. Commands are queued; a thread takes those that wait, carries them out in one
//! durable transaction (batch.rs) and only then answers every caller. Not here: rules (ledger), SQL (store), the verbs that
//! give it commands (counter).

mod batch;
mod postman;
mod thread;

pub use batch::{Asked, decide_all, needs_of, savings};

use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::store::{Failure, Store};
use crate::witness::Witness;
use ledger::{Applied, BookId, Refusal, Request};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// The length of the queue; callers beyond it get [`NoVerdict::Busy`]. At the slowest rate measured (a few thousand a
/// second) a full queue is a few seconds of work.
const QUEUE: usize = 8192;

/// The result of a command.
pub type Verdict = Result<Applied, Refusal>;

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// The queue is full; nothing was done. Come back in a second.
    #[error("the teller is busy")]
    Busy,
    /// The teller has stopped before the command began; nothing was done.
    #[error("the teller has stopped")]
    Stopped,
    /// The database could not be read or refused the change; nothing was done.
    #[error("the database could not carry it out; nothing was changed")]
    NotDone,
    /// A durable write failed, and whether the command was carried out is not known. The process is about to end.
    #[error("it is not known whether the command was carried out")]
    Unknown,
}

/// A handle to the teller; cheap to clone.
#[derive(Clone)]
pub struct Teller {
    queue: mpsc::Sender<Job>,
    state: watch::Receiver<State>,
    measures: Arc<TellerMeasures>,
}

/// What the metrics show of the teller.
#[derive(Debug)]
pub struct TellerMeasures {
    /// Commands per batch.
    pub batch_size: Histogram,
    /// Seconds from taking a batch to its durable commit.
    pub batch_seconds: Histogram,
    /// Commands carried out or answered again.
    pub settled: Counter,
    /// Commands refused by a rule.
    pub refused: Counter,
    /// Commands turned away because the queue was full.
    pub busy: Counter,
    /// Commands waiting.
    pub waiting: Gauge,
}

/// The state of the teller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// At work.
    Working,
    /// It was asked to stop, and has finished what was accepted.
    Stopped,
    /// A durable write failed. The process must end with an error.
    Broken,
}

struct Job {
    asked: Asked,
    answer: oneshot::Sender<Result<Verdict, NoVerdict>>,
}

impl Teller {
    /// Starts the teller's thread. It ends, after finishing what was accepted, when the last handle is dropped.
    ///
    /// # Errors
    /// When the thread or the teller's connection cannot be made.
    pub async fn start(
        store: &Store,
        secrets: Arc<Secrets>,
        clock: Clock,
        entropy: Entropy,
        witness: Witness,
    ) -> Result<Self, Failure> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (says, state) = watch::channel(State::Working);
        let measures = Arc::new(TellerMeasures::new());
        let work = thread::TellerWork {
            store: store.clone(),
            secrets,
            clock,
            entropy,
            witness,
            jobs,
            answers: postman::start(Arc::clone(&measures)),
            says,
            measures: Arc::clone(&measures),
        };
        let (ready, started) = oneshot::channel();
        std::thread::Builder::new().name("teller".to_owned()).spawn(move || thread::run(work, ready))?;
        started.await??;
        Ok(Self { queue, state, measures })
    }

    /// Queues a command and waits for its verdict, which is durable once it is here. A caller that goes away does not
    /// take its command back.
    ///
    /// # Errors
    /// [`NoVerdict`] says whether the command can have taken effect.
    pub async fn ask(&self, book: BookId, request: Request) -> Result<Verdict, NoVerdict> {
        let (answer, verdict) = oneshot::channel();
        let job = Job { asked: Asked { book, request }, answer };
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.measures.busy.inc();
                return Err(NoVerdict::Busy);
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(NoVerdict::Stopped),
        }
        verdict.await.unwrap_or(Err(NoVerdict::Unknown))
    }

    /// The state of the teller now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Waits until the teller has stopped or broken. Holds no handle that would keep it running.
    #[must_use]
    pub fn end(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// For the metrics.
    #[must_use]
    pub fn measures(&self) -> &Arc<TellerMeasures> {
        &self.measures
    }
}

impl TellerMeasures {
    fn new() -> Self {
        let sizes = [1.0, 4.0, 16.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
        let seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0];
        Self {
            batch_size: Histogram::new(sizes),
            batch_seconds: Histogram::new(seconds),
            settled: Counter::default(),
            refused: Counter::default(),
            busy: Counter::default(),
            waiting: Gauge::default(),
        }
    }
}
