//! `/dashboard/second-factor`: a code of the app, or a recovery code.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Halfway};
use crate::members::sign_in::{SignInError, with_code};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/access/second_factor.html")]
struct SecondFactorPage<'a> {
    csrf: &'a str,
    email: &'a str,
    error: Option<&'a str>,
}

/// The page.
pub async fn view(who: Halfway) -> Response {
    show(StatusCode::OK, &who, None)
}

pub(crate) fn show(status: StatusCode, who: &Halfway, error: Option<&str>) -> Response {
    let email = who.session.member().email;
    page::html(status, &SecondFactorPage { csrf: &who.csrf, email: &email, error })
}

pub(crate) const WRONG_CODE: &str = "The code is wrong, or was used before. Wait for the next one.";

/// A code was sent. It works once, whichever kind it is.
pub async fn confirm(posted: Posted<Halfway>) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    match with_code(&who.platform, &who.session, form.get("code"), &who.client, who.device()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            who.complete(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            Ok(show(status, &who, Some(&sentence)))
        }
        Err(SignInError::Wrong) => Ok(show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(WRONG_CODE))),
        Err(SignInError::Over) => Ok(page::see_other("/dashboard/sign-in")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_second_factor() {
        snapshot(
            "second_factor",
            &SecondFactorPage { csrf: "csrf-token", email: "ada@example.com", error: None },
        );
    }
}
