//! The part of a business's client that sets webhooks and looks at their deliveries. Not here: verifying them (webhook.rs).

use crate::business::Outpay;
use crate::call::Call;
use crate::list::{List, PageOptions, Query};
use crate::schema::{
    Delivery, DeliveryDetail, ReplayBody, Replayed, RollBody, TestBody, Webhook, WebhookBody, WebhookDeleted,
    WebhookList,
};
use reqwest::Method;

/// Token and secret of a webhook are in the answer that makes them, and in no later one.
impl Outpay {
    /// All webhooks.
    pub fn list_webhooks(&self) -> Call<WebhookList> {
        self.get(&["payout", "webhooks"])
    }

    /// One more.
    pub fn create_webhook(&self, body: &WebhookBody) -> Call<Webhook> {
        self.post(&["payout", "webhooks"]).json(body)
    }

    /// One of them; [`Call::send`] gives its tag too.
    pub fn get_webhook(&self, id: &str) -> Call<Webhook> {
        self.get(&["payout", "webhooks", id])
    }

    /// Changes what is given.
    pub fn update_webhook(&self, id: &str, body: &WebhookBody) -> Call<Webhook> {
        Call::new(&self.door, Method::PUT, &["payout", "webhooks", id]).json(body)
    }

    /// A new token and secret; the old ones go on signing for `overlap` seconds.
    pub fn roll_webhook(&self, id: &str, body: &RollBody) -> Call<Webhook> {
        self.post(&["payout", "webhooks", id, "roll"]).json(body)
    }

    /// Ends the overlap of a roll now. It takes no idempotency key, and is sent once.
    pub fn switch_webhook(&self, id: &str) -> Call<Webhook> {
        self.post(&["payout", "webhooks", id, "switch"]).once()
    }

    /// Sends an invented event now.
    pub fn test_webhook(&self, id: &str, body: &TestBody) -> Call<DeliveryDetail> {
        self.post(&["payout", "webhooks", id, "test"]).json(body)
    }

    /// What waits for it ends as failed.
    pub fn delete_webhook(&self, id: &str) -> Call<WebhookDeleted> {
        Call::new(&self.door, Method::DELETE, &["payout", "webhooks", id])
    }

    /// The one of `/payout/webhook`; [`Call::send`] gives its tag too.
    pub fn get_primary_webhook(&self) -> Call<Webhook> {
        self.get(&["payout", "webhook"])
    }

    /// Changes what is given, or makes it.
    pub fn set_primary_webhook(&self, body: &WebhookBody) -> Call<Webhook> {
        Call::new(&self.door, Method::PUT, &["payout", "webhook"]).json(body)
    }

    /// As [`Self::roll_webhook`].
    pub fn roll_primary_webhook(&self, body: &RollBody) -> Call<Webhook> {
        self.post(&["payout", "webhook", "roll"]).json(body)
    }

    /// As [`Self::switch_webhook`].
    pub fn switch_primary_webhook(&self) -> Call<Webhook> {
        self.post(&["payout", "webhook", "switch"]).once()
    }

    /// As [`Self::test_webhook`].
    pub fn test_primary_webhook(&self, body: &TestBody) -> Call<DeliveryDetail> {
        self.post(&["payout", "webhook", "test"]).json(body)
    }

    /// What was sent, newest first; of a status such as `failed`, or all.
    #[must_use]
    pub fn list_webhook_deliveries(&self, status: Option<&str>, page: PageOptions) -> List<Delivery> {
        let (query, cursor) = page.query(Query::default().with("status", status));
        List::new(&self.door, &["payout", "webhook", "deliveries"], query, cursor)
    }

    /// One delivery with every attempt.
    pub fn get_webhook_delivery(&self, id: &str) -> Call<DeliveryDetail> {
        self.get(&["payout", "webhook", "deliveries", id])
    }

    /// Sends a failed delivery again.
    pub fn retry_webhook_delivery(&self, id: &str) -> Call<Delivery> {
        self.post(&["payout", "webhook", "deliveries", id, "retry"])
    }

    /// Sends all deliveries again that failed at that time or later.
    pub fn replay_webhook_deliveries(&self, body: &ReplayBody) -> Call<Replayed> {
        self.post(&["payout", "webhook", "replay"]).json(body)
    }
}
