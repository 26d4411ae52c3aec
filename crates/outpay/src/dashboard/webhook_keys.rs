//! The page that shows what deliveries are signed with, this once: it is the answer to the form that made it.

use super::frame::Frame;
use super::signed_in::SignedIn;
use crate::web::page;
use crate::webhooks::Endpoint;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use secrecy::ExposeSecret;

#[derive(askama::Template)]
#[template(path = "dashboard/webhook_keys.html")]
struct WebhookKeysPage<'a> {
    frame: Frame,
    token: &'a str,
    secret: &'a str,
    overlap_ends_at: Option<Micros>,
}

pub(super) fn show(who: &SignedIn, endpoint: &Endpoint) -> Response {
    let shown = WebhookKeysPage {
        frame: Frame::new(who, "webhooks", "Webhook keys"),
        token: endpoint.keys().token.expose_secret(),
        secret: endpoint.keys().secret.expose_secret(),
        overlap_ends_at: endpoint.overlap_ends_at(who.platform.clock.now()),
    };
    page::html(StatusCode::OK, &shown)
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&WebhookKeysPage {
        frame: Frame::sample("webhooks", "Webhook keys"),
        token: "wht_example",
        secret: "whsec_example",
        overlap_ends_at: Some(1_800_086_400_000_000),
    })
}
