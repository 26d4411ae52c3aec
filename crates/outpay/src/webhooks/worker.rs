//! The webhook worker: creates deliveries from new entries, leases due ones, sends them, records the responses. One
//! task decides and writes; sending runs in tasks beside it. Not here: the wire format (client.rs, sign.rs),
//! concurrency limits (limits.rs).
//!
//! A delivery is leased before it is sent, and the response is recorded after. If a worker dies in between, the lease
//! expires and another worker sends the delivery again. Several processes can share a database.

use super::client::{LONGEST_EXCHANGE, WebhookSent};
use super::endpoint::Endpoint;
use super::limits::DeliveryLimits;
use super::{Webhooks, fan_out, schedule, sign};
use crate::background::{asked_to_stop, finish_within, presence};
use crate::store::{
    Attempted, Delivery, DeliveryState, EndpointKey, Failure, Longest, WebhookAttempt, WriteError,
};
use crate::traces;
use crate::webhook_event;
use ledger::Micros;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tracing::Instrument;

/// Settings of a worker.
#[derive(Clone, Copy, Debug)]
pub struct WebhookOptions {
    /// Concurrent deliveries in total.
    pub in_all: usize,
    /// Concurrent deliveries to one receiver.
    pub per_endpoint: usize,
    /// Poll interval.
    pub poll: Duration,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self { in_all: 512, per_endpoint: 64, poll: Duration::from_millis(250) }
    }
}

/// Twice the longest exchange, to allow for a slow database.
const LEASE: Micros = 60 * 1_000_000;
/// On shutdown, how long exchanges under way may take; another process sends the rest again.
const FAREWELL: Duration = Duration::from_secs(10);
/// Polls between two updates of the `webhook_waiting` gauge.
const LOOKS_PER_COUNT: u32 = 40;

/// Upper bounds of the time until the next try, and of a lease.
pub const LONGEST_STEPS: Longest = Longest { wait: schedule::LONGEST, lease: LEASE };

const _: () = assert!(LEASE as u128 >= 2 * LONGEST_EXCHANGE.as_micros());

/// A worker. Tests drive it by hand with [`WebhookWorker::settle`].
pub struct WebhookWorker {
    webhooks: Webhooks,
    options: WebhookOptions,
    number: i64,
    limits: DeliveryLimits,
    turn: usize,
    sending: JoinSet<Finished>,
    endpoints: HashMap<Id, EndpointKey>,
}

/// An attempt that has ended.
pub(super) struct Finished {
    pub(super) attempted: Attempted,
    pub(super) sent: WebhookSent,
}

impl WebhookWorker {
    #[must_use]
    pub fn new(webhooks: Webhooks, options: WebhookOptions) -> Self {
        let number = presence::number(&webhooks.entropy);
        let limits = DeliveryLimits::new(options.in_all, options.per_endpoint);
        Self {
            webhooks,
            options,
            number,
            limits,
            turn: 0,
            sending: JoinSet::new(),
            endpoints: HashMap::new(),
        }
    }

    /// The same under this number, which the worker keeps when it is restarted.
    #[must_use]
    pub fn numbered(self, number: i64) -> Self {
        Self { number, ..self }
    }

    /// Identifies the worker in its leases.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Works until nothing is due any more; returns the number of attempts.
    pub async fn settle(&mut self) -> Result<usize, Failure> {
        let mut attempts = 0;
        loop {
            fan_out::all(&self.webhooks).await?;
            self.take().await?;
            let Some(first) = self.sending.join_next_with_id().await else { return Ok(attempts) };
            attempts += self.finish(first).await;
        }
    }

    /// Works until `stop` says true or is dropped, then waits a little for what is under way.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(self.options.poll);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut nudged = self.webhooks.nudge.listen();
        let mut count = 0u32;
        loop {
            let is_look = tokio::select! {
                () = asked_to_stop(&mut stop) => break,
                () = nudged.next() => true,
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
        if !finish_within(FAREWELL, farewell).await {
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

    /// Leases due deliveries, as far as the limits allow, and starts sending them.
    async fn take(&mut self) -> Result<(), Failure> {
        let now = self.webhooks.store.now().await?;
        let mut due = self.webhooks.store.webhook_endpoints_due(now).await?;
        // Rotate the start, so that at the total limit the same endpoint is not always served last.
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn % due.len().max(1);
        due.rotate_left(first);
        for endpoint in due {
            if self.limits.is_worth_taking(endpoint) {
                self.take_of(endpoint, now).await?;
            }
        }
        Ok(())
    }

    async fn take_of(&mut self, key: EndpointKey, now: Micros) -> Result<(), Failure> {
        let store = &self.webhooks.store;
        let limit = i64::try_from(self.limits.free(key)).unwrap_or(i64::MAX);
        let due = store.due_deliveries(key, now, limit).await?;
        if due.is_empty() {
            return Ok(());
        }
        let endpoint = self.webhooks.endpoint(key).await?.filter(Endpoint::is_enabled);
        let Some(endpoint) = endpoint.map(Arc::new) else { return Ok(()) };
        let wanted: Vec<(i64, i64)> = due.iter().map(|due| (due.number, due.lease)).collect();
        let got = store.lease_deliveries(key.book, &wanted, self.number, now, now + LEASE).await?;
        for (mut delivery, _) in due.into_iter().zip(got).filter(|(_, got)| *got) {
            delivery.lease += 1;
            let (webhooks, endpoint, number) = (self.webhooks.clone(), Arc::clone(&endpoint), self.number);
            let begun = self
                .sending
                .spawn(async move { deliver(&webhooks, &endpoint, delivery, (number, now)).await });
            self.endpoints.insert(begun.id(), key);
            self.limits.begun(key);
        }
        Ok(())
    }

    /// Records all attempts that have ended, in one transaction; returns how many.
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
                    tracing::error!(%error, "sending a webhook crashed; it will be sent again");
                    (error.id(), None)
                }
            };
            if let Some(endpoint) = self.endpoints.remove(&id) {
                self.limits.ended(endpoint, sent.as_ref().is_none_or(|sent| sent.sent.status.is_none()));
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
        // One of them belongs to another worker by now, or the database failed: record them one by one.
        for one in finished {
            match store.record_webhook_attempts(std::slice::from_ref(&one.attempted)).await {
                Ok(()) => self.webhooks.measures.attempt(&one.sent, one.attempted.state),
                Err(WriteError::Conflict) => tracing::warn!("a webhook was sent by two workers"),
                Err(WriteError::Failure(failure)) => {
                    let error = format!("{failure:#}");
                    tracing::warn!(
                        error,
                        "a webhook's response could not be recorded; it will be sent again"
                    );
                }
            }
        }
    }
}

/// One try of a delivery that `worker` leased at `taken`, in the store's time. The next try is scheduled from there,
/// because this machine's clock may be wrong.
pub(super) async fn deliver(
    webhooks: &Webhooks,
    endpoint: &Endpoint,
    delivery: Delivery,
    (worker, taken): (i64, Micros),
) -> Finished {
    let (book, now) = (endpoint.row.key.book, webhooks.clock.now());
    let id = webhooks.delivery_id(book, delivery.number);
    let mut headers = sign::headers(endpoint.keys(), endpoint.previous(now), &id, now, &delivery.body);
    headers.extend(delivery.sequence.map(|sequence| ("outpay-sequence", sequence.to_string())));
    let of = (book, delivery.withdrawal);
    let span = traces::step_of_withdrawal("webhook", &webhooks.store, of).await;
    let sent = webhooks.client.post(endpoint.url(), &headers, delivery.body).instrument(span.clone()).await;
    if let Some(status) = sent.status {
        traces::responded(&span, status);
    }
    drop(span);
    let at = webhooks.clock.now();
    let tries = delivery.tries + 1;
    // The caller of a test send sees the result; there is no second try.
    let again = endpoint
        .schedule()
        .next(tries, taken + sent.micros, &webhooks.entropy)
        .filter(|_| delivery.sequence.is_some());
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
        endpoint: delivery.endpoint,
        withdrawal: delivery.withdrawal,
        is_test: delivery.sequence.is_none(),
        is_outcome: webhook_event::is_outcome(delivery.kind),
        worker,
        lease: delivery.lease,
        attempt,
        state,
        tries,
        due_at,
    };
    Finished { attempted, sent }
}
