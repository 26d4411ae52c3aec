//! Which sites may show these pages in a frame: none, unless the business whose money it is allows their origin. The pages of
//! a session know their business; the door knows the one whose own door (`/p/of/{business}`) was opened last. Invariant:
//! nothing that a request says widens who may frame a page of a session.

use crate::branding::{self, FrameOrigins};
use crate::businesses;
use crate::platform::Platform;
use crate::web::{cookie, page};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;

/// The public id of the business whose door was opened last, until the browser is closed.
pub(super) const COOKIE: &str = "claim-of";

/// Where somebody whose session is over goes: to the door that was opened last, or to everybody's.
pub(super) fn way_out(platform: &Platform, headers: &HeaderMap, notice: &str) -> Response {
    let of = cookie::read(headers, COOKIE).filter(|id| businesses::number(platform, id).is_some());
    let door = of.map_or_else(|| "/p".to_owned(), |id| format!("/p/of/{id}"));
    page::see_other(&format!("{door}?{notice}"))
}

/// Whoever signs in with money of another business than the door's has left that door.
pub(super) fn leave_other_door(platform: &Platform, headers: &HeaderMap, own: i64, response: &mut Response) {
    let of = cookie::read(headers, COOKIE);
    if of.is_some_and(|id| businesses::number(platform, id) != Some(own)) {
        cookie::clear(response, COOKIE);
    }
}

/// Whoever may frame an answer; where an answer does not say, the door's business decides.
#[derive(Clone, Debug)]
struct MayFrame(FrameOrigins);

/// Lets a business's sites frame this answer.
pub(super) fn allow(response: &mut Response, origins: &FrameOrigins) {
    response.extensions_mut().insert(MayFrame(origins.clone()));
}

/// Around every page: writes into its policy who may frame it.
pub(super) async fn in_frames(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let of = cookie::read(request.headers(), COOKIE).and_then(|id| businesses::number(&platform, id));
    let mut response = next.run(request).await;
    if !page::is_framed_by_nobody(&response) {
        return response;
    }
    let said = response.extensions_mut().remove::<MayFrame>();
    let origins = match (said, of) {
        (Some(MayFrame(origins)), _) => origins,
        (None, Some(business)) => match branding::of(&platform, business).await {
            Ok(branding) => branding.frame_origins,
            // What was done is done, and its answer goes out; in a frame it is not shown, which is the safe side.
            Err(failure) => {
                tracing::error!(error = format!("{failure:#}"), "who may frame a page could not be read");
                return response;
            }
        },
        (None, None) => return response,
    };
    page::allow_frames(&mut response, &origins.to_string());
    response
}
