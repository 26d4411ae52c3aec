//! Passkeys on the account's page: adding and removing. `/dashboard/sign-in/passkey`: signing in with one.

use crate::dashboard::access::account::WRONG_CODE_OF_APP;
use crate::dashboard::access::{account, sign_in};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Visitor};
use crate::members::passkey::{self, PasskeyAnswer, PasskeyChallenge, PasskeyError, PasskeySite};
use crate::members::sign_in::SignInError;
use crate::web::form::Form;
use crate::web::page;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use http::StatusCode;

const NO_SITE: &str = "Passkeys need a host name: set public_url, or open the dashboard under one. Browsers have none for IP addresses.";

#[derive(askama::Template)]
#[template(path = "dashboard/access/passkey_new.html")]
struct NewPasskeyPage {
    frame: Frame,
    challenge: PasskeyChallenge,
}

/// A code of the app was sent: the page that asks the browser for a passkey.
pub async fn begin(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let Some(site) = PasskeySite::at(&who.base) else {
        return Err(Declined::Sentence(StatusCode::CONFLICT, NO_SITE.to_owned()));
    };
    match passkey::begin(&who.platform, &site, &who.session, form.get("code"), &who.client).await {
        Ok(challenge) => {
            let frame = Frame::new(&who, "account", "Add a passkey");
            Ok(page::html(StatusCode::OK, &NewPasskeyPage { frame, challenge }))
        }
        Err(error) => Err(account::declined(error, WRONG_CODE_OF_APP)),
    }
}

/// The browser has made one.
pub async fn add(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let Some(site) = PasskeySite::at(&who.base) else {
        return Err(Declined::Sentence(StatusCode::CONFLICT, NO_SITE.to_owned()));
    };
    let sentence = match passkey::add(&who.platform, &site, &who.session, &answer(&form), form.get("name"))
        .await
    {
        Ok(()) => {
            let mut response = page::see_other("/dashboard/account");
            notice::leave(&mut response, "The passkey is added. You can sign in with it.");
            return Ok(response);
        }
        Err(PasskeyError::Failure(failure)) => return Err(failure.into()),
        Err(PasskeyError::Name) => "Name: give 1 to 50 printable characters. Begin again.",
        Err(PasskeyError::TooMany) => "You have 20 passkeys. Remove one that you do not use first.",
        Err(PasskeyError::Invalid) => {
            "The passkey was not added: the page was open for too long, or the passkey is in use already. Begin again."
        }
    };
    Err(Declined::sentence(sentence))
}

/// Takes one away.
pub async fn remove(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let id = BASE64URL_NOPAD.decode(form.get("passkey").as_bytes()).map_err(|_| Declined::NotFound)?;
    if !passkey::remove(&who.platform, &who.session, &id).await? {
        return Err(Declined::NotFound);
    }
    let mut response = page::see_other("/dashboard/account");
    notice::leave(&mut response, "The passkey is removed. It signs in no more.");
    Ok(response)
}

/// A passkey was sent in the place of address, password and code.
pub async fn sign_in(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let wrong = || {
        let sentence = "This passkey does not sign in. Use your password, or try again.";
        sign_in::show(StatusCode::UNPROCESSABLE_ENTITY, &visitor, "", Some(sentence))
    };
    let Some(site) = PasskeySite::at(&visitor.base) else { return wrong() };
    let before = visitor.session.as_ref();
    match passkey::sign_in(&visitor.platform, &site, &answer(&form), &visitor.client, before).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wrong | SignInError::Over | SignInError::Wait(_)) => wrong(),
    }
}

fn answer(form: &Form) -> PasskeyAnswer<'_> {
    PasskeyAnswer { sealed: form.get("challenge"), credential: form.get("credential") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_passkey_new() {
        let challenge =
            PasskeyChallenge { options: r#"{"challenge":"AA"}"#.to_owned(), sealed: "sealed".to_owned() };
        let frame = Frame::sample("account", "Add a passkey");
        snapshot("passkey_new", &NewPasskeyPage { frame, challenge });
    }
}
