//! `/dashboard/deliveries/{id}`: one delivery: what was sent, what the receiver answered each time, and the way to retry.

use crate::dashboard::developer::deliveries::ShownDelivery;
use crate::dashboard::developer::request::pretty;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::roles::Permission;
use crate::store::{DeliveryState, WebhookAttempt};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use serde_json::json;

/// Attempts that are shown.
const MOST_ATTEMPTS: i64 = 100;
/// Of an answer, in characters.
const LONGEST_ANSWER: usize = 2_000;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/delivery.html")]
struct DeliveryPage {
    frame: Frame,
    may_retry: bool,
    delivery: ShownDelivery,
    body: String,
    attempts: Vec<ShownAttempt>,
}

struct ShownAttempt {
    number: i64,
    at: Micros,
    url: String,
    /// A status, or why there was none.
    outcome: String,
    is_good: bool,
    milliseconds: i64,
    answer: String,
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let platform = &who.platform;
    let delivery = platform.webhooks.delivery(who.book, &id).await?;
    let attempts = platform.store.webhook_attempts(who.book, delivery.number, MOST_ATTEMPTS).await?;
    let shown = DeliveryPage {
        frame: Frame::new(&who, "deliveries", "Webhook delivery")
            .under("/dashboard/deliveries", "Webhook logs"),
        may_retry: who.may(Permission::ManageWebhooks)
            && matches!(delivery.state, DeliveryState::Failed | DeliveryState::Superseded),
        delivery: ShownDelivery::new(&who, &delivery),
        body: pretty(&String::from_utf8_lossy(&delivery.body)),
        attempts: attempts.iter().map(attempt).collect(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn attempt(stored: &WebhookAttempt) -> ShownAttempt {
    ShownAttempt {
        number: stored.number,
        at: stored.at,
        url: stored.url.clone(),
        outcome: stored.status.map_or_else(|| stored.error.clone(), |status| status.to_string()),
        is_good: stored.status == Some(200),
        milliseconds: stored.micros / 1000,
        answer: String::from_utf8_lossy(&stored.body).chars().take(LONGEST_ANSWER).collect(),
    }
}

/// Lets a failed delivery be tried again, from the first try on.
pub async fn retry(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form: _ } = posted;
    who.platform.webhooks.retry_delivery(who.book, &id).await?;
    who.note("webhook.retried", &id, &json!({})).await?;
    let mut response = page::see_other(&format!("/dashboard/deliveries/{id}"));
    notice::leave(&mut response, "The delivery is being retried.");
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::developer::deliveries::sample_delivery;
    use crate::dashboard::snapshot;

    #[test]
    fn page_delivery() {
        let attempt = |number, status, error: &str, answer: &str| {
            attempt(&WebhookAttempt {
                number,
                at: 1_800_000_000_000_000,
                url: "https://example.com/outpay".to_owned(),
                status,
                error: error.to_owned(),
                body: answer.as_bytes().to_vec(),
                micros: 12_345,
            })
        };
        snapshot(
            "delivery",
            &DeliveryPage {
                frame: Frame::sample("deliveries", "Webhook delivery"),
                may_retry: true,
                delivery: sample_delivery(DeliveryState::Failed),
                body: pretty(r#"{"amount":2500,"type":"payout.succeeded"}"#),
                attempts: vec![attempt(1, None, "timeout", ""), attempt(2, Some(500), "", "<b>oh no</b>")],
            },
        );
    }
}
