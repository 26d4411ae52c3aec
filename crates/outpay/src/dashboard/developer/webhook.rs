//! `/dashboard/webhooks/{id}`: one endpoint and its events, new signing keys, a test delivery, its end.

use crate::dashboard::developer::key::overlap;
use crate::dashboard::developer::webhooks::{NO_EVENT, WebhookForm, wrong_with_form};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{idempotency, notice};
use crate::roles::Permission;
use crate::store::{DeliveryState, EndpointKey};
use crate::web::page;
use crate::webhook_event;
use crate::webhooks::{Endpoint, Sample, WebhookError};
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::{Micros, Provider};
use secrecy::ExposeSecret;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/webhook.html")]
struct WebhookPage {
    frame: Frame,
    manages: bool,
    endpoint: ShownEndpoint,
    draft: WebhookForm,
    error: Option<String>,
    once: String,
}

/// An endpoint as pages show it.
pub(crate) struct ShownEndpoint {
    pub(crate) id: String,
    pub(crate) is_primary: bool,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) events: Vec<&'static str>,
    pub(crate) is_on: bool,
    pub(crate) disabled_at: Option<Micros>,
    pub(crate) failing_since: Option<Micros>,
    pub(crate) token_hint: String,
    pub(crate) overlap_ends_at: Option<Micros>,
    pub(crate) changed_at: Micros,
}

impl ShownEndpoint {
    pub(crate) fn new(who: &SignedIn, endpoint: &Endpoint) -> Self {
        Self {
            id: who.platform.webhooks.endpoint_id(endpoint.key()),
            is_primary: endpoint.is_primary(),
            url: endpoint.url().to_owned(),
            description: endpoint.description().to_owned(),
            events: endpoint.events().names(),
            is_on: endpoint.is_enabled(),
            disabled_at: endpoint.disabled_at(),
            failing_since: endpoint.failing_since(),
            token_hint: endpoint.keys().hint(),
            overlap_ends_at: endpoint.overlap_ends_at(who.platform.clock.now()),
            changed_at: endpoint.changed_at(),
        }
    }
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, &id, None, None).await
}

async fn show(
    status: StatusCode,
    who: &SignedIn,
    id: &str,
    draft: Option<WebhookForm>,
    error: Option<String>,
) -> Result<Response, Declined> {
    let endpoint = who.platform.webhooks.endpoint(key(who, id)?).await?.ok_or(Declined::NotFound)?;
    let shown = WebhookPage {
        frame: Frame::new(who, "webhooks", "Webhook").under("/dashboard/webhooks", "Webhooks"),
        manages: who.may(Permission::ManageWebhooks),
        draft: draft.unwrap_or_else(|| WebhookForm::of(&endpoint)),
        endpoint: ShownEndpoint::new(who, &endpoint),
        error,
        once: idempotency::token(&who.platform),
    };
    Ok(page::html(status, &shown))
}

fn key(who: &SignedIn, id: &str) -> Result<EndpointKey, WebhookError> {
    who.platform.webhooks.endpoint_of_id(who.book, id)
}

fn back_to(id: &str, notice: &'static str) -> Response {
    let mut response = page::see_other(&format!("/dashboard/webhooks/{id}"));
    notice::leave(&mut response, notice);
    response
}

/// Sets where events go, which, and whether.
pub async fn save(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let (key, draft) = (key(&who, &id)?, WebhookForm::read(&form));
    let again = async |draft, sentence| {
        show(StatusCode::UNPROCESSABLE_ENTITY, &who, &id, Some(draft), Some(sentence)).await
    };
    let Some(change) = draft.change() else { return again(draft, NO_EVENT.to_owned()).await };
    match who.platform.webhooks.set_endpoint(key, who.actor(), &change).await {
        Ok(_) => Ok(back_to(&id, "Saved.")),
        Err(error) => match wrong_with_form(&error) {
            Some(sentence) => again(draft, sentence).await,
            None => Err(error.into()),
        },
    }
}

/// A new token and a new secret; the old ones may go on signing for a while. The answer is the one page that shows them.
pub async fn roll(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let (key, overlap) = (key(&who, &id)?, overlap(&form)?);
    // A second click must not end the keys that the first one made, nor those that receivers still have.
    let once = idempotency::key(&form)?;
    let (endpoint, _) = who.platform.webhooks.roll_endpoint(key, who.actor(), overlap, Some(&once.0)).await?;
    Ok(show_keys(&who, &endpoint))
}

/// Lets the new keys of a roll sign alone from now on.
pub async fn switch(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form: _ } = posted;
    who.platform.webhooks.switch_endpoint(key(&who, &id)?, who.actor()).await?;
    Ok(back_to(&id, "Only the new token and secret are used from now on."))
}

/// Deletes the endpoint.
pub async fn delete(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form: _ } = posted;
    who.platform.webhooks.delete_endpoint(key(&who, &id)?, who.actor()).await?;
    let mut response = page::see_other("/dashboard/webhooks");
    notice::leave(&mut response, "Endpoint deleted.");
    Ok(response)
}

/// Sends an invented event now; the page after it shows what the receiver did.
pub async fn send_test(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let key = key(&who, &id)?;
    let kind =
        webhook_event::from_name(form.get("event")).ok_or_else(|| Declined::sentence("Choose an event."))?;
    let provider =
        Provider::from_word(form.get("provider")).ok_or_else(|| Declined::sentence("Choose a provider."))?;
    let webhooks = &who.platform.webhooks;
    let trial = webhooks.test_endpoint(key, Sample { kind, provider }).await?;
    let id = webhooks.delivery_id(who.book, trial.delivery.number);
    let mut response = page::see_other(&format!("/dashboard/deliveries/{id}"));
    let word = match trial.delivery.state {
        DeliveryState::Delivered => "Your server accepted the test event.",
        DeliveryState::Pending | DeliveryState::Failed | DeliveryState::Superseded => {
            "Your server did not accept the test event. See below."
        }
    };
    notice::leave(&mut response, word);
    Ok(response)
}

#[derive(askama::Template)]
#[template(path = "dashboard/developer/webhook_keys.html")]
struct WebhookKeysPage<'a> {
    frame: Frame,
    id: String,
    token: &'a str,
    secret: &'a str,
    overlap_ends_at: Option<Micros>,
}

pub(crate) fn show_keys(who: &SignedIn, endpoint: &Endpoint) -> Response {
    let shown = WebhookKeysPage {
        frame: Frame::new(who, "webhooks", "Webhook keys"),
        id: who.platform.webhooks.endpoint_id(endpoint.key()),
        token: endpoint.keys().token.expose_secret(),
        secret: endpoint.keys().secret.expose_secret(),
        overlap_ends_at: endpoint.overlap_ends_at(who.platform.clock.now()),
    };
    page::html(StatusCode::OK, &shown)
}

/// An invented endpoint, for snapshots.
#[cfg(test)]
pub(crate) fn sample_endpoint(url: &str, is_on: bool) -> ShownEndpoint {
    ShownEndpoint {
        id: "whe_0d7f0f0e-0000-8000-8000-000000000001".to_owned(),
        is_primary: true,
        url: url.to_owned(),
        description: String::new(),
        events: vec!["payout.succeeded", "payout.failed"],
        is_on,
        disabled_at: (!is_on).then_some(1_800_000_000_000_000),
        failing_since: (!is_on).then_some(1_799_568_000_000_000),
        token_hint: "wht_…abcd".to_owned(),
        overlap_ends_at: is_on.then_some(1_800_086_400_000_000),
        changed_at: 1_800_000_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_webhook() {
        let url = "https://example.com/outpay";
        snapshot(
            "webhook",
            &WebhookPage {
                frame: Frame::sample("webhooks", "Webhook"),
                manages: true,
                endpoint: sample_endpoint(url, true),
                draft: WebhookForm { url: url.to_owned(), ..WebhookForm::default() },
                error: None,
                once: "0".repeat(32),
            },
        );
    }

    #[test]
    fn page_webhook_keys() {
        snapshot(
            "webhook_keys",
            &WebhookKeysPage {
                frame: Frame::sample("webhooks", "Webhook keys"),
                id: "whe_0d7f0f0e-0000-8000-8000-000000000001".to_owned(),
                token: "wht_example",
                secret: "whsec_example",
                overlap_ends_at: Some(1_800_086_400_000_000),
            },
        );
    }
}
