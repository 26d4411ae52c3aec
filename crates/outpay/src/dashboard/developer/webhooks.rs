//! `/dashboard/webhooks`: the endpoints of this mode, and a new one. Not here: one endpoint (webhook.rs).

use crate::dashboard::developer::webhook::{ShownEndpoint, show_keys};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::idempotency;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::roles::Permission;
use crate::web::form::Form;
use crate::web::page;
use crate::webhook_event::{self, EventSet};
use crate::webhooks::{Endpoint, EndpointChange, MOST_ENDPOINTS, Schedule, WebhookError};
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    /// May a new one be made?
    has_room: bool,
    endpoints: Vec<ShownEndpoint>,
    draft: WebhookForm,
    error: Option<String>,
    once: String,
}

/// What a form of an endpoint shows.
#[derive(Clone)]
pub(crate) struct WebhookForm {
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) events: Vec<String>,
    pub(crate) is_on: bool,
    pub(crate) is_extended: bool,
}

impl WebhookForm {
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url().to_owned(),
            description: endpoint.description().to_owned(),
            events: endpoint.events().names().into_iter().map(str::to_owned).collect(),
            is_on: endpoint.is_enabled(),
            is_extended: endpoint.schedule() == Schedule::Extended,
        }
    }

    pub(crate) fn read(form: &Form) -> Self {
        Self {
            url: form.get("url").to_owned(),
            description: form.get("description").to_owned(),
            events: form.all("events").map(str::to_owned).collect(),
            is_on: form.has("enabled"),
            is_extended: form.has("extended"),
        }
    }

    /// The change that it asks for; `None` where no event is chosen.
    pub(crate) fn change(&self) -> Option<EndpointChange> {
        let events = EventSet::of_names(self.events.iter().map(String::as_str))?;
        Some(EndpointChange {
            url: Some(self.url.clone()),
            description: Some(self.description.clone()),
            enabled: Some(self.is_on),
            events: Some(events),
            schedule: Some(if self.is_extended { Schedule::Extended } else { Schedule::Standard }),
            ..EndpointChange::default()
        })
    }

    /// The documented events.
    pub(crate) fn choices(&self) -> Vec<&'static str> {
        webhook_event::names()
    }

    /// All other events.
    pub(crate) fn further_choices(&self) -> Vec<&'static str> {
        webhook_event::further_names()
    }

    pub(crate) fn wants_more(&self) -> bool {
        webhook_event::further_names().into_iter().any(|event| self.wants(event))
    }

    pub(crate) fn wants(&self, event: &str) -> bool {
        self.events.iter().any(|wanted| wanted == event)
    }
}

impl Default for WebhookForm {
    fn default() -> Self {
        let events = EventSet::DEFAULT.names().into_iter().map(str::to_owned).collect();
        Self { url: String::new(), description: String::new(), events, is_on: true, is_extended: false }
    }
}

/// What is wrong with the form, if that is why it was refused.
pub(crate) fn wrong_with_form(error: &WebhookError) -> Option<String> {
    let is_of_form = matches!(
        error,
        WebhookError::Url(_) | WebhookError::UrlIsMissing | WebhookError::DescriptionIsTooLong
    );
    is_of_form.then(|| error.to_string())
}

pub(crate) const NO_EVENT: &str = "Choose at least one event.";

impl From<WebhookError> for Declined {
    fn from(error: WebhookError) -> Self {
        let sentence = error.to_string();
        match error {
            WebhookError::UnknownDelivery | WebhookError::UnknownEndpoint => Self::NotFound,
            WebhookError::RolledSince | WebhookError::TooManyEndpoints => {
                Self::Sentence(StatusCode::CONFLICT, sentence)
            }
            WebhookError::Busy => Self::Sentence(StatusCode::SERVICE_UNAVAILABLE, sentence),
            WebhookError::Failure(failure) => Self::Failure(failure),
            _ => Self::sentence(sentence),
        }
    }
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, WebhookForm::default(), None).await
}

async fn show(
    status: StatusCode,
    who: &SignedIn,
    draft: WebhookForm,
    error: Option<String>,
) -> Result<Response, Declined> {
    let endpoints = who.platform.webhooks.endpoints(who.book).await?;
    let shown = WebhooksPage {
        frame: Frame::new(who, "webhooks", "Webhooks"),
        has_room: who.may(Permission::ManageWebhooks) && endpoints.len() < MOST_ENDPOINTS,
        endpoints: endpoints.iter().map(|endpoint| ShownEndpoint::new(who, endpoint)).collect(),
        draft,
        error,
        once: idempotency::token(&who.platform),
    };
    Ok(page::html(status, &shown))
}

/// Makes an endpoint. The answer shows the keys that its deliveries are signed with.
pub async fn create(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let draft = WebhookForm::read(&form);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(change) = draft.change() else {
        return show(unprocessable, &who, draft, Some(NO_EVENT.to_owned())).await;
    };
    // A second click must not make a second one.
    let once = idempotency::key(&form)?;
    let made = who.platform.webhooks.create_endpoint(who.book, who.actor(), &change, Some(&once.0)).await;
    match made {
        Ok((endpoint, _)) => Ok(show_keys(&who, &endpoint)),
        Err(error) => match wrong_with_form(&error) {
            Some(sentence) => show(unprocessable, &who, draft, Some(sentence)).await,
            None => Err(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::developer::webhook::sample_endpoint;
    use crate::dashboard::snapshot;

    #[test]
    fn page_webhooks() {
        snapshot(
            "webhooks",
            &WebhooksPage {
                frame: Frame::sample("webhooks", "Webhooks"),
                has_room: true,
                endpoints: vec![
                    sample_endpoint("https://example.com/outpay", true),
                    ShownEndpoint {
                        description: "Bookkeeping".to_owned(),
                        is_primary: false,
                        ..sample_endpoint("https://books.example.com/outpay", false)
                    },
                ],
                draft: WebhookForm::default(),
                error: None,
                once: "0".repeat(32),
            },
        );
    }
}
