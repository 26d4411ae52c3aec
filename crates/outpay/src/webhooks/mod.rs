//! Webhooks: events of withdrawals, told to a business's own receiver (contract, 1.5 and 2.5).
//!
//! An event is a journal entry, written by the teller in the transaction that makes it true. From entries deliveries are
//! made, once each (fan_out.rs); a worker leases those that are due, sends them signed and writes down what was answered
//! (worker.rs). Everything is learned from rows; a nudge only makes it sooner. Not here: who may ask (http/, cli/), SQL
//! (store/webhook_*.rs). Invariants: nothing is sent that was not committed; nothing is sent unsigned; a delivery ends only
//! as delivered or failed, and a failed one only after the last try; of one withdrawal a receiver hears in order.

pub mod body;
pub mod client;
pub mod endpoint;
pub mod event;
mod fan_out;
pub mod forward;
pub mod guard;
mod limits;
mod measures;
mod operations;
pub mod pull;
mod schedule;
pub mod sign;
mod trial;
mod worker;

pub use client::Client;
pub use endpoint::{Change, Endpoint};
pub use guard::Guard;
pub use measures::Measures;
pub use trial::Trial;
pub use worker::{LONGEST_STEPS, Running, WebhookOptions, Worker, start};

use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::store::{DeliveryState, Failure, Store};
use guard::UrlProblem;
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// Test sends at once: each may take half a minute, and anybody with a key can ask for one.
const MOST_TRIALS: usize = 16;

/// What all of webhooks share; cheap to clone. Holds no handle to the teller, so that a process can end.
#[derive(Clone)]
pub struct Webhooks {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    entropy: Entropy,
    client: Client,
    measures: Arc<Measures>,
    nudge: Arc<Notify>,
    trials: Arc<Semaphore>,
}

/// Why something about webhooks was not done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The URL will not do.
    #[error(transparent)]
    Url(#[from] UrlProblem),
    /// A first endpoint without a URL.
    #[error("The url field is required.")]
    UrlIsMissing,
    /// Too long an overlap.
    #[error("The overlap may not be longer than 30 days.")]
    OverlapIsTooLong,
    /// The request came before, and another roll came after it: what it made is not shown any more.
    #[error(
        "This roll was done already, and another one came after it. Its token and secret are not shown again; use those of the last roll."
    )]
    RolledSince,
    /// There is no endpoint yet.
    #[error("There is no webhook yet; set its url first.")]
    NoEndpoint,
    /// No such delivery in this book.
    #[error("Webhook delivery not found")]
    UnknownDelivery,
    /// Only a failed delivery can be retried.
    #[error("{}", not_failed(*.0))]
    NotFailed(DeliveryState),
    /// The endpoint was changed by others all the time, or too many test sends run.
    #[error("Busy; nothing was changed. Try again.")]
    Busy,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

fn not_failed(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Delivered => "The delivery has already succeeded.",
        DeliveryState::Pending | DeliveryState::Failed => "The delivery is already being tried.",
    }
}

impl Webhooks {
    /// Over these parts, strictly guarded.
    #[must_use]
    pub fn new(store: Store, secrets: Arc<Secrets>, clock: Clock, entropy: Entropy) -> Self {
        let client = Client::new(Guard::default(), clock.clone());
        Self {
            store,
            secrets,
            clock,
            entropy,
            client,
            measures: Arc::default(),
            nudge: Arc::default(),
            trials: Arc::new(Semaphore::new(MOST_TRIALS)),
        }
    }

    /// The same with another guard.
    #[must_use]
    pub fn guarded_by(self, guard: Guard) -> Self {
        let client = Client::new(guard, self.clock.clone());
        self.sent_by(client)
    }

    /// The same with another client.
    #[must_use]
    pub fn sent_by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// What sends, for others who post under the same guard.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is counted.
    #[must_use]
    pub fn measures(&self) -> &Arc<Measures> {
        &self.measures
    }

    /// Makes this process's worker look now. It may be lost; the worker looks by itself soon.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }
}
