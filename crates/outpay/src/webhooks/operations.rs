//! What is done with deliveries beside sending them: make them, name one, retry one, replay all that failed. Not here:
//! reading them (store/).

use super::{WebhookError, Webhooks, fan_out};
use crate::ids::IdKind;
use crate::store::{Delivery, Failure, WriteError};
use ledger::{BookId, Micros};

impl Webhooks {
    /// Makes the deliveries of all books that new events ask for; says how many. The worker does it by itself.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn fan_out(&self) -> Result<usize, Failure> {
        fan_out::all(self).await
    }

    /// The public id of a delivery, which is also its `webhook-id` at every try.
    #[must_use]
    pub fn delivery_id(&self, book: BookId, number: i64) -> String {
        self.secrets.ids().seal(IdKind::Delivery, book, number)
    }

    /// A book's delivery with this public id.
    ///
    /// # Errors
    /// [`WebhookError::UnknownDelivery`], or when the database breaks.
    pub async fn delivery(&self, book: BookId, id: &str) -> Result<Delivery, WebhookError> {
        let number =
            self.secrets.ids().open(IdKind::Delivery, book, id).ok_or(WebhookError::UnknownDelivery)?;
        self.store.delivery(book, number).await?.ok_or(WebhookError::UnknownDelivery)
    }

    /// Lets a failed delivery be tried again, from the first try on.
    ///
    /// # Errors
    /// When there is no such delivery, it has not failed, or the database breaks.
    pub async fn retry_delivery(&self, book: BookId, id: &str) -> Result<Delivery, WebhookError> {
        let found = self.delivery(book, id).await?;
        match self.store.retry_delivery(book, found.number, self.store.now().await?).await {
            Ok(()) => {
                self.nudge();
                self.delivery(book, id).await
            }
            // Somebody else was faster with the same wish; or it has not failed.
            Err(WriteError::Conflict) => Err(WebhookError::NotFailed(self.delivery(book, id).await?.state)),
            Err(WriteError::Failure(failure)) => Err(failure.into()),
        }
    }

    /// Lets everything be tried again that failed at `since` or later; says how many.
    ///
    /// # Errors
    /// When there is no endpoint, or the database breaks.
    pub async fn replay_deliveries(&self, book: BookId, since: Micros) -> Result<u64, WebhookError> {
        if self.store.webhook_endpoint(book).await?.is_none() {
            return Err(WebhookError::NoEndpoint);
        }
        let replayed = self.store.retry_failed_deliveries(book, since, self.store.now().await?).await?;
        self.nudge();
        Ok(replayed)
    }
}
