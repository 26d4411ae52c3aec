//! `/dashboard/account/second-factor`: another authenticator app in the place of the one before. The old one stays until a code of the
//! new one was given.

use crate::dashboard::access::account::WRONG_CODE_OF_APP;
use crate::dashboard::access::{account, enrolment, second_factor};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::members::account::{
    AccountError, begin_second_factor, begun_second_factor, replace_second_factor,
};
use crate::members::sign_in::SignInError;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

/// A code of the present app was sent: shows the key of the next one.
pub async fn begin(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    match begin_second_factor(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok(key) => show(StatusCode::OK, &who, &key, None),
        Err(error) => Err(account::declined(error, WRONG_CODE_OF_APP)),
    }
}

fn show(
    status: StatusCode,
    who: &SignedIn,
    key: &SecretString,
    error: Option<&str>,
) -> Result<Response, Declined> {
    let action = "/dashboard/account/second-factor/confirm";
    enrolment::show_key(status, &who.csrf, action, (key, &who.member.email), error)
}

/// A code of the new app was sent.
pub async fn confirm(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    match replace_second_factor(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok(()) => {
            let mut response = page::see_other("/dashboard/account");
            notice::leave(&mut response, "Your second factor is changed. Your other sessions are ended.");
            Ok(response)
        }
        Err(AccountError::Proof(SignInError::Wrong)) => {
            match begun_second_factor(&who.platform, &who.session)? {
                Some(key) => {
                    let error = Some(second_factor::WRONG_CODE);
                    show(StatusCode::UNPROCESSABLE_ENTITY, &who, &key, error)
                }
                None => Ok(page::see_other("/dashboard/account")),
            }
        }
        // Begun in another session, or done already.
        Err(AccountError::Proof(SignInError::Over)) => Ok(page::see_other("/dashboard/account")),
        Err(error) => Err(account::declined(error, WRONG_CODE_OF_APP)),
    }
}
