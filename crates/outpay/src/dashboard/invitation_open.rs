//! An invitation's token was sent: who invites, as what, and the form to accept with. The token goes on in the form; nothing
//! is used up by looking.

use super::invitation;
use super::stop::Stop;
use super::visitor::Sent;
use crate::members::invitation::{Open, find};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

pub(super) const INVALID: &str = "This invitation is not valid any more. Ask for a new one.";

#[derive(askama::Template)]
#[template(path = "dashboard/invitation_open.html")]
struct InvitationOpenPage<'a> {
    token: &'a str,
    business: &'a str,
    email: &'a str,
    role: &'a str,
    meaning: &'a str,
    name: &'a str,
    /// There is an account; its password is asked for.
    has_account: bool,
    /// There is an account; it gets a new password.
    resets: bool,
    error: Option<&'a str>,
}

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(sent: Sent) -> Result<Response, Stop> {
    let token = token(sent.form.get("token"));
    match find(&sent.visitor.platform, token).await? {
        Some(open) => Ok(show(StatusCode::OK, token, &open, "", None)),
        None => Ok(invitation::show(StatusCode::UNPROCESSABLE_ENTITY, Some(INVALID))),
    }
}

/// The token, also where the whole link was pasted.
pub(super) fn token(sent: &str) -> &str {
    sent.rsplit_once('#').map_or(sent, |(_, token)| token)
}

pub(super) fn show(
    status: StatusCode,
    token: &str,
    open: &Open,
    name: &str,
    error: Option<&str>,
) -> Response {
    let role = open.invitation.role;
    let shown = InvitationOpenPage {
        token,
        business: &open.business.name,
        email: &open.invitation.email,
        role: role.word(),
        meaning: role.sentence(),
        name,
        has_account: !open.chooses_password(),
        resets: open.invitation.resets,
        error,
    };
    page::html(status, &shown)
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    super::sample(&InvitationOpenPage {
        token: "invitation-token",
        business: "Acme, Inc.",
        email: "ada@example.com",
        role: "owner",
        meaning: "Everything, the team included.",
        name: "",
        has_account: false,
        resets: false,
        error: None,
    })
}
