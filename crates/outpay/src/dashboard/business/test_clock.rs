//! The clock of test mode on the settings page: what it shows, and moving it forward. Not here: what goes by it
//! (`crate::test_clock`).

use crate::dashboard::business::settings;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{idempotency, notice};
use crate::format::moment;
use crate::test_clock::{self, TestClock, TestClockError};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{Micros, Mode};

/// The clock, and the token of the form that moves it.
pub(crate) struct ClockForm {
    pub(crate) now: Micros,
    pub(crate) ahead: String,
    pub(crate) once: String,
}

/// The clock of this book; `None` in live mode.
pub(crate) async fn form(who: &SignedIn) -> Result<Option<ClockForm>, Declined> {
    if who.mode == Mode::Live {
        return Ok(None);
    }
    let clock = test_clock::read(&who.platform, who.book).await.map_err(declined)?;
    Ok(Some(ClockForm { now: clock.now, ahead: ahead(clock), once: idempotency::token(&who.platform) }))
}

fn ahead(TestClock { ahead_seconds, .. }: TestClock) -> String {
    let (days, rest) = (ahead_seconds / 86_400, ahead_seconds % 86_400);
    format!("{days} days, {:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

fn declined(error: TestClockError) -> Declined {
    match error {
        TestClockError::Failure(failure) => failure.into(),
        TestClockError::OtherRequest => Declined::Sentence(StatusCode::CONFLICT, error.to_string()),
        TestClockError::IsLive => {
            Declined::sentence("The clock of live money cannot be moved. Switch to test mode.")
        }
        error => Declined::sentence(error.to_string()),
    }
}

/// Moves it forward by so many minutes, hours or days.
pub async fn advance(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let once = idempotency::key(&form)?;
    let unit = match form.get("unit") {
        "minutes" => 60,
        "hours" => 3_600,
        "days" => 86_400,
        _ => return Err(Declined::sentence("Choose minutes, hours or days.")),
    };
    let number: Option<i64> = form.get("by").parse::<u32>().ok().map(i64::from);
    let seconds = number.and_then(|number| number.checked_mul(unit)).unwrap_or_default();
    match test_clock::advance(&who.platform, who.book, seconds, (who.actor(), Some(once))).await {
        Ok(clock) => {
            let mut response = page::see_other("/dashboard/settings");
            notice::leave(&mut response, format!("The clock of test mode shows {}.", moment(clock.now)));
            Ok(response)
        }
        Err(TestClockError::OutOfRange | TestClockError::TooFar) => {
            let sentence = "Enter a whole number. The clock can be at most 1,825 days ahead in total.";
            settings::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence.to_owned())).await
        }
        Err(error) => Err(declined(error)),
    }
}
