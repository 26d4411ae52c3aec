//! `/dashboard/deliveries`: the log of webhook deliveries of this mode, by id, withdrawal, person, amount, state, endpoint and day, and as a
//! CSV; and the way to send all again that failed.

use crate::clock::rfc3339;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::download;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::list::{ListBar, ListKind, ListQuery, TypedSearch};
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::query::Query;
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::roles::Permission;
use crate::store::{Delivery, DeliveryList, DeliveryState, ListPage, SearchKind, WebhookEndpoint};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;
use serde_json::json;

pub(crate) const LIST: ListKind = ListKind {
    path: "/dashboard/deliveries",
    search: Some(SearchKind::Deliveries),
    id: Some(IdKind::Delivery),
    has_amounts: true,
    own: &["status", "endpoint"],
    rare: &["endpoint"],
    nouns: ("delivery", "deliveries"),
};

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
    endpoint: String,
    /// Ids and addresses of the endpoints.
    endpoints: Vec<(String, String)>,
    list: ListBar,
    deliveries: Vec<ShownDelivery>,
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
    let list = ListQuery::read(&query, LIST);
    let (mut page, mut behind, mut error) = (ListPage::default(), 0, None);
    match wanted(&who, &list) {
        Ok((wanted, typed)) => {
            behind = list.behind(&who, &typed).await?;
            page = who.platform.store.list_deliveries(who.book, &wanted, &list.window(&who)).await?;
        }
        Err(sentence) => error = Some(sentence),
    }
    let endpoints = who.platform.store.webhook_endpoints(who.book).await?;
    let endpoint = |row: WebhookEndpoint| (who.platform.webhooks.endpoint_id(row.key), row.url);
    let shown = DeliveriesPage {
        frame: Frame::new(&who, "deliveries", "Webhook logs"),
        manages: who.may(Permission::ManageWebhooks),
        status: list.own("status").to_owned(),
        endpoint: list.own("endpoint").to_owned(),
        endpoints: endpoints.into_iter().map(endpoint).collect(),
        deliveries: page.rows.iter().map(|stored| ShownDelivery::new(&who, stored)).collect(),
        list: list.bar(&who, &page, error, behind),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// The list that was asked for, or what is wrong with the question.
fn wanted(who: &SignedIn, list: &ListQuery) -> Result<(DeliveryList, TypedSearch), String> {
    let ids = who.platform.secrets.ids();
    let mut typed = list.typed(who)?;
    let mut wanted = DeliveryList { any: list.filter(&typed)?, ..DeliveryList::default() };
    if let TypedSearch::Row(number) = typed {
        wanted.number = Some(number);
    }
    if let TypedSearch::Text(text) = &typed
        && let Some(number) = ids.open(IdKind::Withdrawal, who.book, text)
    {
        wanted.withdrawal = Some(number);
        wanted.any.text.clear();
        typed = TypedSearch::Nothing;
    }
    wanted.state = DeliveryState::from_word(list.own("status"));
    if !list.own("endpoint").is_empty() {
        let number = ids.open(IdKind::WebhookEndpoint, who.book, list.own("endpoint"));
        wanted.endpoint = Some(number.unwrap_or_default());
    }
    Ok((wanted, typed))
}

const COLUMNS: [&str; 8] =
    ["id", "event", "withdrawal", "status", "attempts", "created_at", "next_attempt_at", "finished_at"];

/// The list as a CSV, with the filter and the order that the page has.
pub async fn export(who: SignedIn, query: Query) -> Result<Response, Declined> {
    let list = ListQuery::read(&query, LIST);
    let (wanted, typed) = wanted(&who, &list).map_err(Declined::sentence)?;
    list.behind(&who, &typed).await?;
    Ok(download::csv_stream(
        "webhook-deliveries.csv",
        &COLUMNS,
        (who, list, wanted),
        move |of, after| async move {
            let (who, list, wanted) = &*of;
            let store = &who.platform.store;
            let page = store.list_deliveries(who.book, wanted, &list.export_window(after)).await?;
            let cells = |stored: &Delivery| {
                let shown = ShownDelivery::new(who, stored);
                let moment = |at: Option<Micros>| at.map(rfc3339).unwrap_or_default();
                vec![
                    shown.id,
                    shown.event.to_owned(),
                    shown.order_id,
                    shown.status.to_owned(),
                    shown.attempts.to_string(),
                    rfc3339(shown.created_at),
                    moment(shown.due_at),
                    moment(shown.finished_at),
                ]
            };
            Ok((page.rows.iter().map(cells).collect(), page.next))
        },
    ))
}

/// Lets everything be sent again that failed since a moment, for a receiver that was down.
pub async fn replay(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let sentence = "Since (UTC): enter a time such as 2026-01-02T03:04.";
    let since = moment(form.get("since")).ok_or_else(|| Declined::sentence(sentence))?;
    let replayed = who.platform.webhooks.replay_deliveries(who.book, since).await?;
    let detail = json!({ "since": rfc3339(since), "deliveries": replayed });
    who.note("webhook.replayed", "", &detail).await?;
    let mut response = page::see_other("/dashboard/deliveries");
    notice::leave(&mut response, format!("Deliveries to be retried: {replayed}."));
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
    use crate::dashboard::door::list::sample_bar;
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
                endpoint: String::new(),
                endpoints: vec![("whe_1".to_owned(), "https://example.com/hook".to_owned())],
                list: sample_bar("/dashboard/deliveries", "", "4 deliveries"),
                deliveries: states.map(sample_delivery).into(),
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
