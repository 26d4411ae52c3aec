//! The worker: makes deliveries from new entries, takes those that are due, sends them, writes down what was answered. One
//! task decides and writes; the sending runs beside it. Not here: how a delivery looks on the wire (client.rs, sign.rs), how
//! many at once (limits.rs).
//!
//! A delivery is leased before it is sent and recorded after; a worker that dies in between leaves a lease that runs out,
//! and another one sends it again. Two processes on one database are safe.

use super::client::{LONGEST_EXCHANGE, Sent};
use super::endpoint::Endpoint;
use super::limits::Limits;
use super::{Webhooks, fan_out, schedule, sign};
use crate::presence;
use crate::store::{Attempted, Delivery, DeliveryState, Failure, Longest, WebhookAttempt, WriteError};
use ledger::{BookId, Micros};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WebhookOptions {
    /// Deliveries under way at once, in all.
    pub in_all: usize,
    /// The same to one receiver.
    pub per_endpoint: usize,
    /// How long until it looks again by itself.
    pub poll: Duration,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self { in_all: 512, per_endpoint: 64, poll: Duration::from_millis(250) }
    }
}

/// An exchange, and as much again for a slow database.
const LEASE: Micros = 60 * 1_000_000;
/// What is under way when the process is asked to end may take this long; the rest is sent again by another.
const FAREWELL: Duration = Duration::from_secs(10);
/// Looks between two counts of what waits.
const LOOKS_PER_COUNT: u32 = 40;

/// From now on no delivery waits longer for its next try, and no lease lasts longer.
pub const LONGEST_STEPS: Longest = Longest { wait: schedule::LONGEST, lease: LEASE };

const _: () = assert!(LEASE as u128 >= 2 * LONGEST_EXCHANGE.as_micros());

/// A worker that runs; see [`start`].
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Asks it to end and waits until what is under way is recorded, at most ten seconds.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the webhook worker ended badly");
        }
    }
}

/// Starts a worker of this process.
#[must_use]
pub fn start(worker: Worker) -> Running {
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(worker.run(stopped));
    Running { stop, task }
}

/// A worker. Tests drive one by hand with [`Worker::settle`].
pub struct Worker {
    webhooks: Webhooks,
    options: WebhookOptions,
    number: i64,
    limits: Limits,
    turn: usize,
    sending: JoinSet<Finished>,
    books: HashMap<Id, BookId>,
}

/// An attempt that ended.
pub(super) struct Finished {
    pub(super) attempted: Attempted,
    pub(super) sent: Sent,
}

impl Worker {
    /// One that has not looked yet.
    #[must_use]
    pub fn new(webhooks: Webhooks, options: WebhookOptions) -> Self {
        let number = presence::number(&webhooks.entropy);
        let limits = Limits::new(options.in_all, options.per_endpoint);
        Self { webhooks, options, number, limits, turn: 0, sending: JoinSet::new(), books: HashMap::new() }
    }

    /// What its leases name.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Works until nothing is due any more; says how many attempts it made.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn settle(&mut self) -> Result<usize, Failure> {
        let mut attempts = 0;
        loop {
            fan_out::all(&self.webhooks).await?;
            self.take().await?;
            let Some(first) = self.sending.join_next_with_id().await else { return Ok(attempts) };
            attempts += self.finish(first).await;
        }
    }

    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(self.options.poll);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let nudge = Arc::clone(&self.webhooks.nudge);
        let mut count = 0u32;
        loop {
            let is_look = tokio::select! {
                () = asked_to_stop(&mut stop) => break,
                () = nudge.notified() => true,
                _ = looks.tick() => true,
                Some(first) = self.sending.join_next_with_id() => {
                    self.finish(first).await;
                    false
                }
            };
            if let Err(failure) = self.work(is_look, count).await {
                tracing::warn!(error = format!("{failure:#}"), "webhooks wait for the database");
                tokio::time::sleep(self.options.poll).await;
            }
            count = count.wrapping_add(u32::from(is_look));
        }
        let farewell = async {
            while let Some(first) = self.sending.join_next_with_id().await {
                self.finish(first).await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::info!("some webhooks were not answered in time; they will be sent again");
        }
    }

    async fn work(&mut self, is_look: bool, count: u32) -> Result<(), Failure> {
        if is_look {
            fan_out::all(&self.webhooks).await?;
            if count.is_multiple_of(LOOKS_PER_COUNT) {
                self.webhooks.measures.waiting(self.webhooks.store.deliveries_waiting().await?);
            }
        }
        self.take().await
    }

    /// Takes what is due, as far as the limits allow, and begins to send it.
    async fn take(&mut self) -> Result<(), Failure> {
        let now = self.webhooks.store.now().await?;
        let mut due = self.webhooks.store.webhook_endpoints_due(now).await?;
        // Another one is first each time, so that where the limit of all is reached nobody is always last.
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn % due.len().max(1);
        due.rotate_left(first);
        for book in due {
            if self.limits.is_worth_taking(book) {
                self.take_of(book, now).await?;
            }
        }
        Ok(())
    }

    async fn take_of(&mut self, book: BookId, now: Micros) -> Result<(), Failure> {
        let store = &self.webhooks.store;
        let limit = i64::try_from(self.limits.free(book)).unwrap_or(i64::MAX);
        let due = store.due_deliveries(book, now, limit).await?;
        if due.is_empty() {
            return Ok(());
        }
        let endpoint = self.webhooks.endpoint(book).await?.filter(Endpoint::is_enabled);
        let Some(endpoint) = endpoint.map(Arc::new) else { return Ok(()) };
        let wanted: Vec<(i64, i64)> = due.iter().map(|due| (due.number, due.lease)).collect();
        let got = store.lease_deliveries(book, &wanted, self.number, now, now + LEASE).await?;
        for (mut delivery, _) in due.into_iter().zip(got).filter(|(_, got)| *got) {
            delivery.lease += 1;
            let (webhooks, endpoint, number) = (self.webhooks.clone(), Arc::clone(&endpoint), self.number);
            let begun = self
                .sending
                .spawn(async move { deliver(&webhooks, &endpoint, delivery, (number, now)).await });
            self.books.insert(begun.id(), book);
            self.limits.begun(book);
        }
        Ok(())
    }

    /// Writes down what has ended, all that there is at once; says how many.
    async fn finish(&mut self, first: Result<(Id, Finished), JoinError>) -> usize {
        let mut ended = vec![first];
        while let Some(more) = self.sending.try_join_next_with_id() {
            ended.push(more);
        }
        let mut finished = Vec::with_capacity(ended.len());
        for end in ended {
            let (id, sent) = match end {
                Ok((id, sent)) => (id, Some(sent)),
                Err(error) => {
                    tracing::error!(%error, "sending a webhook ended badly; it will be sent again");
                    (error.id(), None)
                }
            };
            if let Some(book) = self.books.remove(&id) {
                self.limits.ended(book, sent.as_ref().is_none_or(|sent| sent.sent.status.is_none()));
            }
            finished.extend(sent);
        }
        self.record(&finished).await;
        finished.len()
    }

    async fn record(&self, finished: &[Finished]) {
        let all: Vec<Attempted> = finished.iter().map(|one| one.attempted.clone()).collect();
        let store = &self.webhooks.store;
        if store.record_webhook_attempts(&all).await.is_ok() {
            finished.iter().for_each(|one| self.webhooks.measures.attempt(&one.sent, one.attempted.state));
            return;
        }
        // One of them is another worker's by now, or the database broke: each by itself.
        for one in finished {
            match store.record_webhook_attempts(std::slice::from_ref(&one.attempted)).await {
                Ok(()) => self.webhooks.measures.attempt(&one.sent, one.attempted.state),
                Err(WriteError::Conflict) => tracing::warn!("a webhook was sent by two workers"),
                Err(WriteError::Failure(failure)) => {
                    let error = format!("{failure:#}");
                    tracing::warn!(
                        error,
                        "a webhook's answer could not be written down; it will be sent again"
                    );
                }
            }
        }
    }
}

/// Comes when the process is asked to end, or nobody is left who could ask.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    let _asked_or_gone = stop.wait_for(|stop| *stop).await.is_ok();
}

/// One try of a delivery that `worker` has since `taken`, by the time that due times go by: the next try is counted from
/// there, however wrong this machine's clock is.
pub(super) async fn deliver(
    webhooks: &Webhooks,
    endpoint: &Endpoint,
    delivery: Delivery,
    (worker, taken): (i64, Micros),
) -> Finished {
    let (book, now) = (endpoint.row.book, webhooks.clock.now());
    let id = webhooks.delivery_id(book, delivery.number);
    let headers = sign::headers(endpoint.keys(), endpoint.previous(now), &id, now, &delivery.body);
    let sent = webhooks.client.post(endpoint.url(), &headers, delivery.body).await;
    let at = webhooks.clock.now();
    let tries = delivery.tries + 1;
    // A test send tells its asker what happened; nobody waits for a second try.
    let again = schedule::next(tries, taken + sent.micros).filter(|_| delivery.sequence.is_some());
    let (state, due_at) = match again {
        _ if sent.is_delivered() => (DeliveryState::Delivered, None),
        Some(due_at) => (DeliveryState::Pending, Some(due_at)),
        None => (DeliveryState::Failed, None),
    };
    let attempt = WebhookAttempt {
        number: delivery.attempts + 1,
        at,
        url: endpoint.url().to_owned(),
        status: sent.status.map(i64::from),
        error: sent.error.to_owned(),
        body: sent.body.clone(),
        micros: sent.micros,
    };
    let attempted = Attempted {
        book,
        delivery: delivery.number,
        withdrawal: delivery.withdrawal,
        worker,
        lease: delivery.lease,
        attempt,
        state,
        tries,
        due_at,
    };
    Finished { attempted, sent }
}
