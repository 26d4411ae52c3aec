//! `/dashboard/team`: who belongs to the team, as what, and who is invited. Owners change it here.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::ids::IdKind;
use crate::members::{self, Permission, Role};
use crate::store::{Invitation, TeamMember};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

#[derive(askama::Template)]
#[template(path = "dashboard/team.html")]
struct TeamPage {
    frame: Frame,
    manages: bool,
    members: Vec<Shown>,
    invitations: Vec<Pending>,
    /// The link of an invitation that was just made; shown this once.
    link: Option<String>,
    error: Option<String>,
}

struct Shown {
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
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, None, None).await
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    link: Option<String>,
    error: Option<String>,
) -> Result<Response, Stop> {
    let (platform, business) = (&who.platform, who.business.number);
    let team = platform.store.team(business).await?;
    let member = |row: TeamMember| Shown {
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

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let member = |id: &str, name: &str, role: Role, is_you: bool| Shown {
        id: id.to_owned(),
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        role,
        seen_at: is_you.then_some(1_800_000_600_000_000),
        has_second_factor: is_you,
        is_you,
    };
    super::sample(&TeamPage {
        frame: Frame::sample("team", "Team"),
        manages: true,
        members: vec![member("mem_1", "Ada", Role::Owner, true), member("mem_2", "Bob", Role::Viewer, false)],
        invitations: vec![Pending {
            id: "inv_1".to_owned(),
            email: "eve@example.com".to_owned(),
            role: Role::Approver,
            ends_at: 1_800_600_000_000_000,
            resets: false,
        }],
        link: Some("https://pay.example.com/dashboard/invitation#token".to_owned()),
        error: None,
    })
}
