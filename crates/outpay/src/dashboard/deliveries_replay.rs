//! Lets everything be sent again that failed since a moment, for a receiver that was down.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::clock::rfc3339;
use crate::members::Permission;
use crate::web::page;
use axum::response::Response;
use ledger::Micros;
use serde_json::json;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageWebhooks)?;
    let sentence = "Give a time in UTC, such as 2026-01-02T03:04.";
    let since = moment(form.get("since")).ok_or_else(|| Stop::sentence(sentence))?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
