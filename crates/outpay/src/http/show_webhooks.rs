//! How webhook endpoints and deliveries look in answers, for every endpoint that shows one.

use super::error_code::ErrorCode;
use super::openapi::words::{AttemptErrorWords, DeliveryStatusWords, EventWords, ScheduleWords};
use super::problem::{Problem, field};
use crate::clock::rfc3339;
use crate::commit::NoVerdict;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::{Delivery as StoredDelivery, EndpointKey, WebhookAttempt};
use crate::webhook_event::EventSet;
use crate::webhooks::{self, Endpoint, WebhookError};
use http::StatusCode;
use ledger::BookId;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

/// A business's webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// Where deliveries go; null while there is none.
    #[schema(required)]
    url: Option<String>,
    /// While it is off nothing is delivered.
    enabled: bool,
    /// The wanted events.
    #[schema(value_type = Vec<EventWords>, example = json!(["payout.succeeded"]))]
    events: Vec<&'static str>,
    /// Enough of the token to recognise it by.
    #[schema(required)]
    token_hint: Option<String>,
    /// Until when the previous token makes the `Signature` header, and both secrets sign; null while there is no overlap.
    #[schema(required)]
    previous_token_ends_at: Option<String>,
    /// When it was set last; null while there is none.
    #[schema(required)]
    changed_at: Option<String>,
    /// `whe_…`; null while there is none.
    #[schema(required)]
    id: Option<String>,
    /// Is it the one of `/payout/webhook`?
    primary: bool,
    /// Your words; empty for none.
    description: String,
    /// How often a delivery is tried.
    #[schema(value_type = ScheduleWords)]
    schedule: &'static str,
    /// When it was switched off because it had only failed for 5 days; null otherwise.
    #[schema(required)]
    disabled_at: Option<String>,
    /// Since when it only fails; null while it does not.
    #[schema(required)]
    failing_since: Option<String>,
    /// The key of the `Signature` header; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The `whsec_…` secret of Standard Webhooks; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// One event on its way to a receiver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryShown {
    /// `whd_…`, the same as the `webhook-id` header of every try.
    pub id: String,
    /// The event.
    #[serde(rename = "type")]
    #[schema(value_type = EventWords)]
    kind: &'static str,
    /// `ord_…`; null for a test send, and for an event of no withdrawal.
    #[schema(required)]
    order_id: Option<String>,
    /// Where it stands.
    #[schema(value_type = DeliveryStatusWords)]
    status: &'static str,
    /// Is it a test send, or an event of test mode?
    test_mode: bool,
    /// Tries so far.
    attempt_count: i64,
    /// When the delivery was made.
    created_at: String,
    /// When it is tried next; null once it has ended.
    #[schema(required)]
    next_attempt_at: Option<String>,
    /// When it ended; null while it is pending.
    #[schema(required)]
    finished_at: Option<String>,
    /// `whe_…`: the webhook that it goes to.
    #[schema(example = "whe_6f1b6c1e-3c5a-8d2f-9b1e-4a7c0d9e2f31")]
    webhook_id: String,
}

/// A delivery with what was sent and what came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDetail {
    #[serde(flatten)]
    delivery: DeliveryShown,
    /// The body that is signed and sent, to the byte.
    request_body: String,
    /// Oldest first, at most 100.
    attempts: Vec<AttemptShown>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptShown {
    /// 1, 2, …
    number: i64,
    /// When the try ended.
    at: String,
    /// Where it went.
    url: String,
    /// The answer's status; null where there was no answer.
    #[schema(minimum = 100, maximum = 999, required)]
    status: Option<i64>,
    /// Why there was no answer; null where there was one.
    #[schema(value_type = Option<AttemptErrorWords>, required)]
    error: Option<String>,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0)]
    milliseconds: i64,
    /// The first 16 KiB of the answer's body.
    response_body: String,
}

/// The most attempts that are shown of one delivery.
pub const MOST_ATTEMPTS: i64 = 100;

/// The webhook there is, or the place where there will be one; `with_keys` where they have just been made.
pub fn webhook(platform: &Platform, endpoint: Option<&Endpoint>, with_keys: bool) -> Webhook {
    let (now, keys) = (platform.clock.now(), endpoint.filter(|_| with_keys).map(Endpoint::keys));
    Webhook {
        url: endpoint.map(|found| found.url().to_owned()),
        enabled: endpoint.is_some_and(Endpoint::is_enabled),
        events: endpoint.map_or(EventSet::DEFAULT, Endpoint::events).names(),
        token_hint: endpoint.map(|found| found.keys().hint()),
        previous_token_ends_at: endpoint.and_then(|found| found.overlap_ends_at(now)).map(rfc3339),
        changed_at: endpoint.map(|found| rfc3339(found.changed_at())),
        id: endpoint.map(|found| platform.webhooks.endpoint_id(found.key())),
        primary: endpoint.is_none_or(Endpoint::is_primary),
        description: endpoint.map(|found| found.description().to_owned()).unwrap_or_default(),
        schedule: endpoint.map(Endpoint::schedule).unwrap_or_default().word(),
        disabled_at: endpoint.and_then(Endpoint::disabled_at).map(rfc3339),
        failing_since: endpoint.and_then(Endpoint::failing_since).map(rfc3339),
        token: keys.map(|keys| keys.token.expose_secret().to_owned()),
        secret: keys.map(|keys| keys.secret.expose_secret().to_owned()),
    }
}

/// A delivery in a list.
pub fn delivery(platform: &Platform, book: BookId, stored: &StoredDelivery) -> DeliveryShown {
    let is_trial = stored.sequence.is_none();
    let order_id = || platform.secrets.ids().seal(IdKind::Withdrawal, book, stored.withdrawal);
    DeliveryShown {
        id: platform.webhooks.delivery_id(book, stored.number),
        kind: stored.kind.event_name(),
        webhook_id: platform.webhooks.endpoint_id(EndpointKey { book, number: stored.endpoint }),
        order_id: (!is_trial && stored.withdrawal > 0).then(order_id),
        status: stored.state.word(),
        test_mode: webhooks::is_test(book, stored),
        attempt_count: stored.attempts,
        created_at: rfc3339(stored.created_at),
        next_attempt_at: stored.due_at.map(rfc3339),
        finished_at: stored.finished_at.map(rfc3339),
    }
}

/// A delivery by itself.
pub fn detail(
    platform: &Platform,
    book: BookId,
    stored: &StoredDelivery,
    attempts: &[WebhookAttempt],
) -> DeliveryDetail {
    DeliveryDetail {
        delivery: delivery(platform, book, stored),
        request_body: String::from_utf8_lossy(&stored.body).into_owned(),
        attempts: attempts.iter().map(attempt).collect(),
    }
}

fn attempt(stored: &WebhookAttempt) -> AttemptShown {
    AttemptShown {
        number: stored.number,
        at: rfc3339(stored.at),
        url: stored.url.clone(),
        status: stored.status,
        error: Some(stored.error.clone()).filter(|error| !error.is_empty()),
        milliseconds: stored.micros / 1000,
        response_body: String::from_utf8_lossy(&stored.body).into_owned(),
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        let sentence = error.to_string();
        match error {
            WebhookError::Url(_) | WebhookError::UrlIsMissing => field("url", sentence),
            WebhookError::OverlapIsTooLong => field("overlap", sentence),
            WebhookError::DescriptionIsTooLong => field("description", sentence),
            WebhookError::TooManyEndpoints => {
                Self::Coded(StatusCode::CONFLICT, sentence, ErrorCode::TooManyWebhooks)
            }
            WebhookError::UnknownEndpoint => {
                Self::Coded(StatusCode::NOT_FOUND, sentence, ErrorCode::WebhookNotFound)
            }
            WebhookError::EndpointWasDeleted => {
                Self::Coded(StatusCode::CONFLICT, sentence, ErrorCode::WebhookDeleted)
            }
            WebhookError::RolledSince => {
                Self::Coded(StatusCode::CONFLICT, sentence, ErrorCode::WebhookRolledSince)
            }
            WebhookError::NoEndpoint => {
                Self::Coded(StatusCode::NOT_FOUND, sentence, ErrorCode::WebhookNotSet)
            }
            WebhookError::UnknownDelivery => {
                Self::Coded(StatusCode::NOT_FOUND, sentence, ErrorCode::WebhookDeliveryNotFound)
            }
            WebhookError::NotFailed(_) => {
                Self::Coded(StatusCode::CONFLICT, sentence, ErrorCode::WebhookDeliveryNotFailed)
            }
            WebhookError::IsChanged => Self::PreconditionFailed,
            WebhookError::Busy => Self::NoVerdict(NoVerdict::Busy),
            WebhookError::Failure(failure) => Self::Failure(failure),
        }
    }
}
