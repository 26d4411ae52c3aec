//! `/dashboard/account/email` and `/dashboard/email/confirm`: another e-mail address for the own account, and the page that the link
//! in the mail to that address leads to. The token is in the URL fragment; a GET uses nothing up.

use crate::dashboard::access::account;
use crate::dashboard::access::invitation::token;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::Visitor;
use crate::members::email_change::{self, EmailChangeError};
use crate::members::sign_in::SignInAttempt;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Email;
use secrecy::SecretString;

/// Mails the link. The answer is the same whether another account has that address.
pub async fn ask(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let Ok(to) = Email::parse(form.get("email")) else {
        return Err(Declined::sentence("New email address: enter a valid one."));
    };
    if !who.platform.mail.is_configured() {
        let sentence = "This server sends no mail, so an address cannot be confirmed.".to_owned();
        return Err(Declined::Sentence(StatusCode::CONFLICT, sentence));
    }
    let present = SecretString::from(form.get("present"));
    let attempt = SignInAttempt {
        email: &who.member.email,
        password: &present,
        client: &who.client,
        device: who.device.as_deref(),
    };
    match email_change::ask(&who.platform, &who.session, &attempt, form.get("code"), &to).await {
        Ok(()) => {
            let mut response = page::see_other("/dashboard/account");
            notice::leave(
                &mut response,
                format!("A link was mailed to {to}. Your address changes when you confirm it."),
            );
            Ok(response)
        }
        Err(error) => Err(account::declined(error, "Current password: it or the code is wrong.")),
    }
}

#[derive(askama::Template)]
#[template(path = "dashboard/access/email_confirm.html")]
struct EmailConfirmPage<'a> {
    token: &'a str,
    error: Option<&'a str>,
    /// The address that was confirmed.
    confirmed: Option<&'a str>,
}

/// The page that the link leads to.
pub async fn view() -> Response {
    page::html(StatusCode::OK, &EmailConfirmPage { token: "", error: None, confirmed: None })
}

/// The token was sent.
pub async fn confirm(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let token = token(form.get("token"));
    match email_change::confirm(&visitor.platform, token, &visitor.client).await {
        Ok(to) => {
            let shown = EmailConfirmPage { token: "", error: None, confirmed: Some(&to) };
            Ok(page::html(StatusCode::OK, &shown))
        }
        Err(EmailChangeError::Failure(failure)) => Err(failure.into()),
        Err(EmailChangeError::Invalid) => {
            let error = Some("This link is no longer valid. Ask for a new one on your account’s page.");
            let shown = EmailConfirmPage { token, error, confirmed: None };
            Ok(page::html(StatusCode::UNPROCESSABLE_ENTITY, &shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_email_change() {
        snapshot("email_change", &EmailConfirmPage { token: "a-token", error: None, confirmed: None });
        let confirmed = Some("ada@example.org");
        snapshot("email_changed", &EmailConfirmPage { token: "", error: None, confirmed });
    }
}
