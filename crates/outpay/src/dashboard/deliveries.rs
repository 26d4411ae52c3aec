//! `/dashboard/deliveries`: the log of webhook deliveries of this mode, newest first, by state; and the way to send all
//! again that failed.

use super::frame::Frame;
use super::sent::{Sent, link};
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::Permission;
use crate::store::{Delivery, DeliveryState};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

const PAGE: i64 = 50;
/// Words for the filter.
pub(crate) const STATES: [(&str, &str); 4] =
    [("", "All"), ("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")];

#[derive(askama::Template)]
#[template(path = "dashboard/deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    manages: bool,
    status: String,
    deliveries: Vec<Shown>,
    older: Option<String>,
}

/// A delivery as pages show it.
pub struct Shown {
    pub(super) id: String,
    pub(super) event: &'static str,
    /// `ord_…`; empty for a test send.
    pub(super) order_id: String,
    pub(super) status: &'static str,
    /// A class for the badge.
    pub(super) badge: &'static str,
    pub(super) attempts: i64,
    pub(super) created_at: Micros,
    pub(super) due_at: Option<Micros>,
    pub(super) finished_at: Option<Micros>,
}

impl Shown {
    pub(super) fn new(who: &SignedIn, stored: &Delivery) -> Self {
        let ids = who.platform.secrets.ids();
        let order_id = stored.sequence.map(|_| ids.seal(IdKind::Withdrawal, who.book, stored.withdrawal));
        Self {
            id: who.platform.webhooks.delivery_id(who.book, stored.number),
            event: stored.kind.event_name(),
            order_id: order_id.unwrap_or_default(),
            status: stored.state.word(),
            badge: badge(stored.state),
            attempts: stored.attempts,
            created_at: stored.created_at,
            due_at: stored.due_at,
            finished_at: stored.finished_at,
        }
    }
}

fn badge(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "badge-warn",
        DeliveryState::Delivered => "badge-good",
        DeliveryState::Failed => "badge-bad",
    }
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, sent: Sent) -> Result<Response, Stop> {
    let platform = &who.platform;
    let status = sent.get("status");
    let below = platform.secrets.ids().open(IdKind::Delivery, who.book, &sent.get("before"));
    let state = DeliveryState::from_word(&status);
    let mut found = platform.store.deliveries(who.book, state, below, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| {
        let before = platform.webhooks.delivery_id(who.book, last.number);
        link("/dashboard/deliveries", &[("status", status.as_str()), ("before", before.as_str())])
    });
    let shown = DeliveriesPage {
        frame: Frame::new(&who, "deliveries", "Webhook logs"),
        manages: who.may(Permission::ManageWebhooks),
        status,
        deliveries: found.iter().map(|stored| Shown::new(&who, stored)).collect(),
        older,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// An invented delivery, for snapshots.
pub(super) fn sample_delivery(state: DeliveryState) -> Shown {
    let is_pending = state == DeliveryState::Pending;
    Shown {
        id: "whd_0d7f0f0e-0000-8000-8000-000000000001".to_owned(),
        event: "payout.succeeded",
        order_id: "ord_0d7f0f0e-0000-8000-8000-000000000002".to_owned(),
        status: state.word(),
        badge: badge(state),
        attempts: 4,
        created_at: 1_800_000_000_000_000,
        due_at: is_pending.then_some(1_800_000_300_000_000),
        finished_at: (!is_pending).then_some(1_800_000_060_000_000),
    }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let states = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Failed];
    super::sample(&DeliveriesPage {
        frame: Frame::sample("deliveries", "Webhook logs"),
        manages: true,
        status: "failed".to_owned(),
        deliveries: states.map(sample_delivery).into(),
        older: Some("/dashboard/deliveries?before=whd_1".to_owned()),
    })
}
