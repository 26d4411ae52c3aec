//! Which sites may show these pages in a frame: none, unless the business whose money it is allows their origin. The pages of
//! a session know their business; the door knows the one whose own door (`/p/of/{business}`) was opened last. Invariant:
//! nothing that a request says widens who may frame a page of a session.

use super::entrance;
use crate::branding::{self, FrameOrigins};
use crate::platform::Platform;
use crate::web::page;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Whoever may frame an answer; where an answer does not say, the door's business decides.
#[derive(Clone, Debug)]
struct MayFrame(FrameOrigins);

/// Lets a business's sites frame this answer.
pub(super) fn allow(response: &mut Response, origins: &FrameOrigins) {
    response.extensions_mut().insert(MayFrame(origins.clone()));
}

/// Around every page: writes into its policy who may frame it.
pub(super) async fn in_frames(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let of = entrance::business(&platform, request.headers());
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
