//! Test sends: one delivery of an invented event, sent while the caller waits. It is listed like any other delivery,
//! says `test_mode: true`, and is not retried automatically.

use super::worker::{self, Finished};
use super::{Sample, WebhookError, Webhooks, WhichEndpoint, body};
use crate::background::presence;
use crate::store::{Delivery, EndpointKey, Failure, NewDelivery, WebhookAttempt, WriteError};
use anyhow::Context;
use ledger::Micros;

/// Longer than any exchange.
const LEASE: Micros = 60 * 1_000_000;
/// Retries when a concurrent request has taken the same number.
const TRIES: usize = 20;

/// The result of a test send.
pub struct WebhookTrial {
    /// The delivery, as it was sent.
    pub delivery: Delivery,
    /// The receiver's response.
    pub attempt: WebhookAttempt,
}

impl Webhooks {
    /// Sends an invented event now, even if the endpoint is off, and waits for the response.
    ///
    /// # Errors
    /// When there is no endpoint, too many test sends are running, or on a failure.
    pub async fn test_endpoint(
        &self,
        which: impl Into<WhichEndpoint>,
        sample: Sample,
    ) -> Result<WebhookTrial, WebhookError> {
        let (which, _place) = (which.into(), self.trials.try_acquire().map_err(|_| WebhookError::Busy)?);
        let book = which.book();
        let endpoint = self.endpoint(which).await?.ok_or_else(|| which.missing())?;
        let worker = presence::number(&self.entropy);
        let new = NewDelivery {
            sequence: None,
            withdrawal: 0,
            kind: sample.kind,
            body: body::sample(self.secrets.ids(), book, sample, &self.entropy),
        };
        let taken = self.store.now().await?;
        let number = self.make_trial(endpoint.key(), &new, worker).await?;
        let delivery = self.store.delivery(book, number).await?.context("a delivery that was just made")?;
        let Finished { attempted, sent } = worker::deliver(self, &endpoint, delivery, (worker, taken)).await;
        self.store.record_webhook_attempts(std::slice::from_ref(&attempted)).await.map_err(Failure::from)?;
        self.measures.attempt(&sent, attempted.state);
        let delivery = self.store.delivery(book, number).await?.context("a delivery that was just made")?;
        Ok(WebhookTrial { delivery, attempt: attempted.attempt })
    }

    async fn make_trial(
        &self,
        key: EndpointKey,
        new: &NewDelivery,
        worker: i64,
    ) -> Result<i64, WebhookError> {
        for _ in 0..TRIES {
            let now = self.store.now().await?;
            let made = self.store.last_delivery(key.book).await?;
            let lease = (now + LEASE, worker);
            match self.store.make_leased_delivery(key, made, new, now, lease).await {
                Ok(number) => return Ok(number),
                Err(WriteError::Conflict) => {}
                Err(WriteError::Failure(failure)) => return Err(failure.into()),
            }
        }
        Err(WebhookError::Busy)
    }
}
