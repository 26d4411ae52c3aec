//! `/dashboard/password/forgot` and `/dashboard/password/reset`: a mailed link that sets a new password. The token is in the URL
//! fragment, which browsers do not send; a script puts it into the form. A GET uses nothing up: mail scanners open links.

use crate::dashboard::access::invitation::token;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Visitor};
use crate::members::password_reset::{self, PasswordResetError};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

#[derive(askama::Template)]
#[template(path = "dashboard/access/password_forgot.html")]
struct PasswordForgotPage {
    /// A link is on its way, if there is such an account.
    is_sent: bool,
    /// Does this server send mail?
    has_mail: bool,
}

/// The page that asks for the address.
pub async fn forgot(visitor: Visitor) -> Response {
    let has_mail = visitor.platform.mail.is_configured();
    page::html(StatusCode::OK, &PasswordForgotPage { is_sent: false, has_mail })
}

/// An address was sent. The answer is the same for every address.
pub async fn ask(posted: Posted<Visitor>) -> Response {
    let platform = &posted.who.platform;
    password_reset::ask(platform, posted.form.get("email"), &posted.who.client);
    let shown = PasswordForgotPage { is_sent: true, has_mail: platform.mail.is_configured() };
    page::html(StatusCode::OK, &shown)
}

#[derive(askama::Template)]
#[template(path = "dashboard/access/password_reset.html")]
struct PasswordResetPage<'a> {
    token: &'a str,
    /// The field, and what is wrong with it.
    wrong: Option<(&'static str, &'a str)>,
}

/// The page that the link leads to.
pub async fn view() -> Response {
    page::html(StatusCode::OK, &PasswordResetPage { token: "", wrong: None })
}

/// The token and a new password were sent. The second factor comes next.
pub async fn set(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let token = token(form.get("token"));
    let again = |field, sentence: &str| {
        let shown = PasswordResetPage { token, wrong: Some((field, sentence)) };
        Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &shown))
    };
    if form.untrimmed("password") != form.untrimmed("password_again") {
        return again("password-again", "The passwords don’t match.");
    }
    let new = SecretString::from(form.untrimmed("password"));
    let before = visitor.session.as_ref();
    match password_reset::set(&visitor.platform, token, &new, &visitor.client, before).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(PasswordResetError::Failure(failure)) => Err(failure.into()),
        Err(PasswordResetError::Password(sentence)) => again("password", sentence),
        Err(PasswordResetError::Invalid) => {
            again("token", "This link is no longer valid. Ask for a new one.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_password_reset() {
        let wrong = Some(("password-again", "The passwords don’t match."));
        snapshot("password_reset", &PasswordResetPage { token: "reset-token", wrong });
    }

    #[test]
    fn page_password_forgot() {
        snapshot("password_forgot", &PasswordForgotPage { is_sent: false, has_mail: true });
        snapshot("password_forgot_sent", &PasswordForgotPage { is_sent: true, has_mail: true });
    }
}
