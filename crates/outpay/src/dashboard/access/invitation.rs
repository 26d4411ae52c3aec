//! `/dashboard/invitation`: accepting an invitation link. The token is in the URL fragment, which browsers do not send; a script
//! puts it into the form, and without script it can be pasted.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::visitor::{self, Visitor};
use crate::members::invitation::{self, Acceptance, InvitationError, Open, find};
use crate::members::sign_in::SignInError;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

#[derive(askama::Template)]
#[template(path = "dashboard/access/invitation.html")]
struct InvitationPage<'a> {
    error: Option<&'a str>,
}

/// The page.
pub async fn view() -> Response {
    show(StatusCode::OK, None)
}

pub(crate) fn show(status: StatusCode, error: Option<&str>) -> Response {
    page::html(status, &InvitationPage { error })
}

const WRONG_PASSWORD: &str = "The password is wrong.";
pub(crate) const INVALID: &str = "This invitation is no longer valid. Ask for a new one.";

#[derive(askama::Template)]
#[template(path = "dashboard/access/invitation_open.html")]
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
    /// The field, and what is wrong with it.
    wrong: Option<(&'static str, &'a str)>,
}

/// An invitation's token was sent: who invites, as what, and the form to accept with. The token goes on in the form; nothing
/// is used up by looking.
pub async fn open(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let token = token(posted.form.get("token"));
    match find(&posted.who.platform, token).await? {
        Some(open) => Ok(show_open(StatusCode::OK, token, &open, "", None)),
        None => Ok(show(StatusCode::UNPROCESSABLE_ENTITY, Some(INVALID))),
    }
}

/// The token, also where the whole link was pasted.
pub(crate) fn token(sent: &str) -> &str {
    sent.rsplit_once('#').map_or(sent, |(_, token)| token)
}

pub(crate) fn show_open(
    status: StatusCode,
    token: &str,
    open: &Open,
    name: &str,
    wrong: Option<(&'static str, &str)>,
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
        wrong,
    };
    page::html(status, &shown)
}

/// An invitation was accepted, with a name and a new password, or with the password of the account there is. What comes next
/// is the second factor.
pub async fn accept(posted: Posted<Visitor>) -> Result<Response, Declined> {
    let Posted { who: visitor, form } = posted;
    let token = token(form.get("token"));
    let gone = || Ok(show(StatusCode::UNPROCESSABLE_ENTITY, Some(INVALID)));
    let Some(open) = find(&visitor.platform, token).await? else { return gone() };
    let (name, password) = (form.get("name"), SecretString::from(form.untrimmed("password")));
    let again =
        |status, field, sentence: &str| Ok(show_open(status, token, &open, name, Some((field, sentence))));
    if open.chooses_password() && form.untrimmed("password") != form.untrimmed("password_again") {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "password-again", "The passwords don’t match.");
    }
    let acceptance =
        Acceptance { name, password: &password, client: &visitor.client, device: visitor.device() };
    match invitation::accept(&visitor.platform, &open, &acceptance, visitor.session.as_ref()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(InvitationError::Failure(failure) | InvitationError::Proof(SignInError::Failure(failure))) => {
            Err(failure.into())
        }
        Err(InvitationError::Field(sentence)) => {
            let field = if sentence.contains("password") { "password" } else { "name" };
            again(StatusCode::UNPROCESSABLE_ENTITY, field, sentence)
        }
        Err(InvitationError::Proof(SignInError::Wait(time))) => {
            let (status, sentence) = visitor::wait(time);
            again(status, "password", &sentence)
        }
        Err(InvitationError::Proof(_)) => again(StatusCode::UNPROCESSABLE_ENTITY, "password", WRONG_PASSWORD),
        Err(
            InvitationError::Invalid
            | InvitationError::IsMember
            | InvitationError::IsNoMember
            | InvitationError::NeedsSecondPerson,
        ) => gone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_invitation() {
        snapshot("invitation", &InvitationPage { error: None });
    }

    #[test]
    fn page_invitation_open() {
        snapshot(
            "invitation_open",
            &InvitationOpenPage {
                token: "invitation-token",
                business: "Acme, Inc.",
                email: "ada@example.com",
                role: "owner",
                meaning: "Everything, the team included.",
                name: "",
                has_account: false,
                resets: false,
                wrong: Some(("name", "Name: enter 1 to 100 printable characters.")),
            },
        );
    }
}
