//! Another password. All other sessions of the member end.

use super::post::Posted;
use super::stop::Stop;
use super::{account, notice, visitor};
use crate::members::account::{AccountError, change_password};
use crate::members::sign_in::{Attempt, SignInError};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(posted: Posted) -> Result<Response, Stop> {
    let Posted { who, form } = posted;
    let again = async |status, sentence: &str| account::show(status, &who, Some(sentence.to_owned())).await;
    if form.get("password") != form.get("password_again") {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "The two new passwords differ.").await;
    }
    let (present, new) = (SecretString::from(form.get("present")), SecretString::from(form.get("password")));
    let attempt = Attempt {
        email: &who.member.email,
        password: &present,
        client: &who.client,
        device: who.device.as_deref(),
    };
    match change_password(&who.platform, &who.session, &attempt, &new).await {
        Ok(()) => {
            let mut response = page::see_other("/dashboard/account");
            notice::leave(&mut response, "Your password is changed. Your other sessions are ended.");
            Ok(response)
        }
        Err(AccountError::Failure(failure) | AccountError::Proof(SignInError::Failure(failure))) => {
            Err(failure.into())
        }
        Err(AccountError::Password(sentence)) => again(StatusCode::UNPROCESSABLE_ENTITY, sentence).await,
        Err(AccountError::Proof(SignInError::Wait(time))) => {
            let (status, sentence) = visitor::wait(time);
            again(status, &sentence).await
        }
        Err(AccountError::Proof(_)) => {
            again(StatusCode::UNPROCESSABLE_ENTITY, "Your present password is wrong.").await
        }
    }
}
