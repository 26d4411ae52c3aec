//! The movable clock of test mode: what it shows, and moving it forward. A live key has no such clock (403). Not here: what goes by
//! it (`crate::test_clock`).

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::error_code::ErrorCode;
use super::json::{Json, Object};
use super::once::once;
use super::problem::{Problem, field};
use super::show;
use crate::auth::Caller;
use crate::clock::rfc3339;
use crate::test_clock::{self, MOST_SECONDS, TestClock, TestClockError};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, Mode, Refusal};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The clock of a test book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestClock)]
pub struct TestClockShown {
    /// The time of the book.
    now: String,
    /// How many seconds it is ahead.
    #[schema(minimum = 0)]
    ahead_seconds: i64,
}

impl From<TestClock> for TestClockShown {
    fn from(clock: TestClock) -> Self {
        Self { now: rfc3339(clock.now), ahead_seconds: clock.ahead_seconds }
    }
}

impl From<TestClockError> for Problem {
    fn from(error: TestClockError) -> Self {
        match error {
            TestClockError::IsLive => Self::Coded(
                StatusCode::FORBIDDEN,
                TestClockError::IsLive.to_string(),
                ErrorCode::TestModeOnly,
            ),
            error @ (TestClockError::OutOfRange | TestClockError::TooFar) => {
                field("advance_seconds", error.to_string())
            }
            TestClockError::OtherRequest => Self::Refused(Refusal::IdempotencyKeyWasUsedForAnotherRequest),
            TestClockError::Failure(failure) => Self::Failure(failure),
        }
    }
}

fn of_test_mode(caller: Caller) -> Result<Caller, Problem> {
    if caller.book.mode() == Mode::Test { Ok(caller) } else { Err(TestClockError::IsLive.into()) }
}

/// Get the test clock.
///
/// The movable clock of the test book. Test keys only.
#[utoipa::path(
    get, path = "/test/clock", tag = "Test mode", operation_id = "getTestClock", security(("secret_key" = [])),
    responses((status = 200, description = "The clock", body = TestClockShown), (status = 401, description = "No valid secret key"),
        (status = 403, description = "A live key (`test_mode_only`)"), (status = 429, description = "Too many requests")))]
pub async fn clock(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = of_test_mode(door.business(&parts).await?)?;
    Ok(show::ok(&TestClockShown::from(test_clock::read(&door.platform, caller.book).await?)))
}

/// By how much.
#[derive(ToSchema)]
pub struct AdvanceBody {
    /// Seconds; the clock may be at most five years of 365 days ahead in all.
    #[schema(minimum = 1, maximum = 157_680_000, example = 86_400)]
    advance_seconds: i64,
}

impl AdvanceBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        match fields.get("advance_seconds") {
            Some(Json::Integer(seconds)) if (1..=MOST_SECONDS).contains(seconds) => {
                Ok(Self { advance_seconds: *seconds })
            }
            None => Err(field("advance_seconds", "The advance_seconds field is required.")),
            Some(_) => Err(TestClockError::OutOfRange.into()),
        }
    }
}

/// Move the test clock forward.
///
/// Moves the clock of the test book forward, so that money expires, reminders are sent and retries come due. It never goes
/// back. Test keys only.
#[utoipa::path(
    post, path = "/test/clock", tag = "Test mode", operation_id = "advanceTestClock", request_body = AdvanceBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat moves it no further")),
    responses((status = 200, description = "The clock afterwards", body = TestClockShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "A live key (`test_mode_only`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn clock_advance(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = of_test_mode(door.business(&parts).await?)?;
    let key = once_key(&parts.headers)?;
    let AdvanceBody { advance_seconds } = AdvanceBody::read(&body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let by = (Actor(caller.subject), key);
    let work = async {
        let advanced = test_clock::advance(&door.platform, caller.book, advance_seconds, by).await?;
        Ok::<_, Problem>(TestClockShown::from(advanced))
    };
    once(&door, caller, (key, format!("advance the test clock\n{advance_seconds}")), work).await
}
