//! All rails of an installation, each with its circuit breaker and its concurrency limit. Not here: which kinds there are
//! (mod.rs) and how each is configured (config.rs, the rails' files).
//!
//! Invariant: what a kind mounts for test books has no client, key or stock (simulated.rs), so test money never reaches a
//! counterpart.

use super::{Closed, Facts, FundsAlarm, KINDS, Limits, Rail, RailMeasures, RailsConfig, Revealed};
use crate::auth::Secrets;
use crate::background::Nudge;
use crate::clock::Clock;
use crate::store::{Failure, InstallationRail, Store};
use ledger::{BookId, Cents, Micros, Mode, Withdrawal};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

/// Concurrent payments of one process at one rail.
const CONCURRENCY: usize = 16;
/// Consecutive payments without an answer to their first request, after which the breaker opens.
const FAILURES_TO_OPEN: u32 = 5;
/// How long the breaker stays open: no withdrawal is sent to the rail.
const OPEN: Micros = 30_000_000;

/// What a kind needs to mount its rails.
pub struct MountParts<'a> {
    /// `[rails…]`
    pub config: &'a RailsConfig,
    /// The database.
    pub store: &'a Store,
    /// Keys derived from the master key.
    pub secrets: &'a Arc<Secrets>,
    /// Time.
    pub clock: &'a Clock,
}

/// The rails of an installation.
pub struct Rails {
    mounted: Vec<(Mode, Arc<Mounted>)>,
    /// Signals that there may be new work.
    pub nudge: Nudge,
    /// Rails that this process cannot use, with the reason. A server refuses to start with any.
    pub locked: Vec<String>,
    /// The operator hears of the stock of a kind of gift card when this many or fewer are left.
    pub low_stock: i64,
    measures: RailMeasures,
    limits: BTreeMap<String, Limits>,
}

/// A rail with its circuit breaker and its concurrency limit.
pub struct Mounted {
    /// The rail itself.
    pub rail: Arc<dyn Rail>,
    /// One permit per payment in progress; shared by the rails of a line.
    pub permits: Arc<Semaphore>,
    /// How often the breaker opened.
    pub openings: Counter,
    /// The mode of the books that it pays for.
    pub mode: Mode,
    /// What the operator allows it; nothing is limited in test mode.
    pub limits: Limits,
    /// A payment waits for room below its ceiling.
    is_full: AtomicBool,
    funds: Mutex<KnownFunds>,
    health: Mutex<Health>,
}

/// What the rail said last that it holds, and what is wrong with it.
#[derive(Default)]
struct KnownFunds {
    available: Option<Cents>,
    alarm: Option<FundsAlarm>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    /// By the monotonic clock, so that setting the wall clock does not change the wait.
    open_until: Micros,
}

impl Rails {
    /// The rails that the configuration names, and those that are always there.
    #[must_use]
    pub fn new(config: &RailsConfig, store: &Store, secrets: &Arc<Secrets>, clock: &Clock) -> Self {
        let (nudge, measures) = (Nudge::default(), RailMeasures::default());
        let limits = config.limits.clone();
        let low_stock = config.gift_card.low_stock;
        let mut rails = Self { mounted: Vec::new(), nudge, locked: Vec::new(), low_stock, measures, limits };
        let parts = MountParts { config, store, secrets, clock };
        for kind in KINDS {
            (kind.mount)(&mut rails, &parts);
        }
        // A misspelt name would leave the rail without its ceiling.
        for name in config.limits.keys() {
            if !rails.is_mounted(name) {
                rails.locked.push(format!("[rails.limits.{name}] names no method of this installation"));
            }
        }
        rails
    }

    /// Adds a rail to the books of a mode. Tests mount rails of their own.
    pub fn mount(&mut self, mode: Mode, rail: Arc<dyn Rail>) {
        let name = &rail.facts().name;
        self.mounted.retain(|(of, mounted)| *of != mode || mounted.facts().name != *name);
        // Rails on one nonce line share one permit, so their payments serialise.
        let permits = match &rail.facts().line {
            None => Arc::new(Semaphore::new(CONCURRENCY)),
            Some(line) => self
                .in_line(line)
                .next()
                .map_or_else(|| Arc::new(Semaphore::new(1)), |(_, neighbour)| Arc::clone(&neighbour.permits)),
        };
        let limits = self.limits.get(name).cloned().unwrap_or_default();
        // Test money has no ceiling and no funds.
        let of_test = Limits { expected_minutes: limits.expected_minutes, ..Limits::default() };
        let mounted = Mounted {
            permits,
            openings: Counter::default(),
            mode,
            limits: if mode == Mode::Live { limits } else { of_test },
            is_full: AtomicBool::new(false),
            funds: Mutex::default(),
            health: Mutex::default(),
            rail,
        };
        self.mounted.push((mode, Arc::new(mounted)));
    }

    fn in_line(&self, line: &str) -> impl Iterator<Item = &(Mode, Arc<Mounted>)> {
        self.mounted.iter().filter(move |(_, mounted)| mounted.facts().line.as_deref() == Some(line))
    }

    /// The names of the rails that share a line.
    pub fn names_in_line(&self, line: &str) -> Vec<&str> {
        self.in_line(line).map(|(_, mounted)| mounted.facts().name.as_str()).collect()
    }

    /// The rails that have a line: name and line.
    #[must_use]
    pub fn lines(&self) -> Vec<(String, String)> {
        let of = |mounted: &Mounted| {
            let facts = mounted.facts();
            Some((facts.name.clone(), facts.line.clone()?))
        };
        self.mounted.iter().filter_map(|(_, mounted)| of(mounted)).collect()
    }

    /// The rail with this method's name.
    #[must_use]
    pub fn get(&self, mode: Mode, method: &str) -> Option<&Arc<Mounted>> {
        self.of(mode).find(|mounted| mounted.facts().name == method)
    }

    /// All rails of all modes.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Mounted>> {
        self.mounted.iter().map(|(_, mounted)| mounted)
    }

    /// Whether there is a rail of this name, in any mode.
    #[must_use]
    pub fn is_mounted(&self, method: &str) -> bool {
        self.mounted.iter().any(|(_, mounted)| mounted.facts().name == method)
    }

    /// How long the rails take to answer.
    #[must_use]
    pub fn measures(&self) -> &RailMeasures {
        &self.measures
    }

    /// All rails of a mode.
    pub fn of(&self, mode: Mode) -> impl Iterator<Item = &Arc<Mounted>> {
        self.mounted.iter().filter(move |(of, _)| *of == mode).map(|(_, mounted)| mounted)
    }

    /// The rows that the database keeps, so that a process with another configuration knows of these rails.
    #[must_use]
    pub fn recorded(&self) -> Vec<InstallationRail> {
        let rail = |(mode, mounted): &(Mode, Arc<Mounted>)| InstallationRail {
            test_mode: *mode == Mode::Test,
            name: mounted.facts().name.clone(),
            provider: mounted.facts().provider.word().to_owned(),
            line: mounted.facts().line.clone().unwrap_or_default(),
        };
        self.mounted.iter().map(rail).collect()
    }

    /// The code that a succeeded payment left for the person, from the rail of its book's mode that gave it.
    ///
    /// # Errors
    /// When the database fails, or the code was sealed with another key.
    pub async fn reveal(&self, book: BookId, withdrawal: &Withdrawal) -> Result<Option<Revealed>, Failure> {
        // A rail that was renamed in the configuration still has what it gave.
        let is_of = |mounted: &&Arc<Mounted>| mounted.facts().provider == withdrawal.provider;
        for mounted in self.of(book.mode()).filter(is_of) {
            if let Some(revealed) = mounted.rail.reveal(book, withdrawal).await? {
                return Ok(Some(revealed));
            }
        }
        Ok(None)
    }
}

impl Mounted {
    /// What the rail says of itself.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        self.rail.facts()
    }

    /// Until when the breaker is open, if it is; by the monotonic clock, as all times here.
    #[must_use]
    pub fn left_alone_until(&self, now: Micros) -> Option<Micros> {
        let until = self.health.lock().open_until;
        (now < until).then_some(until)
    }

    /// The same as a reason why the method is closed.
    ///
    /// # Errors
    /// While the breaker is open.
    pub fn check_health(&self, now: Micros) -> Result<(), Closed> {
        if self.left_alone_until(now).is_some() { Err(Closed::Unhealthy) } else { Ok(()) }
    }

    /// How long a payment is expected to take at most: as the operator has set it, else as usual.
    #[must_use]
    pub fn expected_within(&self) -> Micros {
        self.limits.expected_within().unwrap_or(self.facts().kind().expected_within)
    }

    /// Does a payment of this process wait for room below the ceiling?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// What it held when it was last asked, and the alarm about it; asked only where it has marks.
    #[must_use]
    pub fn funds(&self) -> (Option<Cents>, Option<FundsAlarm>) {
        let funds = self.funds.lock();
        (funds.available, funds.alarm)
    }

    /// Keeps what it holds now; gives the alarm before.
    pub fn note_funds(&self, available: Cents, alarm: Option<FundsAlarm>) -> Option<FundsAlarm> {
        let mut funds = self.funds.lock();
        funds.available = Some(available);
        std::mem::replace(&mut funds.alarm, alarm)
    }

    /// Notes whether there was room for a payment, and logs where that is news.
    pub fn note_room(&self, has_room: bool) {
        if self.is_full.swap(!has_room, Ordering::Relaxed) != has_room {
            return;
        }
        let (rail, ceiling) = (&self.facts().name, self.limits.ceiling());
        let [per_hour, per_day] = [ceiling.per_hour, ceiling.per_day].map(|most| most.map(|most| most.0));
        if has_room {
            tracing::info!(rail, per_hour, per_day, "a rail has room below its ceiling again");
        } else {
            tracing::warn!(
                rail,
                per_hour,
                per_day,
                "a rail has reached its ceiling: payments wait in the queue"
            );
        }
    }

    /// Closes the breaker: the rail answered a call.
    pub fn worked(&self) {
        *self.health.lock() = Health::default();
    }

    /// Counts a payment whose first request met no connection, no answer in time or a 5xx. Nothing else counts: one payment
    /// that stays unknown is queried repeatedly and says nothing about the others, and one without funds was never sent. In
    /// test mode the breaker never opens, since failures there are what a business's tests ask for. `true`: the breaker opened
    /// just now.
    pub fn failed(&self, now: Micros) -> bool {
        if self.mode == Mode::Test {
            return false;
        }
        let mut health = self.health.lock();
        health.failures = health.failures.saturating_add(1);
        let opens = health.failures >= FAILURES_TO_OPEN && health.open_until <= now;
        if opens {
            health.open_until = now + OPEN;
            self.openings.inc();
            let (rail, failures) = (&self.facts().name, health.failures);
            tracing::warn!(rail, failures, "a rail does not answer and is left alone for half a minute");
        }
        opens
    }
}
