//! Commands on deliveries: create the missing ones, find, retry, replay all failed ones. Not here: lists of
//! deliveries (store/).

use super::{WebhookError, Webhooks, fan_out};
use crate::ids::IdKind;
use crate::store::{Delivery, DeliveryState, Failure, WriteError};
use ledger::{BookId, Micros};

impl Webhooks {
    /// Creates the deliveries of all new events in all books; returns how many. The worker does so by itself.
    pub async fn fan_out(&self) -> Result<usize, Failure> {
        fan_out::all(self).await
    }

    /// The public id of a delivery, which is its `webhook-id` at every try.
    #[must_use]
    pub fn delivery_id(&self, book: BookId, number: i64) -> String {
        self.secrets.ids().seal(IdKind::Delivery, book, number)
    }

    pub async fn delivery(&self, book: BookId, id: &str) -> Result<Delivery, WebhookError> {
        let number =
            self.secrets.ids().open(IdKind::Delivery, book, id).ok_or(WebhookError::UnknownDelivery)?;
        self.store.delivery(book, number).await?.ok_or(WebhookError::UnknownDelivery)
    }

    /// Makes a failed or superseded delivery due again, with a fresh retry schedule.
    ///
    /// # Errors
    /// When there is no such delivery, it is pending or delivered, its endpoint was deleted, or on a failure.
    pub async fn retry_delivery(&self, book: BookId, id: &str) -> Result<Delivery, WebhookError> {
        let found = self.delivery(book, id).await?;
        match self.store.retry_delivery(book, found.number, self.store.now().await?).await {
            Ok(()) => {
                self.nudge();
                self.delivery(book, id).await
            }
            // It has not failed, a concurrent retry came first, or the endpoint is gone.
            Err(WriteError::Conflict) => Err(match self.delivery(book, id).await?.state {
                DeliveryState::Failed | DeliveryState::Superseded => WebhookError::EndpointWasDeleted,
                state => WebhookError::NotFailed(state),
            }),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }

    /// Makes all deliveries due again that failed at `since` or later; returns how many.
    pub async fn replay_deliveries(&self, book: BookId, since: Micros) -> Result<u64, WebhookError> {
        if self.store.webhook_endpoints(book).await?.is_empty() {
            return Err(WebhookError::NoEndpoint);
        }
        let replayed = self.store.retry_failed_deliveries(book, since, self.store.now().await?).await?;
        self.nudge();
        Ok(replayed)
    }
}
