//! A code was sent. It works once, whichever kind it is.

use super::second_factor;
use super::stop::Stop;
use super::visitor::{self, HalfwayPosted};
use crate::members::sign_in::{SignInError, with_code};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

pub(super) const WRONG: &str = "The code is wrong, or was used before. Wait for the next one.";

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: HalfwayPosted) -> Result<Response, Stop> {
    let HalfwayPosted { who, form } = posted;
    match with_code(&who.platform, &who.session, form.get("code"), &who.client, who.device()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            who.complete(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            Ok(second_factor::show(status, &who, Some(&sentence)))
        }
        Err(SignInError::Wrong) => {
            Ok(second_factor::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(WRONG)))
        }
        Err(SignInError::Over) => Ok(page::see_other("/dashboard/sign-in")),
    }
}
