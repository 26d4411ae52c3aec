//! New recovery codes in the place of all old ones, for a code of the app.

use super::post::Posted;
use super::stop::Stop;
use super::{account, recovery_codes, second_factor_try, visitor};
use crate::members::account::{AccountError, renew_recovery_codes};
use crate::members::sign_in::SignInError;
use axum::response::Response;
use http::StatusCode;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let again = async |status, sentence: &str| account::show(status, &who, Some(sentence.to_owned())).await;
    match renew_recovery_codes(&who.platform, &who.session, form.get("code")).await {
        Ok(codes) => Ok(recovery_codes::show(&codes)),
        Err(AccountError::Failure(failure) | AccountError::Proof(SignInError::Failure(failure))) => {
            Err(failure.into())
        }
        Err(AccountError::Proof(SignInError::Wait(time))) => {
            let (status, sentence) = visitor::wait(time);
            again(status, &sentence).await
        }
        Err(AccountError::Proof(_) | AccountError::Password(_)) => {
            again(StatusCode::UNPROCESSABLE_ENTITY, second_factor_try::WRONG).await
        }
    }
}
