//! `/dashboard/sign-in`: address and password, or a passkey (passkey.rs).

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::{SESSION, SIGN_IN};
use crate::dashboard::door::visitor::{self, Visitor};
use crate::members::Session;
use crate::members::passkey::{self, PasskeyChallenge, PasskeySite};
use crate::members::sign_in::{self, SignInAttempt, SignInError, with_password};
use crate::web::{cookie, page};
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

#[derive(askama::Template)]
#[template(path = "dashboard/access/sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    /// For a passkey; none where browsers have no passkeys for this address.
    challenge: Option<PasskeyChallenge>,
    error: Option<&'a str>,
}

/// The page; a complete session is redirected to the dashboard.
pub async fn view(visitor: Visitor) -> Result<Response, Declined> {
    if visitor.session.as_ref().is_some_and(Session::is_complete) {
        return Ok(page::see_other("/dashboard"));
    }
    show(StatusCode::OK, &visitor, "", None)
}

pub(crate) fn show(
    status: StatusCode,
    visitor: &Visitor,
    email: &str,
    error: Option<&str>,
) -> Result<Response, Declined> {
    let site = PasskeySite::at(&visitor.base);
    let challenge = site.map(|site| passkey::ask_to_sign_in(&visitor.platform, &site)).transpose()?;
    Ok(page::html(status, &SignInPage { email, challenge, error }))
}

pub(crate) const WRONG: &str = "The e-mail address or the password is wrong.";

/// Address and password were sent. A wrong address and a wrong password get the same answer.
pub async fn sign_in(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let (email, password) = (form.get("email"), SecretString::from(form.untrimmed("password")));
    let attempt =
        SignInAttempt { email, password: &password, client: &visitor.client, device: visitor.device() };
    match with_password(&visitor.platform, &attempt, visitor.session.as_ref()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            show(status, &visitor, email, Some(&sentence))
        }
        Err(SignInError::Wrong | SignInError::Over) => {
            show(StatusCode::UNPROCESSABLE_ENTITY, &visitor, email, Some(WRONG))
        }
    }
}

/// Ends the session, here and in the database.
pub async fn sign_out(posted: Posted) -> Result<Response, Declined> {
    sign_in::sign_out(&posted.who.platform, &posted.who.session).await?;
    let mut response = page::see_other(SIGN_IN);
    cookie::clear(&mut response, SESSION);
    page::forget(&mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_sign_in() {
        let challenge =
            PasskeyChallenge { options: r#"{"challenge":"AA"}"#.to_owned(), sealed: "sealed".to_owned() };
        let shown = SignInPage { email: "ada@example.com", challenge: Some(challenge), error: Some(WRONG) };
        snapshot("sign_in", &shown);
    }
}
