//! How the background tasks of a process fare: counted for the metrics, and asked by `/readyz`. Not here: starting them
//! (supervisor.rs).

use crate::clock::Clock;
use ledger::Micros;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A task that has run this long since its last start works again.
pub(super) const STEADY: Micros = 60_000_000;
/// Restarts without a steady run in between, after which the process is not ready.
const MOST_RESTARTS: u32 = 3;

/// The state of all tasks of a process; cheap to clone.
#[derive(Clone, Default)]
pub struct BackgroundStatus(Arc<StatusParts>);

#[derive(Default)]
struct StatusParts {
    restarts: Family<TaskLabels, Counter>,
    tasks: Mutex<BTreeMap<&'static str, Course>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
}

/// How one task has fared.
#[derive(Default)]
struct Course {
    /// Ends that were not asked for, one after the other without a steady run in between.
    failures: u32,
    /// When it was started last, by the monotonic clock; `None` between two runs.
    started: Option<Micros>,
}

impl Course {
    fn is_steady(&self, now: Micros) -> bool {
        self.started.is_some_and(|started| now - started >= STEADY)
    }
}

/// A task that keeps failing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The task's name.
    pub task: &'static str,
    /// Ends without a steady run in between.
    pub failures: u32,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, failures } = self;
        write!(f, "The background task {task} has failed {failures} times in a row; the log says why.")
    }
}

impl BackgroundStatus {
    /// Adds the counter of restarts to the metrics.
    pub fn register(&self, registry: &mut Registry) {
        let help = "How often a background task that panicked or ended was started again";
        registry.register("background_restarts", help, self.0.restarts.clone());
    }

    /// The first task that keeps failing, if any.
    #[must_use]
    pub fn failing(&self, clock: &Clock) -> Option<Failing> {
        let now = clock.monotonic();
        let tasks = self.0.tasks.lock();
        let failing = |course: &Course| course.failures >= MOST_RESTARTS && !course.is_steady(now);
        let found = tasks.iter().find(|(_, course)| failing(course));
        found.map(|(task, course)| Failing { task, failures: course.failures })
    }

    /// How often a task was started again.
    #[must_use]
    pub fn restarts(&self, task: &'static str) -> u64 {
        self.0.restarts.get_or_create(&TaskLabels { task }).get()
    }

    pub(super) fn started(&self, task: &'static str, now: Micros) {
        self.0.tasks.lock().entry(task).or_default().started = Some(now);
    }

    /// Takes note of an end that was not asked for. How many there were without a steady run in between.
    pub(super) fn failed(&self, task: &'static str, now: Micros) -> u32 {
        let mut tasks = self.0.tasks.lock();
        let course = tasks.entry(task).or_default();
        let before = if course.is_steady(now) { 0 } else { course.failures };
        *course = Course { failures: before.saturating_add(1), started: None };
        course.failures
    }

    pub(super) fn restarted(&self, task: &'static str) {
        self.0.restarts.get_or_create(&TaskLabels { task }).inc();
    }

    /// Shows the counter of a task from the beginning, so that its first restart is an increase.
    pub(super) fn add(&self, task: &'static str) {
        drop(self.0.restarts.get_or_create(&TaskLabels { task }));
        self.0.tasks.lock().entry(task).or_default();
    }
}
