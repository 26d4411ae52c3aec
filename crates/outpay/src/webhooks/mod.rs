//! Webhooks: events, delivered to a business's receivers (contract, 1.5 and 2.5).
//!
//! An event is a journal entry, written by the teller in the transaction that makes it true. Deliveries are created
//! from entries, once each (fan_out.rs). A worker leases due deliveries, signs and sends them, and records the
//! response (worker.rs). All state is in rows; a nudge only makes the worker look sooner. Not here: permissions
//! (http/, cli/), SQL (store/webhook_*.rs). Invariants: only committed events are sent; every delivery is signed; a
//! delivery ends as delivered, failed or superseded; it fails only after its last try, and is superseded only by the
//! outcome of its withdrawal, delivered; the events of one withdrawal arrive in order, unless a try failed.

pub mod body;
pub mod client;
mod connecting;
pub mod endpoint;
mod fan_out;
pub mod forward;
pub mod guard;
mod limits;
mod measures;
mod operations;
pub mod pull;
mod roll;
mod schedule;
mod settings;
pub mod sign;
mod trial;
mod worker;

pub use body::Sample;
pub use client::{ATTEMPT_ERRORS, WebhookClient};
pub use endpoint::{Endpoint, WhichEndpoint};
pub use guard::Guard;
pub use measures::WebhookMeasures;
pub use schedule::Schedule;
pub use settings::{EndpointChange, LONGEST_DESCRIPTION, MOST_ENDPOINTS};
pub use trial::WebhookTrial;
pub use worker::{LONGEST_STEPS, WebhookOptions, WebhookWorker};

use crate::auth::Secrets;
use crate::background::Nudge;
use crate::clock::{Clock, Entropy};
use crate::store::{Delivery, DeliveryState, Failure, Store};
use guard::UrlProblem;
use ledger::{BookId, Mode};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Concurrent test sends: each can take half a minute, and every key of a business can start them.
const MOST_TRIALS: usize = 16;

/// The shared state of webhooks; cheap to clone. Holds no handle to the teller, which would keep the process from
/// ending.
#[derive(Clone)]
pub struct Webhooks {
    store: Store,
    secrets: Arc<Secrets>,
    clock: Clock,
    entropy: Entropy,
    client: WebhookClient,
    measures: Arc<WebhookMeasures>,
    nudge: Nudge,
    trials: Arc<Semaphore>,
}

/// Why a command about webhooks was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    Url(#[from] UrlProblem),
    /// The first change of an endpoint needs a URL.
    #[error("The url field is required.")]
    UrlIsMissing,
    #[error("The overlap may not be longer than 30 days.")]
    OverlapIsTooLong,
    /// A replay of a roll after which another one came: the keys that it made are not shown any more.
    #[error(
        "This roll was done already, and another one came after it. Its token and secret are not shown again; use those of the last roll."
    )]
    RolledSince,
    /// The condition of a change does not hold.
    #[error("It was changed since you read it.")]
    IsChanged,
    #[error("There is no webhook yet; set its url first.")]
    NoEndpoint,
    #[error("Webhook not found")]
    UnknownEndpoint,
    #[error("There can be at most {MOST_ENDPOINTS} webhooks; delete one first.")]
    TooManyEndpoints,
    #[error("The description may not be longer than {LONGEST_DESCRIPTION} characters.")]
    DescriptionIsTooLong,
    /// The endpoint of a delivery that is to be retried.
    #[error("The webhook of this delivery was deleted.")]
    EndpointWasDeleted,
    #[error("Webhook delivery not found")]
    UnknownDelivery,
    /// Only a delivery that ended without being delivered can be retried.
    #[error("{}", not_failed(*.0))]
    NotFailed(DeliveryState),
    /// Concurrent changes kept getting in the way, or too many test sends are running.
    #[error("Busy; nothing was changed. Try again.")]
    Busy,
    #[error(transparent)]
    Failure(#[from] Failure),
}

fn not_failed(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Delivered => "The delivery has already succeeded.",
        DeliveryState::Pending | DeliveryState::Failed | DeliveryState::Superseded => {
            "The delivery is already being tried."
        }
    }
}

/// Does the body of this delivery say `test_mode`? It does for test sends, and for every event of a test book.
#[must_use]
pub fn is_test(book: BookId, delivery: &Delivery) -> bool {
    delivery.sequence.is_none() || book.mode() == Mode::Test
}

impl Webhooks {
    /// With the default, strict guard.
    #[must_use]
    pub fn new(store: Store, secrets: Arc<Secrets>, clock: Clock, entropy: Entropy) -> Self {
        let client = WebhookClient::new(Guard::default(), clock.clone());
        Self {
            store,
            secrets,
            clock,
            entropy,
            client,
            measures: Arc::default(),
            nudge: Nudge::default(),
            trials: Arc::new(Semaphore::new(MOST_TRIALS)),
        }
    }

    #[must_use]
    pub fn guarded_by(self, guard: Guard) -> Self {
        let client = WebhookClient::new(guard, self.clock.clone());
        self.sent_by(client)
    }

    #[must_use]
    pub fn sent_by(self, client: WebhookClient) -> Self {
        Self { client, ..self }
    }

    /// The client, for other modules that post under the same guard.
    #[must_use]
    pub fn client(&self) -> &WebhookClient {
        &self.client
    }

    #[must_use]
    pub fn measures(&self) -> &Arc<WebhookMeasures> {
        &self.measures
    }

    /// Wakes this process's worker. A lost wake-up only delays the work until the next poll.
    pub fn nudge(&self) {
        self.nudge.send();
    }
}
