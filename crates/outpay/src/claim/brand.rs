//! Branding assets: logo and colour.
//!
//! `GET /p/logo/{name}`: a business's logo. Its name is a digest of its bytes, so browsers may cache it without limit. Invariant: the
//! response is an image of the type in its name, and nothing that a browser would run, even when opened by itself.

use super::declined::Declined;
use super::person::{ClaimVisitor, Named};
use crate::business::branding::{Colour, LogoName};
use crate::platform::Platform;
use crate::web::page;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

/// Public.
pub(super) async fn logo(
    State(platform): State<Platform>,
    visitor: ClaimVisitor,
    Named(name): Named,
) -> Response {
    let Some(name) = LogoName::parse(&name) else { return page::not_found() };
    let image = match platform.store.logo(name.as_str()).await {
        Ok(Some(image)) => image,
        Ok(None) => return page::not_found(),
        Err(failure) => return Declined::failure(visitor.language, failure).into_response(),
    };
    let headers = [
        (CONTENT_TYPE, name.media()),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, image).into_response()
}

/// `GET /p/colour/{rrggbb}.css`: a business's colour as a style sheet, because the policy forbids inline styles. It depends on its
/// path alone, so browsers may cache it without limit.
///
/// Public.
pub(super) async fn colour(Named(name): Named) -> Response {
    let digits = name.strip_suffix(".css").unwrap_or_default();
    let colour = Colour::parse(&format!("#{digits}"));
    let Some(colour) = colour.filter(|colour| colour.digits() == digits) else { return page::not_found() };
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, colour.style_sheet()).into_response()
}
