//! `/dashboard/enrolment`: a second factor for an account that has none: the key as a QR code and as text, and the form
//! for a first code.

use crate::dashboard::access::recovery_codes;
use crate::dashboard::access::second_factor::WRONG_CODE;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Halfway};
use crate::members::second_factor;
use crate::members::sign_in::{self, SignInError};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

#[derive(askama::Template)]
#[template(path = "dashboard/access/enrolment.html")]
struct EnrolmentPage<'a> {
    csrf: &'a str,
    /// Where the first code is sent.
    action: &'a str,
    /// An SVG element.
    qr: &'a str,
    key: &'a str,
    uri: &'a str,
    error: Option<&'a str>,
}

/// The page.
pub async fn view(who: Halfway) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &Halfway,
    error: Option<&str>,
) -> Result<Response, Declined> {
    let key = sign_in::key_to_enrol(&who.platform, &who.session).await?;
    show_key(status, &who.csrf, "/dashboard/enrolment", (&key, &who.session.member().email), error)
}

/// A key for this address, and the form for its first code.
pub(crate) fn show_key(
    status: StatusCode,
    csrf: &str,
    action: &str,
    (key, email): (&SecretString, &str),
    error: Option<&str>,
) -> Result<Response, Declined> {
    let uri = second_factor::uri(key, email)?;
    let qr = second_factor::qr(&uri)?;
    let (key, uri) = (grouped(key), uri.expose_secret());
    Ok(page::html(status, &EnrolmentPage { csrf, action, qr: &qr, key: &key, uri, error }))
}

/// In groups of four, as people read it.
fn grouped(key: &SecretString) -> String {
    let characters: Vec<char> = key.expose_secret().chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

/// A first code of the new second factor was sent. Where it is right, the session is complete, and the recovery codes are
/// shown, this once.
pub async fn confirm(posted: Posted<Halfway>) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    match sign_in::enrol(&who.platform, &who.session, form.get("code"), &who.client).await {
        Ok((step, codes)) => {
            let mut response = recovery_codes::show(&codes);
            who.complete(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            show(status, &who, Some(&sentence)).await
        }
        Err(SignInError::Wrong) => show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(WRONG_CODE)).await,
        Err(SignInError::Over) => Ok(page::see_other("/dashboard/sign-in")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_enrolment() {
        let key = SecretString::from("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
        let uri = second_factor::uri(&key, "ada@example.com");
        let uri = uri.unwrap_or_else(|error| SecretString::from(error.to_string()));
        let qr = second_factor::qr(&uri).unwrap_or_else(|error| error.to_string());
        let (key, uri) = (grouped(&key), uri.expose_secret());
        let action = "/dashboard/enrolment";
        let page = EnrolmentPage { csrf: "csrf-token", action, qr: &qr, key: &key, uri, error: None };
        snapshot("enrolment", &page);
    }
}
