//! `GET /p/of/{business}`: a business's own door, with its name, logo and colour, for its site to show in a frame. What stands
//! behind `#` opens it like `/p`.

use super::frame::Sender;
use super::stop::Stop;
use super::visit::{Named, Visitor};
use super::{door, enter, framing};
use crate::branding;
use crate::businesses;
use crate::platform::Platform;
use crate::store::Failure;
use crate::web::page;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;

/// Public.
pub(super) async fn handle(
    State(platform): State<Platform>,
    visitor: Visitor,
    Named(business): Named,
    uri: Uri,
) -> Response {
    match show(&platform, &visitor, &uri, business).await {
        Ok(Some(response)) => response,
        Ok(None) => page::not_found(),
        Err(failure) => Stop::failure(visitor.language, failure).into_response(),
    }
}

async fn show(
    platform: &Platform,
    visitor: &Visitor,
    uri: &Uri,
    business: String,
) -> Result<Option<Response>, Failure> {
    let Some(number) = businesses::number(platform, &business) else { return Ok(None) };
    if platform.store.business(number).await?.is_none() {
        return Ok(None);
    }
    let (branding, logo) =
        (branding::of(platform, number).await?, branding::logo_of(platform, number).await?);
    let sender = Sender::new(&branding, logo.as_ref());
    let mut response = enter::of(visitor.language, uri, sender, door::path(&business));
    framing::allow(&mut response, &branding.frame_origins);
    door::remember(&mut response, &business);
    Ok(Some(response))
}
