//! `/dashboard/keys/{id}`: one API key: its limits, how it is used, and the ways to end it.

use super::frame::Frame;
use super::keys::{Shown, sample_key};
use super::signed_in::SignedIn;
use super::stop::Stop;
use super::usage_chart::{self, UsageChart};
use crate::auth::keys;
use crate::members::Permission;
use crate::store::{ApiKey, KeyUsage, UsageCounts};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::BookId;

#[derive(askama::Template)]
#[template(path = "dashboard/key.html")]
struct KeyPage {
    frame: Frame,
    manages: bool,
    key: Shown,
    chart: UsageChart,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn, Path(id): Path<String>) -> Result<Response, Stop> {
    let key = find(&who, &id).await?;
    let platform = &who.platform;
    platform.requests.write().await?;
    let now = platform.clock.now();
    let hours = platform.store.key_usage(key.book, key.number, usage_chart::beginning(now)).await?;
    let title = if key.name.is_empty() { key.hint.clone() } else { key.name.clone() };
    let shown = KeyPage {
        frame: Frame::new(&who, "keys", title),
        manages: who.may(Permission::ManageKeys) && key.status(now) == "active",
        key: Shown::new(&who, &key, &UsageCounts::default()),
        chart: UsageChart::new(&hours, now),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// A key of this business, of either mode.
pub(super) async fn find(who: &SignedIn, id: &str) -> Result<ApiKey, Stop> {
    let key = keys::find(&who.platform, id).await?;
    if key.book.business() == who.business.number { Ok(key) } else { Err(Stop::NotFound) }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let now = 1_800_000_000_000_000;
    let hour = |ago: i64, requests: i64, errors: i64| KeyUsage {
        book: BookId(2),
        key: 1,
        hour: now - ago * 86_400_000_000,
        counts: UsageCounts {
            requests,
            client_errors: errors,
            server_errors: errors / 4,
            micros: requests * 900,
            within: [requests - errors, errors, 0, 0, 0, 0, 0, 0],
            moved: requests * 2_500,
        },
    };
    super::sample(&KeyPage {
        frame: Frame::sample("keys", "Payroll"),
        manages: true,
        key: sample_key("Payroll", "active"),
        chart: UsageChart::new(&[hour(9, 40, 0), hour(2, 300, 20), hour(1, 120, 4), hour(0, 60, 0)], now),
    })
}
