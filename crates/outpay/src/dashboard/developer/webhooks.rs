//! `/dashboard/webhooks`: the endpoint of this mode and its events, new signing keys, a test delivery.

use crate::dashboard::developer::key::overlap;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{idempotency, notice};
use crate::roles::Permission;
use crate::store::DeliveryState;
use crate::web::page;
use crate::webhook_event;
use crate::webhook_event::EventSet;
use crate::webhooks::{Endpoint, EndpointChange, Sample, WebhookError};
use axum::response::Response;
use http::StatusCode;
use ledger::{Micros, Provider};
use secrecy::ExposeSecret;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    manages: bool,
    endpoint: Option<ShownEndpoint>,
    draft: WebhookForm,
    /// Every event there is.
    events: Vec<&'static str>,
    error: Option<String>,
    once: String,
}

impl WebhooksPage {
    fn wants(&self, event: &str) -> bool {
        self.draft.events.iter().any(|wanted| wanted == event)
    }
}

struct ShownEndpoint {
    url: String,
    is_on: bool,
    token_hint: String,
    overlap_ends_at: Option<Micros>,
    changed_at: Micros,
}

/// What the form shows.
#[derive(Clone)]
pub(crate) struct WebhookForm {
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) is_on: bool,
}

impl From<WebhookError> for Declined {
    fn from(error: WebhookError) -> Self {
        let sentence = error.to_string();
        match error {
            WebhookError::UnknownDelivery | WebhookError::UnknownEndpoint => Self::NotFound,
            WebhookError::TooManyEndpoints => Self::Sentence(StatusCode::CONFLICT, sentence),
            WebhookError::RolledSince => Self::Sentence(StatusCode::CONFLICT, sentence),
            WebhookError::Busy => Self::Sentence(StatusCode::SERVICE_UNAVAILABLE, sentence),
            WebhookError::Failure(failure) => Self::Failure(failure),
            _ => Self::sentence(sentence),
        }
    }
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, None, None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    draft: Option<WebhookForm>,
    error: Option<String>,
) -> Result<Response, Declined> {
    let endpoint = who.platform.webhooks.endpoint(who.book).await?;
    let now = who.platform.clock.now();
    let wanted = endpoint.as_ref().map_or(EventSet::DEFAULT, |endpoint| endpoint.events());
    let stored = || WebhookForm {
        url: endpoint.as_ref().map(|endpoint| endpoint.url().to_owned()).unwrap_or_default(),
        events: wanted.names().into_iter().map(str::to_owned).collect(),
        is_on: endpoint.as_ref().is_none_or(|endpoint| endpoint.is_enabled()),
    };
    let draft = draft.unwrap_or_else(stored);
    let shown = WebhooksPage {
        frame: Frame::new(who, "webhooks", "Webhooks"),
        manages: who.may(Permission::ManageWebhooks),
        endpoint: endpoint.as_ref().map(|endpoint| ShownEndpoint {
            url: endpoint.url().to_owned(),
            is_on: endpoint.is_enabled(),
            token_hint: endpoint.keys().hint(),
            overlap_ends_at: endpoint.overlap_ends_at(now),
            changed_at: endpoint.changed_at(),
        }),
        draft,
        events: webhook_event::names(),
        error,
        once: idempotency::token(&who.platform),
    };
    Ok(page::html(status, &shown))
}

/// Sets where events go, which, and whether. The first time, the answer shows the keys that deliveries are signed with.
pub async fn save(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let draft = WebhookForm {
        url: form.get("url").to_owned(),
        events: form.all("events").map(str::to_owned).collect(),
        is_on: form.has("enabled"),
    };
    let again = async |sentence: String| {
        show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(draft.clone()), Some(sentence)).await
    };
    let Some(events) = EventSet::of_names(draft.events.iter().map(String::as_str)) else {
        return again("Choose at least one event.".to_owned()).await;
    };
    let (url, enabled) = (Some(draft.url.clone()), Some(draft.is_on));
    let change = EndpointChange { url, enabled, events: Some(events), ..EndpointChange::default() };
    let (endpoint, is_new) = match who.platform.webhooks.set_endpoint(who.book, who.actor(), &change).await {
        Ok(set) => set,
        Err(error @ (WebhookError::Url(_) | WebhookError::UrlIsMissing)) => {
            return again(error.to_string()).await;
        }
        Err(error) => return Err(error.into()),
    };
    if is_new {
        return Ok(show_keys(&who, &endpoint));
    }
    let mut response = page::see_other("/dashboard/webhooks");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

/// A new token and a new secret; the old ones may sign beside them for a while. The answer is the one page that shows them.
pub async fn roll(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let overlap = overlap(&form)?;
    // A second click must not end the keys that the first one made, nor those that receivers still have.
    let once = idempotency::key(&form)?;
    let (endpoint, _) =
        who.platform.webhooks.roll_endpoint(who.book, who.actor(), overlap, Some(&once.0)).await?;
    Ok(show_keys(&who, &endpoint))
}

/// Lets the new keys of a roll sign alone from now on.
pub async fn switch(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form: _ } = posted;
    who.platform.webhooks.switch_endpoint(who.book, who.actor()).await?;
    let mut response = page::see_other("/dashboard/webhooks");
    notice::leave(&mut response, "The new token and secret sign alone from now on.");
    Ok(response)
}

/// Sends an invented event now; the page after it shows what the receiver did.
pub async fn send_test(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let kind =
        webhook_event::from_name(form.get("event")).ok_or_else(|| Declined::sentence("Choose an event."))?;
    let provider = Provider::from_word(form.get("provider"))
        .ok_or_else(|| Declined::sentence("Choose a provider."))?;
    let webhooks = &who.platform.webhooks;
    let trial = webhooks.test_endpoint(who.book, Sample { kind, provider }).await?;
    let id = webhooks.delivery_id(who.book, trial.delivery.number);
    let mut response = page::see_other(&format!("/dashboard/deliveries/{id}"));
    let word = match trial.delivery.state {
        DeliveryState::Delivered => "Your receiver has the test event.",
        DeliveryState::Pending | DeliveryState::Failed | DeliveryState::Superseded => {
            "Your receiver did not take the test event; see below."
        }
    };
    notice::leave(&mut response, word);
    Ok(response)
}

#[derive(askama::Template)]
#[template(path = "dashboard/developer/webhook_keys.html")]
struct WebhookKeysPage<'a> {
    frame: Frame,
    token: &'a str,
    secret: &'a str,
    overlap_ends_at: Option<Micros>,
}

pub(crate) fn show_keys(who: &SignedIn, endpoint: &Endpoint) -> Response {
    let shown = WebhookKeysPage {
        frame: Frame::new(who, "webhooks", "Webhook keys"),
        token: endpoint.keys().token.expose_secret(),
        secret: endpoint.keys().secret.expose_secret(),
        overlap_ends_at: endpoint.overlap_ends_at(who.platform.clock.now()),
    };
    page::html(StatusCode::OK, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_webhooks() {
        snapshot(
            "webhooks",
            &WebhooksPage {
                frame: Frame::sample("webhooks", "Webhooks"),
                manages: true,
                endpoint: Some(ShownEndpoint {
                    url: "https://example.com/outpay".to_owned(),
                    is_on: true,
                    token_hint: "wht_…abcd".to_owned(),
                    overlap_ends_at: Some(1_800_086_400_000_000),
                    changed_at: 1_800_000_000_000_000,
                }),
                draft: WebhookForm {
                    url: "https://example.com/outpay".to_owned(),
                    events: vec!["payout.succeeded".to_owned()],
                    is_on: true,
                },
                events: webhook_event::names(),
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
                token: "wht_example",
                secret: "whsec_example",
                overlap_ends_at: Some(1_800_086_400_000_000),
            },
        );
    }
}
