//! `/dashboard/sign-in`: address and password.

use super::visitor::Visitor;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    error: Option<&'a str>,
}

/// The page; whoever is signed in already goes on.
pub async fn handle(visitor: Visitor) -> Response {
    if visitor.session.is_some_and(|session| session.is_complete()) {
        return page::see_other("/dashboard");
    }
    show(StatusCode::OK, "", None)
}

pub(super) fn show(status: StatusCode, email: &str, error: Option<&str>) -> Response {
    page::html(status, &SignInPage { email, error })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&SignInPage { email: "ada@example.com", error: Some(super::sign_in_try::WRONG) })
}
