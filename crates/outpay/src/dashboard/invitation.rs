//! `/dashboard/invitation`: the way in with a link. The token stands in the fragment; a script puts it into the form, and
//! without script it can be pasted.

use crate::web::page;
use axum::response::Response;
use http::StatusCode;

#[derive(askama::Template)]
#[template(path = "dashboard/invitation.html")]
struct InvitationPage<'a> {
    error: Option<&'a str>,
}

/// The page.
pub async fn handle() -> Response {
    show(StatusCode::OK, None)
}

pub(super) fn show(status: StatusCode, error: Option<&str>) -> Response {
    page::html(status, &InvitationPage { error })
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&InvitationPage { error: None })
}
