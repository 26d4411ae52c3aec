//! `GET /p/colour/{rrggbb}.css`: a business's colour as a style sheet, since no page may style itself. It depends on its
//! address alone, so browsers keep it for ever.

use super::visit::Named;
use crate::branding::Colour;
use crate::web::page;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

/// Public.
pub(super) async fn handle(Named(name): Named) -> Response {
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
