//! The supervisor: starts the background tasks of a process and notices when one panics or ends without having been asked to.
//! It is logged, counted, and started again after a wait that doubles with each failure. Not here: which tasks there are
//! (serving.rs), and what follows from repeated failure (http/health.rs asks [`BackgroundStatus`]).
//!
//! Invariants: a task is started again only after all of its earlier run is gone; once stopping is asked for, nothing is
//! started, and each task may finish what it has begun.

use super::status::BackgroundStatus;
use super::waiting::look_again;
use crate::clock::{Clock, Entropy};
use crate::store::Failure;
use futures_util::future::{BoxFuture, FutureExt};
use ledger::Micros;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The wait before the first restart; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Micros = 1_000_000;
const LONGEST_WAIT: Micros = 60_000_000;
const MOST_DOUBLINGS: u32 = 20;
/// A wait is taken times 80 to 120 percent, so that tasks that fail for one reason do not return together.
const JITTER: (i64, i64) = (80, 120);

type Start = Arc<dyn Fn(watch::Receiver<bool>) -> BoxFuture<'static, ()> + Send + Sync>;

/// A background task: its name, for log and metrics, and how a run of it is made.
pub struct Task {
    name: &'static str,
    start: Start,
}

impl Task {
    /// `start` makes one run, which works until its receiver says true or its sender is gone.
    pub fn new<Run>(
        name: &'static str,
        start: impl Fn(watch::Receiver<bool>) -> Run + Send + Sync + 'static,
    ) -> Self
    where
        Run: Future<Output = ()> + Send + 'static,
    {
        Self { name, start: Arc::new(move |stop| start(stop).boxed()) }
    }
}

/// Starts tasks and watches over them.
pub struct Supervisor {
    status: BackgroundStatus,
    clock: Clock,
    entropy: Entropy,
    first_wait: Micros,
}

/// Tasks that run. Dropping it asks them to stop and waits for none.
pub struct Supervised {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<(), Failure>>>,
}

impl Supervisor {
    /// One that tells `status` how its tasks fare.
    #[must_use]
    pub fn new(status: BackgroundStatus, clock: Clock, entropy: Entropy) -> Self {
        Self { status, clock, entropy, first_wait: FIRST_WAIT }
    }

    /// The same with another first wait.
    #[cfg(test)]
    fn with_first_wait(self, first_wait: Micros) -> Self {
        Self { first_wait, ..self }
    }

    /// Starts these tasks.
    #[must_use]
    pub fn start(&self, tasks: Vec<Task>) -> Supervised {
        let (stop, stopped) = watch::channel(false);
        let watched = tasks.into_iter().map(|task| {
            self.status.add(task.name);
            let watch = TaskWatch {
                task,
                status: self.status.clone(),
                clock: self.clock.clone(),
                entropy: self.entropy.clone(),
                first_wait: self.first_wait,
            };
            tokio::spawn(watch.run(stopped.clone()))
        });
        let tasks = watched.collect();
        Supervised { stop, tasks }
    }
}

impl Supervised {
    /// Asks all tasks to stop, without waiting.
    pub fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Asks all tasks to stop and waits until they have ended.
    ///
    /// # Errors
    /// When one panicked while it stopped.
    pub async fn stop(self) -> Result<(), Failure> {
        self.ask_to_stop();
        for task in self.tasks {
            task.await??;
        }
        Ok(())
    }
}

/// One task with what its supervision needs. It holds whatever the task's runs need, and is gone once the task has stopped.
struct TaskWatch {
    task: Task,
    status: BackgroundStatus,
    clock: Clock,
    entropy: Entropy,
    first_wait: Micros,
}

impl TaskWatch {
    async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        let task = self.task.name;
        loop {
            self.status.started(task, self.clock.monotonic());
            // A task of its own, so that a panic ends the run and not its supervision.
            let (start, stopped) = (Arc::clone(&self.task.start), stop.clone());
            let ended = tokio::spawn(async move { start(stopped).await }).await;
            if *stop.borrow() || stop.has_changed().is_err() {
                return Ok(ended?);
            }
            let failures = self.status.failed(task, self.clock.monotonic());
            let wait = self.wait_after(failures);
            let seconds = wait.as_secs_f64();
            match ended {
                Ok(()) => {
                    tracing::error!(task, failures, seconds, "a background task ended; it is restarted")
                }
                Err(error) => {
                    tracing::error!(task, failures, seconds, %error, "a background task panicked; it is restarted");
                }
            }
            if !look_again(&mut stop, None, wait).await {
                return Ok(());
            }
            self.status.restarted(task);
        }
    }

    /// How long it waits after so many failures in a row.
    fn wait_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(MOST_DOUBLINGS);
        let wait = self.first_wait.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let mut byte = [0; 1];
        self.entropy.fill(&mut byte);
        let (least, most) = JITTER;
        let percent = least + i64::from(byte[0]) * (most - least) / 255;
        Duration::from_micros((wait * percent / 100).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::super::asked_to_stop;
    use super::super::status::STEADY;
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    const TASK: &str = "task";

    struct World {
        supervisor: Supervisor,
        status: BackgroundStatus,
        clock: Clock,
        runs: Arc<AtomicU32>,
    }

    impl World {
        fn new() -> Self {
            let (status, clock) = (BackgroundStatus::default(), Clock::manual(0));
            let supervisor = Supervisor::new(status.clone(), clock.clone(), Entropy::seeded(7));
            Self { supervisor: supervisor.with_first_wait(1_000), status, clock, runs: Arc::default() }
        }

        /// A task whose runs, counted from 1, do what `does` says.
        fn task<Run>(&self, does: impl Fn(u32, watch::Receiver<bool>) -> Run + Send + Sync + 'static) -> Task
        where
            Run: Future<Output = ()> + Send + 'static,
        {
            let runs = Arc::clone(&self.runs);
            Task::new(TASK, move |stop| does(runs.fetch_add(1, Ordering::SeqCst) + 1, stop))
        }

        /// Waits for the `run`th run to begin.
        async fn reaches(&self, run: u32) {
            let begun = async {
                while self.runs.load(Ordering::SeqCst) < run {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), begun).await.expect("the run begins soon");
        }

        fn failures(&self) -> Option<u32> {
            self.status.failing(&self.clock).map(|failing| failing.failures)
        }
    }

    async fn until_stopped(mut stop: watch::Receiver<bool>) {
        asked_to_stop(&mut stop).await;
    }

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_counted() {
        let world = World::new();
        let task = world.task(|run, stop| async move {
            assert!(run > 1, "the first run panics");
            until_stopped(stop).await;
        });
        let running = world.supervisor.start(vec![task]);
        world.reaches(2).await;
        assert_eq!((world.status.restarts(TASK), world.failures()), (1, None));
        running.stop().await.unwrap();
        assert_eq!(world.runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_task_that_ends_unasked_is_started_again() {
        let world = World::new();
        let task = world.task(|run, stop| async move {
            if run > 1 {
                until_stopped(stop).await;
            }
        });
        let running = world.supervisor.start(vec![task]);
        world.reaches(2).await;
        assert_eq!((world.status.restarts(TASK), world.failures()), (1, None));
        running.stop().await.unwrap();
    }

    #[tokio::test]
    async fn repeated_failure_is_told_until_a_steady_run() {
        let world = World::new();
        let task = world.task(|run, stop| async move {
            if run > 4 {
                until_stopped(stop).await;
            }
        });
        let running = world.supervisor.start(vec![task]);
        world.reaches(5).await;
        assert_eq!(world.failures(), Some(4), "it runs, and not for long");
        let sentence = world.status.failing(&world.clock).unwrap().to_string();
        assert_eq!(sentence, "The background task task has failed 4 times in a row; the log says why.");
        world.clock.step(2 * STEADY);
        assert_eq!(world.failures(), Some(4), "setting the clock is not time that passes");
        world.clock.advance(STEADY);
        assert_eq!((world.failures(), world.status.restarts(TASK)), (None, 4));
        running.stop().await.unwrap();
    }

    #[tokio::test]
    async fn failures_count_anew_after_a_steady_run() {
        let world = World::new();
        let clock = world.clock.clone();
        let task = world.task(move |run, stop| {
            let clock = clock.clone();
            async move {
                match run {
                    1..=6 => clock.advance(STEADY),
                    _ => until_stopped(stop).await,
                }
            }
        });
        let running = world.supervisor.start(vec![task]);
        world.reaches(7).await;
        assert_eq!((world.status.restarts(TASK), world.failures()), (6, None));
        running.stop().await.unwrap();
    }

    #[test]
    fn waits_double_up_to_a_minute_give_or_take_a_fifth() {
        let watch = TaskWatch {
            task: Task::new(TASK, |_| async {}),
            status: BackgroundStatus::default(),
            clock: Clock::manual(0),
            entropy: Entropy::seeded(7),
            first_wait: FIRST_WAIT,
        };
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (u32::MAX, 60)] {
            for _ in 0..50 {
                let wait = watch.wait_after(failures).as_millis();
                assert!((seconds * 800..=seconds * 1_200).contains(&wait), "{failures}: {wait} ms");
            }
        }
    }

    #[tokio::test]
    async fn stopping_waits_for_what_was_begun_and_for_no_restart() {
        let world = World::new();
        let has_finished = Arc::new(AtomicBool::new(false));
        let finished = Arc::clone(&has_finished);
        let graceful = Task::new("graceful", move |stop| {
            let finished = Arc::clone(&finished);
            async move {
                until_stopped(stop).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                finished.store(true, Ordering::SeqCst);
            }
        });
        let failing = world.task(|_, _| async {});
        let patient = Supervisor::new(BackgroundStatus::default(), world.clock.clone(), Entropy::seeded(7));
        let running = patient.with_first_wait(3_600_000_000).start(vec![graceful, failing]);
        world.reaches(1).await;
        let stopped = tokio::time::timeout(Duration::from_secs(10), running.stop()).await;
        stopped.expect("no wait for the restart").unwrap();
        assert!(has_finished.load(Ordering::SeqCst));
        assert_eq!(world.runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_panic_while_stopping_is_an_error() {
        let world = World::new();
        let task = world.task(|_, stop| async move {
            until_stopped(stop).await;
            panic!("on its way out");
        });
        let running = world.supervisor.start(vec![task]);
        world.reaches(1).await;
        assert!(running.stop().await.is_err());
        assert_eq!((world.runs.load(Ordering::SeqCst), world.status.restarts(TASK)), (1, 0));
    }
}
