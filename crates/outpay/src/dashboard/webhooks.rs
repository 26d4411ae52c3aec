//! `/dashboard/webhooks`: where events of this mode are delivered and which; new keys to sign with; a try.

use super::frame::Frame;
use super::once;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::members::Permission;
use crate::web::page;
use crate::webhooks::WebhookError;
use crate::webhooks::event::{self, EventSet};
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

#[derive(askama::Template)]
#[template(path = "dashboard/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    manages: bool,
    endpoint: Option<Shown>,
    draft: Draft,
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

struct Shown {
    url: String,
    is_on: bool,
    token_hint: String,
    overlap_ends_at: Option<Micros>,
    changed_at: Micros,
}

/// What the form shows.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) url: String,
    pub(super) events: Vec<String>,
    pub(super) is_on: bool,
}

impl From<WebhookError> for Stop {
    fn from(error: WebhookError) -> Self {
        let sentence = error.to_string();
        match error {
            WebhookError::UnknownDelivery => Self::NotFound,
            WebhookError::RolledSince => Self::Sentence(StatusCode::CONFLICT, sentence),
            WebhookError::Busy => Self::Sentence(StatusCode::SERVICE_UNAVAILABLE, sentence),
            WebhookError::Failure(failure) => Self::Failure(failure),
            _ => Self::sentence(sentence),
        }
    }
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, None, None).await
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    draft: Option<Draft>,
    error: Option<String>,
) -> Result<Response, Stop> {
    let endpoint = who.platform.webhooks.endpoint(who.book).await?;
    let now = who.platform.clock.now();
    let wanted = endpoint.as_ref().map_or(EventSet::DEFAULT, |endpoint| endpoint.events());
    let stored = || Draft {
        url: endpoint.as_ref().map(|endpoint| endpoint.url().to_owned()).unwrap_or_default(),
        events: wanted.names().into_iter().map(str::to_owned).collect(),
        is_on: endpoint.as_ref().is_none_or(|endpoint| endpoint.is_enabled()),
    };
    let draft = draft.unwrap_or_else(stored);
    let shown = WebhooksPage {
        frame: Frame::new(who, "webhooks", "Webhooks"),
        manages: who.may(Permission::ManageWebhooks),
        endpoint: endpoint.as_ref().map(|endpoint| Shown {
            url: endpoint.url().to_owned(),
            is_on: endpoint.is_enabled(),
            token_hint: endpoint.keys().hint(),
            overlap_ends_at: endpoint.overlap_ends_at(now),
            changed_at: endpoint.changed_at(),
        }),
        draft,
        events: event::names(),
        error,
        once: once::token(&who.platform),
    };
    Ok(page::html(status, &shown))
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&WebhooksPage {
        frame: Frame::sample("webhooks", "Webhooks"),
        manages: true,
        endpoint: Some(Shown {
            url: "https://example.com/outpay".to_owned(),
            is_on: true,
            token_hint: "wht_…abcd".to_owned(),
            overlap_ends_at: Some(1_800_086_400_000_000),
            changed_at: 1_800_000_000_000_000,
        }),
        draft: Draft {
            url: "https://example.com/outpay".to_owned(),
            events: vec!["payout.succeeded".to_owned()],
            is_on: true,
        },
        events: event::names(),
        error: None,
        once: "0".repeat(32),
    })
}
