//! A first code of the new second factor was sent. Where it is right, the session is complete, and the recovery codes are
//! shown, this once.

use super::recovery_codes;
use super::stop::Stop;
use super::visitor::{self, HalfwayPosted};
use super::{enrolment, second_factor_try};
use crate::members::sign_in::{self, SignInError};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: HalfwayPosted) -> Result<Response, Stop> {
    let HalfwayPosted { who, form } = posted;
    match sign_in::enrol(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok((step, codes)) => {
            let mut response = recovery_codes::show(&codes);
            who.complete(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            enrolment::show(status, &who, Some(&sentence)).await
        }
        Err(SignInError::Wrong) => {
            enrolment::show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(second_factor_try::WRONG)).await
        }
        Err(SignInError::Over) => Ok(page::see_other("/dashboard/sign-in")),
    }
}
