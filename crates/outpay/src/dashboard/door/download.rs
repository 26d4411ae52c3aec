//! Downloads. Not here: their content.

use crate::sheet::Sheet;
use crate::store::Failure;
use crate::web::page;
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::future::{TryFutureExt, ready};
use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use std::sync::Arc;

const CSV: &str = "text/csv; charset=utf-8";

/// A template for plain text, so that a download has the strict headers of pages.
#[derive(askama::Template)]
#[template(source = "{{ text|safe }}", ext = "html")]
struct Text<'a> {
    text: &'a str,
}

/// The sheet as a file. `name` consists of letters, digits, dashes and a dot.
#[must_use]
pub fn csv(name: &str, sheet: Sheet) -> Response {
    file(name, CSV, &sheet.text())
}

/// A sheet that is sent while it is written, however long it is: first the header, then the piece that `next` makes of what is left,
/// until there is none. After a failure the connection ends early, so that a part is not taken for the whole.
#[must_use]
pub fn csv_in_pieces<T, N, F>(name: &str, header: &[&str], rest: T, next: N) -> Response
where
    T: Send + 'static,
    N: Fn(T) -> F + Send + 'static,
    F: Future<Output = Result<Option<(Sheet, T)>, Failure>> + Send + 'static,
{
    let head = Ok(Bytes::from(Sheet::new(header).text()));
    let pieces = stream::try_unfold(rest, move |rest| next(rest).map_ok(with_bytes).inspect_err(log));
    let mut response = file(name, CSV, "");
    *response.body_mut() = Body::from_stream(stream::once(ready(head)).chain(pieces));
    response
}

fn with_bytes<T>(piece: Option<(Sheet, T)>) -> Option<(Bytes, T)> {
    piece.map(|(sheet, rest)| (Bytes::from(sheet.text()), rest))
}

fn log(failure: &Failure) {
    tracing::error!(error = format!("{failure:#}"), "a download ended early");
}

/// Rows of a file, and where to go on.
pub type CsvRows<P> = (Vec<Vec<String>>, Option<P>);

/// A CSV of any length, which is read page by page while it is sent. `read` gives the rows of `list` after a place.
#[must_use]
pub fn csv_stream<L, P, Read, Rows>(name: &str, header: &[&str], list: L, read: Read) -> Response
where
    L: Send + Sync + 'static,
    P: Send + 'static,
    Read: Fn(Arc<L>, Option<P>) -> Rows + Send + 'static,
    Rows: Future<Output = Result<CsvRows<P>, Failure>> + Send + 'static,
{
    let list = Arc::new(list);
    csv_in_pieces(name, header, Some(None), move |place: Option<Option<P>>| {
        let rows = place.map(|place| read(Arc::clone(&list), place));
        async move {
            let Some(rows) = rows else { return Ok(None) };
            let (rows, next) = rows.await?;
            let mut sheet = Sheet::continued();
            rows.iter().for_each(|row| sheet.row(row));
            Ok(Some((sheet, next.map(Some))))
        }
    })
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
