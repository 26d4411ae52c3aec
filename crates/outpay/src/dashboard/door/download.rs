//! Downloads. Not here: their content.

use crate::sheet::Sheet;
use crate::web::page;
use axum::response::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

/// A template for plain text, so that a download has the strict headers of pages.
#[derive(askama::Template)]
#[template(source = "{{ text|safe }}", ext = "html")]
struct Text<'a> {
    text: &'a str,
}

/// The sheet as a file. `name` consists of letters, digits, dashes and a dot.
#[must_use]
pub fn csv(name: &str, sheet: Sheet) -> Response {
    file(name, "text/csv; charset=utf-8", &sheet.text())
}

/// Bytes as a file of this type.
#[must_use]
pub fn bytes(name: &str, kind: &str, bytes: Vec<u8>) -> Response {
    let mut response = file(name, "application/octet-stream", "");
    let kind = HeaderValue::from_str(kind);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    *response.body_mut() = bytes.into();
    response
}

/// A text as a file of this type.
#[must_use]
pub fn file(name: &str, kind: &'static str, text: &str) -> Response {
    let mut response = page::html(StatusCode::OK, &Text { text });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.insert(CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    response
}
