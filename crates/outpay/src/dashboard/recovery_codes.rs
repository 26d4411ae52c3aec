//! The recovery codes, shown once: after enrolling, and after they were renewed. Not a page of its own: there is no address
//! under which they could be read again.

use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};

#[derive(askama::Template)]
#[template(path = "dashboard/recovery_codes.html")]
struct RecoveryCodesPage<'a> {
    codes: Vec<&'a str>,
}

pub(super) fn show(codes: &[SecretString]) -> Response {
    let codes = codes.iter().map(|code| code.expose_secret()).collect();
    page::html(StatusCode::OK, &RecoveryCodesPage { codes })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&RecoveryCodesPage { codes: vec!["abcde-fghij", "klmno-pqrst"] })
}
