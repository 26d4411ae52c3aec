//! The recovery codes, shown once: after enrolling, and after they were renewed. Not a page of its own: there is no address
//! under which they could be read again.

use crate::dashboard::access::{account, second_factor};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor;
use crate::members::account::{AccountError, renew_recovery_codes};
use crate::members::sign_in::SignInError;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

#[derive(askama::Template)]
#[template(path = "dashboard/access/recovery_codes.html")]
struct RecoveryCodesPage<'a> {
    codes: Vec<&'a str>,
}

pub(crate) fn show(codes: &[SecretString]) -> Response {
    let codes = codes.iter().map(|code| code.expose_secret()).collect();
    page::html(StatusCode::OK, &RecoveryCodesPage { codes })
}

/// New recovery codes in the place of all old ones, for a code of the app.
pub async fn renew(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let again = async |status, sentence: &str| account::show(status, &who, Some(sentence.to_owned())).await;
    match renew_recovery_codes(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok(codes) => Ok(show(&codes)),
        Err(AccountError::Failure(failure) | AccountError::Proof(SignInError::Failure(failure))) => {
            Err(failure.into())
        }
        Err(AccountError::Proof(SignInError::Wait(time))) => {
            let (status, sentence) = visitor::wait(time);
            again(status, &sentence).await
        }
        Err(AccountError::Proof(_) | AccountError::Password(_)) => {
            again(StatusCode::UNPROCESSABLE_ENTITY, second_factor::WRONG_CODE).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_recovery_codes() {
        snapshot("recovery_codes", &RecoveryCodesPage { codes: vec!["abcde-fghij", "klmno-pqrst"] });
    }
}
