//! All rails of an installation, each with its health and its limits. Test books have the sandbox alone, live books
//! everything else, so that play money never reaches a real rail.

use super::crypto::{CryptoConfig, CryptoRail, Locked};
use super::gift_card::GiftCards;
use super::manual::Manual;
use super::sandbox::Sandbox;
use super::{Closed, Facts, Rail};
use crate::auth::Secrets;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{InstallationRail, Store};
use ledger::{Micros, Mode};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Payments that one process has under way at one rail.
const CONCURRENCY: usize = 16;
/// After so many payments in a row whose first request the rail did not answer it is left alone for a while.
const FAILURES_TO_OPEN: u32 = 5;
/// How long it is left alone.
const OPEN: Micros = 30_000_000;

/// See the top of this file.
pub struct Rails {
    mounted: Vec<(Mode, Arc<Mounted>)>,
    gift_cards: Arc<GiftCards>,
    /// Told when there may be new work.
    pub nudge: watch::Sender<()>,
    /// When this many or fewer gift cards of a kind are left, an event says so.
    pub low_stock: i64,
    /// Rails that this process cannot use, with the reason. A server does not start with any.
    pub locked: Vec<String>,
}

/// A rail with its circuit breaker and its limit.
pub struct Mounted {
    /// The rail.
    pub rail: Arc<dyn Rail>,
    /// One permit per payment under way; shared by the rails of a line.
    pub permits: Arc<Semaphore>,
    /// How often it was begun to leave the rail alone.
    pub openings: Counter,
    /// Whose books it is for.
    pub mode: Mode,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    /// By the monotonic clock: one that is set must not shorten or prolong it.
    open_until: Micros,
}

impl Rails {
    /// The rails that the configuration names, and those that are always there.
    #[must_use]
    pub fn new(config: &Config, store: &Store, secrets: &Arc<Secrets>, clock: &Clock) -> Self {
        let gift_cards = Arc::new(GiftCards::new(store.clone(), Arc::clone(secrets), clock.clone()));
        let mut rails = Self {
            mounted: Vec::new(),
            gift_cards: Arc::clone(&gift_cards),
            nudge: watch::Sender::new(()),
            low_stock: config.rails.gift_card.low_stock,
            locked: Vec::new(),
        };
        rails.mount(Mode::Test, Arc::new(Sandbox::new(clock.clone())));
        rails.mount(Mode::Live, gift_cards);
        for (name, manual) in &config.rails.manual {
            rails.mount(Mode::Live, Arc::new(Manual::new(name.clone(), manual.clone())));
        }
        for (name, crypto) in &config.rails.crypto {
            rails.mount_crypto(name, crypto, clock);
        }
        rails
    }

    /// Mounts a rail to a chain, or what stands in its place.
    fn mount_crypto(&mut self, name: &str, config: &CryptoConfig, clock: &Clock) {
        let reason = match CryptoRail::open(name, config, clock.clone()) {
            Ok(rail) => return self.mount(Mode::Live, Arc::new(rail)),
            Err(failure) => format!("{failure:#}"),
        };
        self.locked.push(format!("the rail {name} cannot be used: {reason}"));
        self.mount(Mode::Live, Arc::new(Locked::new(name, config, reason)));
    }

    /// Adds a rail to the books of a mode. Tests mount rails of their own.
    pub fn mount(&mut self, mode: Mode, rail: Arc<dyn Rail>) {
        let name = &rail.facts().name;
        self.mounted.retain(|(of, mounted)| *of != mode || mounted.facts().name != *name);
        // Whoever stands in one line goes one after the other, whatever rail it is.
        let permits = match &rail.facts().line {
            None => Arc::new(Semaphore::new(CONCURRENCY)),
            Some(line) => self
                .in_line(line)
                .next()
                .map_or_else(|| Arc::new(Semaphore::new(1)), |(_, neighbour)| Arc::clone(&neighbour.permits)),
        };
        let (openings, health) = (Counter::default(), Mutex::default());
        self.mounted.push((mode, Arc::new(Mounted { rail, permits, openings, mode, health })));
    }

    fn in_line(&self, line: &str) -> impl Iterator<Item = &(Mode, Arc<Mounted>)> {
        self.mounted.iter().filter(move |(_, mounted)| mounted.facts().line.as_deref() == Some(line))
    }

    /// The names of the rails that share a line.
    pub fn names_in_line(&self, line: &str) -> Vec<&str> {
        self.in_line(line).map(|(_, mounted)| mounted.facts().name.as_str()).collect()
    }

    /// The rails whose payments stand in a line: name and line.
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

    /// Is there a rail of this name, in any mode?
    #[must_use]
    pub fn is_mounted(&self, method: &str) -> bool {
        self.mounted.iter().any(|(_, mounted)| mounted.facts().name == method)
    }

    /// How often each rail was left alone, by name; for the metrics.
    pub fn openings(&self) -> impl Iterator<Item = (&str, &Counter)> {
        let live = self.of(Mode::Live);
        live.map(|mounted| (mounted.facts().name.as_str(), &mounted.openings))
    }

    /// All rails of a mode.
    pub fn of(&self, mode: Mode) -> impl Iterator<Item = &Arc<Mounted>> {
        self.mounted.iter().filter(move |(of, _)| *of == mode).map(|(_, mounted)| mounted)
    }

    /// As the database keeps them for processes with another configuration.
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

    /// The gift cards, whose codes only they can show.
    #[must_use]
    pub fn gift_cards(&self) -> &GiftCards {
        &self.gift_cards
    }
}

impl Mounted {
    /// What the rail is.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        self.rail.facts()
    }

    /// Until when the rail is left alone, if it is; by the monotonic clock, as every time here.
    #[must_use]
    pub fn left_alone_until(&self, now: Micros) -> Option<Micros> {
        let until = self.health.lock().open_until;
        (now < until).then_some(until)
    }

    /// The same as a reason why the method is closed.
    ///
    /// # Errors
    /// When the rail is left alone.
    pub fn check_health(&self, now: Micros) -> Result<(), Closed> {
        if self.left_alone_until(now).is_some() { Err(Closed::Unhealthy) } else { Ok(()) }
    }

    /// Takes note of a call that the rail answered.
    pub fn worked(&self) {
        *self.health.lock() = Health::default();
    }

    /// Takes note of a payment whose first request met no connection, no answer in time or a 5xx. Nothing else counts: one
    /// payment that stays unknown is asked for again and again, and says nothing of the others; one that cannot be paid for
    /// was never sent. In test mode a rail is never left alone, since what it does there is what the tests of one business
    /// ask for. `true`: with this one the rail is left alone.
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
