//! `/dashboard/keys/{id}`: one API key: its limits, how it is used, and the ways to end it.

use crate::api_keys::{self, KeyError};
use crate::dashboard::developer::keys::{KeyStart, ShownKey, show_made};
use crate::dashboard::developer::usage_chart::{self, UsageChart};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::proposals;
use crate::roles::Permission;
use crate::store::{ApiKey, UsageCounts};
use crate::web::form::Form;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

#[derive(askama::Template)]
#[template(path = "dashboard/developer/key.html")]
struct KeyPage {
    frame: Frame,
    manages: bool,
    key: ShownKey,
    chart: UsageChart,
}

/// The page.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let key = find(&who, &id).await?;
    let platform = &who.platform;
    platform.requests.write().await?;
    let now = platform.clock.now();
    let hours = platform.store.key_usage(key.book, key.number, usage_chart::beginning(now)).await?;
    let title = if key.name.is_empty() { key.hint.clone() } else { key.name.clone() };
    let shown = KeyPage {
        frame: Frame::new(&who, "keys", title).under("/dashboard/keys", "API keys"),
        manages: who.may(Permission::ManageKeys) && key.status(now) == "active",
        key: ShownKey::new(&who, &key, &UsageCounts::default()),
        chart: UsageChart::new(&hours, now),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// A key of this business, of either mode.
pub(crate) async fn find(who: &SignedIn, id: &str) -> Result<ApiKey, Declined> {
    let key = api_keys::find(&who.platform, id).await?;
    if key.book.business() == who.business.number { Ok(key) } else { Err(Declined::NotFound) }
}

const HOUR: Micros = 3_600_000_000;
/// Thirty days.
const MOST_HOURS: i64 = 720;

/// The form's field `hours`: how long the old key or secret stays valid beside the new one. Empty is 0.
pub(crate) fn overlap(form: &Form) -> Result<Micros, Declined> {
    let hours = match form.get("hours") {
        "" => Some(0),
        text => text.parse::<i64>().ok().filter(|hours| (0..=MOST_HOURS).contains(hours)),
    };
    let sentence = || {
        Declined::sentence(format!(
            "Keep the old key valid for (hours): enter a whole number from 0 to {MOST_HOURS}."
        ))
    };
    Ok(hours.ok_or_else(sentence)? * HOUR)
}

/// A key in the place of another, which goes on working for as long as its owner says.
pub async fn roll(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let old = find(&who, &id).await?;
    let overlap = overlap(&form)?;
    let now = who.platform.clock.now();
    let (made, waits) = match api_keys::roll(&who.platform, &old, overlap, who.actor()).await {
        Err(KeyError::NeedsSecondPerson) => {
            (proposals::rolled_key(&who.platform, &old, overlap, who.actor()).await?.0, true)
        }
        made => (made?, false),
    };
    let new = api_keys::id(&who.platform, old.book, made.number);
    let old_ends_at = old.expires_at.map_or(now + overlap, |planned| planned.min(now + overlap));
    let old_ends_at = (!waits).then_some(old_ends_at);
    Ok(show_made(&who, &new, &made, KeyStart { old_ends_at, waits }))
}

/// Ends a key at once.
pub async fn revoke(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form: _ } = posted;
    let found = find(&who, &id).await?;
    api_keys::revoke(&who.platform, &found, who.actor()).await?;
    let mut response = page::see_other("/dashboard/keys");
    notice::leave(&mut response, format!("{} is revoked.", found.hint));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::developer::keys::sample_key;
    use crate::dashboard::snapshot;
    use crate::store::KeyUsage;
    use ledger::BookId;

    #[test]
    fn page_key() {
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
        snapshot(
            "key",
            &KeyPage {
                frame: Frame::sample("keys", "Payroll"),
                manages: true,
                key: sample_key("Payroll", "active"),
                chart: UsageChart::new(
                    &[hour(9, 40, 0), hour(2, 300, 20), hour(1, 120, 4), hour(0, 60, 0)],
                    now,
                ),
            },
        );
    }
}
