//! `/dashboard/team`: who belongs to the team, as what, and who is invited. Owners change it here.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::proposals::proposed;
use crate::ids::IdKind;
use crate::members;
use crate::members::invitation::{self, InvitationError};
use crate::members::team::{self, TeamError};
use crate::proposals::{self, Proposed};
use crate::roles::{Permission, Role};
use crate::store::{Invitation, TeamMember};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::{BookId, Email, Micros, Mode};
use secrecy::ExposeSecret;

#[derive(askama::Template)]
#[template(path = "dashboard/business/team.html")]
struct TeamPage {
    frame: Frame,
    manages: bool,
    members: Vec<ShownMember>,
    invitations: Vec<Pending>,
    /// The link of an invitation that was just made; shown this once.
    link: Option<String>,
    error: Option<String>,
}

struct ShownMember {
    id: String,
    name: String,
    email: String,
    role: Role,
    seen_at: Option<Micros>,
    has_second_factor: bool,
    is_you: bool,
}

struct Pending {
    id: String,
    email: String,
    role: Role,
    ends_at: Micros,
    resets: bool,
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, None, None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    link: Option<String>,
    error: Option<String>,
) -> Result<Response, Declined> {
    let (platform, business) = (&who.platform, who.business.number);
    let team = platform.store.team(business).await?;
    let member = |row: TeamMember| ShownMember {
        id: members::id(platform, IdKind::Member, row.number),
        is_you: row.number == who.member.number,
        name: row.name,
        email: row.email,
        role: row.role,
        seen_at: row.seen_at,
        has_second_factor: row.has_second_factor,
    };
    let invitations = platform.store.open_invitations(business, platform.clock.now()).await?;
    let pending = |row: Invitation| Pending {
        id: members::id(platform, IdKind::Invitation, row.number),
        email: row.email,
        role: row.role,
        ends_at: row.ends_at,
        resets: row.resets,
    };
    let shown = TeamPage {
        frame: Frame::new(who, "team", "Team"),
        manages: who.may(Permission::ManageTeam),
        members: team.into_iter().map(member).collect(),
        invitations: invitations.into_iter().map(pending).collect(),
        link,
        error,
    };
    Ok(page::html(status, &shown))
}

/// Invites a member. Only this response shows the link, and only where this server sends no mail.
pub async fn invite(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let again =
        async |sentence: String| show(StatusCode::UNPROCESSABLE_ENTITY, &who, None, Some(sentence)).await;
    let Ok(email) = Email::parse(form.get("email")) else {
        return again("Email address: enter a valid one.".to_owned()).await;
    };
    let Some(role) = Role::from_word(form.get("role")) else {
        return again("Choose a role.".to_owned()).await;
    };
    let (platform, business, actor) = (&who.platform, who.business.number, who.actor());
    match invitation::invite(platform, business, &email, role, actor).await {
        // A link that is mailed is not shown, so that accepting it proves the mailbox.
        Ok(_) if platform.mail.is_configured() => {
            let mut response = page::see_other("/dashboard/team");
            notice::leave(&mut response, format!("The invitation was mailed to {email}."));
            Ok(response)
        }
        Ok(invited) => {
            let link = invitation::link(&who.base, &invited.token);
            show(StatusCode::OK, &who, Some(link.expose_secret().to_owned()), None).await
        }
        Err(InvitationError::Failure(failure)) => Err(failure.into()),
        Err(refused) => again(format!("Couldn’t do this: {refused}.")).await,
    }
}

/// Takes an invitation back before it is accepted.
pub async fn withdraw_invitation(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let id = form.get("invitation");
    let number = members::number(&who.platform, IdKind::Invitation, id).ok_or(Declined::NotFound)?;
    if !invitation::withdraw(&who.platform, who.business.number, number, who.actor()).await? {
        return Err(Declined::NotFound);
    }
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, "Invitation withdrawn.");
    Ok(response)
}

/// Gives a member another role.
pub async fn change_role(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number =
        members::number(&who.platform, IdKind::Member, form.get("member")).ok_or(Declined::NotFound)?;
    let role = Role::from_word(form.get("role")).ok_or_else(|| Declined::sentence("Choose a role."))?;
    let set = team::set_role(&who.platform, who.business.number, number, role, who.actor()).await;
    let what = Proposed::Role { member: number, role: role.code() };
    let Some(member) = done_or_proposed(&who, set, &what).await? else { return Ok(proposed()) };
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, format!("{} is {} now.", member.name, role.word()));
    Ok(response)
}

/// The member of a change that was made; `None` where it takes two people and was proposed instead.
async fn done_or_proposed(
    who: &SignedIn,
    done: Result<TeamMember, TeamError>,
    what: &Proposed,
) -> Result<Option<TeamMember>, Declined> {
    if !matches!(done, Err(TeamError::NeedsSecondPerson)) {
        return Ok(Some(done?));
    }
    // Roles are of the business, and so are decided where its rule is: in the live book.
    let book = BookId::new(who.business.number, Mode::Live);
    proposals::propose(&who.platform, book, what, "", who.actor()).await?;
    Ok(None)
}

impl From<TeamError> for Declined {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::Unknown => Self::NotFound,
            TeamError::Failure(failure) => failure.into(),
            refused => Self::Sentence(StatusCode::CONFLICT, format!("Couldn’t do this: {refused}.")),
        }
    }
}

/// Takes a member out of the team.
pub async fn remove_member(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number =
        members::number(&who.platform, IdKind::Member, form.get("member")).ok_or(Declined::NotFound)?;
    let removed = team::remove(&who.platform, who.business.number, number, who.actor()).await;
    let what = Proposed::Removal { member: number };
    let Some(member) = done_or_proposed(&who, removed, &what).await? else { return Ok(proposed()) };
    let mut response = page::see_other("/dashboard/team");
    notice::leave(&mut response, format!("{} is no member of the team any more.", member.name));
    Ok(response)
}

/// Takes a member's lost second factor away; the next sign-in sets a new one up.
pub async fn reset_factor(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let number =
        members::number(&who.platform, IdKind::Member, form.get("member")).ok_or(Declined::NotFound)?;
    let reset = team::reset_second_factor(&who.platform, who.business.number, number, who.actor()).await;
    let what = Proposed::SecondFactorReset { member: number };
    let Some(member) = done_or_proposed(&who, reset, &what).await? else { return Ok(proposed()) };
    let mut response = page::see_other("/dashboard/team");
    let said = format!("{} sets up a new second factor at the next sign-in.", member.name);
    notice::leave(&mut response, said);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_team() {
        let member = |id: &str, name: &str, role: Role, is_you: bool| ShownMember {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{}@example.com", name.to_lowercase()),
            role,
            seen_at: is_you.then_some(1_800_000_600_000_000),
            has_second_factor: is_you,
            is_you,
        };
        snapshot(
            "team",
            &TeamPage {
                frame: Frame::sample("team", "Team"),
                manages: true,
                members: vec![
                    member("mem_1", "Ada", Role::Owner, true),
                    member("mem_2", "Bob", Role::Viewer, false),
                ],
                invitations: vec![Pending {
                    id: "inv_1".to_owned(),
                    email: "eve@example.com".to_owned(),
                    role: Role::Approver,
                    ends_at: 1_800_600_000_000_000,
                    resets: false,
                }],
                link: Some("https://pay.example.com/dashboard/invitation#token".to_owned()),
                error: None,
            },
        );
    }
}
