//! Sends an invented event now; the page after it shows what the receiver did.

use super::notice;
use super::post::Posted;
use super::stop::Stop;
use crate::members::Permission;
use crate::store::DeliveryState;
use crate::web::page;
use crate::webhooks::event;
use axum::response::Response;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    who.require(Permission::ManageWebhooks)?;
    let kind = event::from_name(form.get("event")).ok_or_else(|| Stop::sentence("Choose an event."))?;
    let webhooks = &who.platform.webhooks;
    let trial = webhooks.test_endpoint(who.book, kind).await?;
    let id = webhooks.delivery_id(who.book, trial.delivery.number);
    let mut response = page::see_other(&format!("/dashboard/deliveries/{id}"));
    let word = match trial.delivery.state {
        DeliveryState::Delivered => "Your receiver has the test event.",
        DeliveryState::Pending | DeliveryState::Failed => {
            "Your receiver did not take the test event; see below."
        }
    };
    notice::leave(&mut response, word);
    Ok(response)
}
