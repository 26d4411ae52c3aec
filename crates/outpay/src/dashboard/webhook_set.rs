//! Sets where events go, which, and whether. The first time, the answer shows the keys that deliveries are signed with.

use super::post::Posted;
use super::stop::Stop;
use super::webhooks::{Draft, show};
use super::{notice, webhook_keys};
use crate::members::Permission;
use crate::web::page;
use crate::webhooks::event::EventSet;
use crate::webhooks::{Change, WebhookError};
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageWebhooks)?;
    let draft = Draft {
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
    let change = Change { url, enabled, events: Some(events) };
    let (endpoint, is_new) = match who.platform.webhooks.set_endpoint(who.book, who.actor(), &change).await {
        Ok(set) => set,
        Err(error @ (WebhookError::Url(_) | WebhookError::UrlIsMissing)) => {
            return again(error.to_string()).await;
        }
        Err(error) => return Err(error.into()),
    };
    if is_new {
        return Ok(webhook_keys::show(&who, &endpoint));
    }
    let mut response = page::see_other("/dashboard/webhooks");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}
