//! `/dashboard/deliveries`: the log of webhook deliveries of this mode, newest first, by state; and the way to send all
//! again that failed.

use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::roles::Permission;
use crate::store::{Delivery, DeliveryState};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use serde_json::json;

const PAGE: i64 = 50;
/// Words for the filter.
pub(crate) const STATES: [(&str, &str); 5] = [
    ("", "All"),
    ("pending", "Pending"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("superseded", "Superseded"),
];

#[derive(askama::Template)]
#[template(path = "dashboard/developer/deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    manages: bool,
    status: String,
    deliveries: Vec<ShownDelivery>,
    older: Option<String>,
}

/// A delivery as pages show it.
pub struct ShownDelivery {
    pub(crate) id: String,
    pub(crate) event: &'static str,
    pub(crate) is_test: bool,
    /// `ord_…`; empty for a test send, and for an event of no withdrawal.
    pub(crate) order_id: String,
    pub(crate) status: &'static str,
    /// A class for the badge.
    pub(crate) badge: &'static str,
    pub(crate) attempts: i64,
    pub(crate) created_at: Micros,
    pub(crate) due_at: Option<Micros>,
    pub(crate) finished_at: Option<Micros>,
}

impl ShownDelivery {
    pub(crate) fn new(who: &SignedIn, stored: &Delivery) -> Self {
        let ids = who.platform.secrets.ids();
        let is_test = stored.sequence.is_none();
        let of_withdrawal = !is_test && stored.withdrawal > 0;
        let order_id = of_withdrawal.then(|| ids.seal(IdKind::Withdrawal, who.book, stored.withdrawal));
        Self {
            id: who.platform.webhooks.delivery_id(who.book, stored.number),
            event: stored.kind.event_name(),
            is_test,
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
        DeliveryState::Superseded => "badge-quiet",
    }
}

/// The page.
pub async fn view(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let platform = &who.platform;
    let status = query.get("status");
    let below = platform.secrets.ids().open(IdKind::Delivery, who.book, query.get("before"));
    let state = DeliveryState::from_word(status);
    let mut found = platform.store.deliveries(who.book, state, below, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| {
        let before = platform.webhooks.delivery_id(who.book, last.number);
        query::path("/dashboard/deliveries", &[("status", status), ("before", before.as_str())])
    });
    let shown = DeliveriesPage {
        frame: Frame::new(&who, "deliveries", "Webhook logs"),
        manages: who.may(Permission::ManageWebhooks),
        status: status.to_owned(),
        deliveries: found.iter().map(|stored| ShownDelivery::new(&who, stored)).collect(),
        older,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// Lets everything be sent again that failed since a moment, for a receiver that was down.
pub async fn replay(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let sentence = "Give a time in UTC, such as 2026-01-02T03:04.";
    let since = moment(form.get("since")).ok_or_else(|| Declined::sentence(sentence))?;
    let replayed = who.platform.webhooks.replay_deliveries(who.book, since).await?;
    let detail = json!({ "since": rfc3339(since), "deliveries": replayed });
    who.note("webhook.replayed", "", &detail).await?;
    let mut response = page::see_other("/dashboard/deliveries");
    notice::leave(&mut response, format!("Deliveries that are pending again: {replayed}."));
    Ok(response)
}

/// A time as browsers send it, to the minute or the second, or RFC 3339.
fn moment(text: &str) -> Option<Micros> {
    let time = match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

/// An invented delivery, for snapshots.
#[cfg(test)]
pub(crate) fn sample_delivery(state: DeliveryState) -> ShownDelivery {
    let is_pending = state == DeliveryState::Pending;
    ShownDelivery {
        id: "whd_0d7f0f0e-0000-8000-8000-000000000001".to_owned(),
        event: "payout.succeeded",
        is_test: false,
        order_id: "ord_0d7f0f0e-0000-8000-8000-000000000002".to_owned(),
        status: state.word(),
        badge: badge(state),
        attempts: 4,
        created_at: 1_800_000_000_000_000,
        due_at: is_pending.then_some(1_800_000_300_000_000),
        finished_at: (!is_pending).then_some(1_800_000_060_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_deliveries() {
        let states = DeliveryState::ALL;
        snapshot(
            "deliveries",
            &DeliveriesPage {
                frame: Frame::sample("deliveries", "Webhook logs"),
                manages: true,
                status: "failed".to_owned(),
                deliveries: states.map(sample_delivery).into(),
                older: Some("/dashboard/deliveries?before=whd_1".to_owned()),
            },
        );
    }

    #[test]
    fn times_are_read_as_browsers_send_them() {
        let expected = Some(1_767_323_040_000_000);
        for text in
            ["2026-01-02T03:04", "2026-01-02T03:04:00", "2026-01-02T03:04:00Z", "2026-01-02T04:04:00+01:00"]
        {
            assert_eq!(moment(text), expected, "{text}");
        }
        for wrong in ["", "yesterday", "2026-01-02", "2026-13-02T03:04"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
