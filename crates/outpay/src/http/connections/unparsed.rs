//! The answer to what is no request: too long, incomplete, or not HTTP. It is made of the same parts as every other answer: an
//! error with a code, a request id, a line in the log, a count in the metrics.

use crate::http::door::Door;
use crate::http::error_code::ErrorCode;
use crate::http::observe;
use crate::http::problem::{Problem, coded_body};
use crate::http::security_headers;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, DATE};
use http::{HeaderValue, Response, StatusCode};

/// The bytes of the whole answer, after which the connection ends.
pub(super) fn answer(door: &Door, status: StatusCode, is_tls: bool) -> Bytes {
    let (sentence, code) = match status {
        StatusCode::REQUEST_TIMEOUT => ("The request did not arrive in time.", ErrorCode::RequestTimeout),
        StatusCode::URI_TOO_LONG => ("The address of the request is too long.", ErrorCode::UriTooLong),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("The headers of the request are too many or too long.", ErrorCode::HeadersTooLarge)
        }
        _ => ("The request is not valid HTTP.", ErrorCode::MalformedRequest),
    };
    let body = coded_body(sentence, code);
    let mut response = Problem::Coded(status, sentence.to_owned(), code).into_response();
    observe::unparsed(door, &mut response);
    let headers = response.headers_mut();
    security_headers::add(headers, is_tls);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Some(date) = date(door) {
        headers.insert(DATE, date);
    }
    written(&response.map(|_| body))
}

/// RFC 9110, 6.6.1.
fn date(door: &Door) -> Option<HeaderValue> {
    let now = jiff::Timestamp::from_microsecond(door.platform.clock.now()).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

fn written(response: &Response<String>) -> Bytes {
    let mut bytes = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(response.body().as_bytes());
    bytes.into()
}
