//! The worker: leases withdrawals that are due and advances each as far as its rail allows. It learns of work from rows
//! only, keeps no state between rounds, and may be killed at any line: the next worker continues from the rows. Not here: what
//! happens to one withdrawal (turn.rs).
//!
//! Invariant: the order of writes makes a payment single. The step to `sending` is durable, then the attempt with its exact
//! request is durable, then the request leaves, then the answer is recorded, then the step it proves. No database transaction
//! is open while a rail is called.

mod gate;
mod limits;
mod moment;
mod prepare;
mod report;
mod turn;
mod undone;

pub use moment::{Killer, Moment};
pub use turn::{LONGEST_STEPS, LONGEST_WATCH};

use crate::background::{look_again, presence};
use crate::platform::Platform;
use crate::rails::{Mounted, Payment, for_log};
use crate::store::{Failure, Leased};
use crate::traces;
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt, stream};
use gate::{Gate, gate};
use ledger::Micros;
use limits::{LEASE, SOONEST};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{Instrument, Span};
use turn::Turn;

/// Withdrawals leased per round.
const BATCH: i64 = 64;
/// Withdrawals of one rail that one process drives concurrently.
const DRIVEN_AT_ONCE: usize = 32;
/// How long a withdrawal waits for a permit of its rail before its lease is released.
const PATIENCE: Duration = Duration::from_secs(5);
/// Poll interval where no nudge comes.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);

/// Drives the withdrawals of all rails of one process.
pub struct PaymentWorker {
    platform: Platform,
    id: i64,
    killer: Option<Killer>,
    at_once: usize,
}

impl PaymentWorker {
    /// A worker over this platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        let id = presence::number(&platform.entropy);
        Self { platform, id, killer: None, at_once: DRIVEN_AT_ONCE }
    }

    /// The same under this number, which stays where the worker is started again.
    #[must_use]
    pub fn numbered(self, id: i64) -> Self {
        Self { id, ..self }
    }

    /// The same, driving one withdrawal after the other, so that a simulation is deterministic.
    #[must_use]
    pub fn one_at_a_time(self) -> Self {
        Self { at_once: 1, ..self }
    }

    /// The same, with a hook that may kill it.
    #[must_use]
    pub fn with_killer(self, killer: Killer) -> Self {
        Self { killer: Some(killer), ..self }
    }

    /// The worker number in its leases.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.id
    }

    /// Works until `stop` says true or is dropped, then finishes what it has begun. Each rail has a loop of its own, so that a
    /// slow one does not delay the others.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let rails = self.platform.rails.all().map(|mounted| self.run_rail(mounted, stop.clone()));
        join_all(rails).await;
    }

    async fn run_rail(&self, mounted: &Mounted, mut stop: watch::Receiver<bool>) {
        let mut nudge = self.platform.rails.nudge.listen();
        loop {
            let driven = self.round_of(mounted).await.unwrap_or_else(|failure| {
                tracing::error!(error = format!("{failure:#}"), "withdrawals could not be looked at");
                0
            });
            if *stop.borrow() {
                return;
            }
            if driven == 0 && !look_again(&mut stop, Some(&mut nudge), BETWEEN_ROUNDS).await {
                return;
            }
        }
    }

    /// Leases what is due at every rail and drives each withdrawal once; gives their number.
    ///
    /// # Errors
    /// When leasing fails. A failure while one withdrawal is driven is logged, and its lease runs out.
    pub async fn round(&self) -> Result<usize, Failure> {
        let mut driven = 0;
        for mounted in self.platform.rails.all() {
            driven += self.round_of(mounted).await?;
        }
        Ok(driven)
    }

    /// The same at one rail. Withdrawals of rails that this process has not mounted are left to other processes.
    async fn round_of(&self, mounted: &Mounted) -> Result<usize, Failure> {
        let (store, facts) = (&self.platform.store, mounted.facts());
        let now = store.now().await?;
        let rail = (mounted.mode, facts.name.as_str());
        let leased = store.lease_withdrawals(self.id, rail, (now, now + LEASE), BATCH).await?;
        let count = leased.len();
        stream::iter(leased)
            .for_each_concurrent(self.at_once, |leased| async move {
                if let Err(failure) = self.visit(mounted, &leased, now).await {
                    let (rail, withdrawal) = (rail.1, self.public_id(&leased));
                    let error = for_log(&format!("{failure:#}"));
                    tracing::error!(error, rail, withdrawal, "a withdrawal is left until its lease runs out");
                }
            })
            .await;
        Ok(count)
    }

    fn public_id(&self, leased: &Leased) -> String {
        let ids = self.platform.secrets.ids();
        ids.seal(crate::ids::IdKind::Withdrawal, leased.book, leased.withdrawal.number)
    }

    /// The span of a turn, where the withdrawal's request was traced.
    async fn span(&self, leased: &Leased, rail: &str) -> Span {
        let of = (leased.book, leased.withdrawal.number);
        let span = traces::step_of_withdrawal("withdrawal", &self.platform.store, of).await;
        span.record("outpay.withdrawal", self.public_id(leased)).record("outpay.rail", rail);
        span
    }

    async fn visit(&self, mounted: &Mounted, leased: &Leased, now: Micros) -> Result<(), Failure> {
        let wait = match gate(&self.platform, mounted, leased).await? {
            Gate::Open => self.drive(mounted, leased, now).await?,
            Gate::Closed(wait) => wait,
        };
        let due_at = match wait {
            Some(wait) => Some(self.platform.store.now().await? + wait),
            None => None,
        };
        self.platform.store.release_withdrawal(leased.hold(), due_at).await?;
        Ok(())
    }

    /// One turn under a permit of the rail; gives the wait until the next one, if there is to be one.
    async fn drive(
        &self,
        mounted: &Mounted,
        leased: &Leased,
        now: Micros,
    ) -> Result<Option<Micros>, Failure> {
        let Leased { book, withdrawal, .. } = leased;
        Ok(match tokio::time::timeout(PATIENCE, mounted.permits.acquire()).await {
            // A panic in a rail must not end all payments: it counts as a failure of this withdrawal.
            Ok(_permit) => {
                let order_id =
                    self.platform.secrets.ids().order_id(withdrawal.provider, *book, withdrawal.number);
                let payment = Payment { book: *book, withdrawal: withdrawal.clone(), order_id, now };
                let turn = Turn {
                    platform: &self.platform,
                    killer: self.killer.as_ref(),
                    mounted,
                    payment,
                    hold: leased.hold(),
                };
                let span = self.span(leased, &mounted.facts().name).await;
                let driven = AssertUnwindSafe(turn.drive()).catch_unwind().instrument(span).await;
                driven.map_err(|_| anyhow::anyhow!("a rail panicked"))??
            }
            // No permit in time: the rails of its line are busy.
            Err(_) => Some(SOONEST),
        })
    }
}
