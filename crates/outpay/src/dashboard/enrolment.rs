//! `/dashboard/enrolment`: a second factor for an account that has none: the key as a QR code and as text, and the form
//! for a first code.

use super::stop::Stop;
use super::visitor::Halfway;
use crate::members::{second_factor, sign_in};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

#[derive(askama::Template)]
#[template(path = "dashboard/enrolment.html")]
struct EnrolmentPage<'a> {
    csrf: &'a str,
    /// An SVG element.
    qr: &'a str,
    key: &'a str,
    uri: &'a str,
    error: Option<&'a str>,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: Halfway) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, None).await
}

pub(super) async fn show(status: StatusCode, who: &Halfway, error: Option<&str>) -> Result<Response, Stop> {
    let key = sign_in::key_to_enrol(&who.platform, &who.session).await?;
    let uri = second_factor::uri(&key, &who.session.member().email)?;
    let qr = second_factor::qr(&uri)?;
    let (key, uri) = (grouped(&key), uri.expose_secret());
    Ok(page::html(status, &EnrolmentPage { csrf: &who.csrf, qr: &qr, key: &key, uri, error }))
}

/// In groups of four, as people read it.
fn grouped(key: &SecretString) -> String {
    let characters: Vec<char> = key.expose_secret().chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let key = SecretString::from("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let uri = second_factor::uri(&key, "ada@example.com");
    let uri = uri.unwrap_or_else(|error| SecretString::from(error.to_string()));
    let qr = second_factor::qr(&uri).unwrap_or_else(|error| error.to_string());
    let (key, uri) = (grouped(&key), uri.expose_secret());
    super::sample(&EnrolmentPage { csrf: "csrf-token", qr: &qr, key: &key, uri, error: None })
}
