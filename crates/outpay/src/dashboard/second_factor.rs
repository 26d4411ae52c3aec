//! `/dashboard/second-factor`: a code of the app, or a recovery code.

use super::visitor::Halfway;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/second_factor.html")]
struct SecondFactorPage<'a> {
    csrf: &'a str,
    email: &'a str,
    error: Option<&'a str>,
}

/// The page.
pub async fn handle(who: Halfway) -> Response {
    show(StatusCode::OK, &who, None)
}

pub(super) fn show(status: StatusCode, who: &Halfway, error: Option<&str>) -> Response {
    let email = who.session.member().email;
    page::html(status, &SecondFactorPage { csrf: &who.csrf, email: &email, error })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&SecondFactorPage { csrf: "csrf-token", email: "ada@example.com", error: None })
}
