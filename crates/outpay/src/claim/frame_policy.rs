//! The `frame-ancestors` of pages: no site, unless the business whose money it is allows its origin. The pages of a session know
//! their business; the entrance takes the business whose own entrance (`/p/of/{business}`) was opened last. Invariant: nothing
//! in a request widens the policy of a page of a session.

use super::entrance;
use crate::business::branding::{self, FrameOrigins};
use crate::platform::Platform;
use crate::web::page;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// The origins that may frame a response; without it the business of the entrance decides.
#[derive(Clone, Debug)]
struct MayFrame(FrameOrigins);

/// Lets a business's sites frame this answer.
pub(super) fn allow(response: &mut Response, origins: &FrameOrigins) {
    response.extensions_mut().insert(MayFrame(origins.clone()));
}

/// Middleware around every page: writes the allowed origins into its content security policy.
pub(super) async fn in_frames(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let of = entrance::business(&platform, request.headers());
    let mut response = next.run(request).await;
    if !page::forbids_frames(&response) {
        return response;
    }
    let said = response.extensions_mut().remove::<MayFrame>();
    let origins = match (said, of) {
        (Some(MayFrame(origins)), _) => origins,
        (None, Some(business)) => match branding::of(&platform, business).await {
            Ok(branding) => branding.frame_origins,
            // The action is done, so its response is sent; it is not shown in a frame, which is the safe default.
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
