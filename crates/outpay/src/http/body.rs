//! Reading bodies: bounded in size and time, declared as JSON, strictly parsed. Not here: what the fields mean.

use super::json::Object;
use super::known;
use super::observe::Observed;
use super::problem::Problem;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// Contract, section 0.
pub const LARGEST: usize = 64 * 1024;
/// 10,000 rows with the longest addresses and references.
pub const LARGEST_BATCH: usize = 8 * 1024 * 1024;
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The body as one strict JSON object of at most `most` bytes, with no field that the endpoint does not know.
pub async fn object(parts: &Parts, body: Body, most: usize) -> Result<Object, Problem> {
    if !is_json(parts) {
        return Err(Problem::NotJson);
    }
    let object = Object::parse(&read(parts, body, most).await?)?;
    known::check_fields(parts, &object)?;
    Ok(object)
}

/// The body of an endpoint that needs none.
pub async fn optional_object(parts: &Parts, body: Body) -> Result<Object, Problem> {
    check_declared(parts, &body)?;
    let object = any_object(parts, body).await?;
    known::check_fields(parts, &object)?;
    Ok(object)
}

/// The body whatever its fields are: JSON is read, any other body counts as empty. For what is read before the request has
/// authenticated; a request that does not is told nothing else.
pub(super) async fn any_object(parts: &Parts, body: Body) -> Result<Object, Problem> {
    if !is_json(parts) {
        return Ok(Object::default());
    }
    let bytes = read(parts, body, LARGEST).await?;
    if bytes.is_empty() { Ok(Object::default()) } else { Object::parse(&bytes) }
}

/// Refuses a body that is not declared as JSON: ignored, a pause of one method would be a pause of all.
pub(super) fn check_declared(parts: &Parts, body: &Body) -> Result<(), Problem> {
    let ignored = !is_json(parts) && !body.is_end_stream();
    if ignored && known::is_checked(parts) { Err(Problem::NotJson) } else { Ok(()) }
}

/// The body as it came, of any declared type.
pub(super) async fn raw(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    read(parts, body, LARGEST).await
}

async fn read(parts: &Parts, body: Body, most: usize) -> Result<Bytes, Problem> {
    let declared =
        parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(Problem::TooLarge(most));
    }
    let collected = tokio::time::timeout(LONGEST_WAIT, Limited::new(body, most).collect()).await;
    match collected.map_err(|_| Problem::TooSlow)? {
        Ok(body) => {
            let bytes = body.to_bytes();
            Observed::sent(&parts.extensions, &bytes);
            Ok(bytes)
        }
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::TooLarge(most)),
        // The client went away or sent broken chunks; the answer may not be read.
        Err(_) => Err(Problem::MalformedJson),
    }
}

/// `application/json` or `application/…+json`, with any parameters.
pub(super) fn is_json(parts: &Parts) -> bool {
    let value = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}
