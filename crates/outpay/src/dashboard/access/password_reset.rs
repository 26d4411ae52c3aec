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
    error: Option<&'a str>,
}

/// The page that the link leads to.
pub async fn view() -> Response {
    page::html(StatusCode::OK, &PasswordResetPage { token: "", error: None })
}

/// The token and a new password were sent. The second factor comes next.
pub async fn set(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let token = token(form.get("token"));
    let again = |error: &str| {
        let shown = PasswordResetPage { token, error: Some(error) };
        Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &shown))
    };
    if form.untrimmed("password") != form.untrimmed("password_again") {
        return again("The two passwords differ.");
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
        Err(PasswordResetError::Password(sentence)) => again(sentence),
        Err(PasswordResetError::Invalid) => again("This link is not valid any more. Ask for a new one."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_password_reset() {
        let error = Some("The two passwords differ.");
        snapshot("password_reset", &PasswordResetPage { token: "reset-token", error });
    }

    #[test]
    fn page_password_forgot() {
        snapshot("password_forgot", &PasswordForgotPage { is_sent: false, has_mail: true });
        snapshot("password_forgot_sent", &PasswordForgotPage { is_sent: true, has_mail: true });
    }
}
