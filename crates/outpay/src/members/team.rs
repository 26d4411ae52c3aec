//! What owners do with their team: another role, removing a member, removing a lost second factor. Invariant: a team
//! that has an owner keeps one.

use super::notice;
use crate::audit_log;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::roles::{Permission, Role};
use crate::store::{Failure, MemberChange, TeamMember, WriteError};
use crate::two_people::Hands;
use crate::witness::Record;
use ledger::{Actor, BookId, Mode};
use serde_json::json;

/// Why the team was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// Not a member of this team.
    #[error("there is no such member in this team")]
    Unknown,
    /// There is no other owner, or the team changed at the same moment.
    #[error("a team keeps at least one owner; make another member an owner first")]
    LastOwner,
    /// The business's rule asks for a second person.
    #[error("this takes two people here: one proposes it, another confirms it")]
    NeedsSecondPerson,
    /// The account is also part of another team, whose owners have a say in it.
    #[error("this person is a member of another team too; only the operator can reset the account")]
    IsElsewhere,
    /// There is nothing to take away.
    #[error("this person has no second factor")]
    HasNone,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The team's member with this number.
async fn find(platform: &Platform, business: i64, member: i64) -> Result<TeamMember, TeamError> {
    let team = platform.store.team(business).await?;
    team.into_iter().find(|found| found.number == member).ok_or(TeamError::Unknown)
}

/// Gives a member another role.
pub async fn set_role(
    platform: &Platform,
    business: i64,
    member: i64,
    to: Role,
    by: impl Into<Hands>,
) -> Result<TeamMember, TeamError> {
    let by: Hands = by.into();
    let found = find(platform, business, member).await?;
    if found.role == to {
        return Ok(found);
    }
    check_hands(platform, business, by).await?;
    let detail = json!({ "member": super::id(platform, IdKind::Member, member), "from": found.role.word(), "to": to.word() });
    let mut changes = vec![
        MemberChange::SetRole { business, member, from: found.role, to },
        MemberChange::Note(audit_log::in_business(
            platform,
            business,
            by.actor,
            "member.role_changed",
            &found.email,
            &detail,
        )),
    ];
    if !to.may(Permission::ManageTeam) {
        changes.extend(withdrawn(platform, business, member).await?);
    }
    carry_out(platform, &changes).await?;
    Ok(TeamMember { role: to, ..found })
}

/// Takes a member out of the team. Their sessions end.
pub async fn remove(
    platform: &Platform,
    business: i64,
    member: i64,
    by: impl Into<Hands>,
) -> Result<TeamMember, TeamError> {
    let by: Hands = by.into();
    let found = find(platform, business, member).await?;
    check_hands(platform, business, by).await?;
    let detail = json!({ "member": super::id(platform, IdKind::Member, member), "role": found.role.word() });
    let mut changes = vec![
        MemberChange::Leave { business, member, from: found.role },
        MemberChange::EndOthers { member, but: 0, at: platform.clock.now() },
        MemberChange::Note(audit_log::in_business(
            platform,
            business,
            by.actor,
            "member.removed",
            &found.email,
            &detail,
        )),
    ];
    changes.extend(withdrawn(platform, business, member).await?);
    carry_out(platform, &changes).await?;
    platform.witness.note([Record::Removal { business, member, at: platform.clock.now() }])?;
    Ok(found)
}

/// Takes a member's second factor and recovery codes away: the next sign-in enrols a new one. Their sessions end. Not where
/// the account belongs to another team too: one team cannot weaken an account of another.
pub async fn reset_second_factor(
    platform: &Platform,
    business: i64,
    member: i64,
    by: impl Into<Hands>,
) -> Result<TeamMember, TeamError> {
    let by: Hands = by.into();
    let found = find(platform, business, member).await?;
    if platform.store.memberships(member).await?.len() > 1 {
        return Err(TeamError::IsElsewhere);
    }
    if !found.has_second_factor {
        return Err(TeamError::HasNone);
    }
    check_hands(platform, business, by).await?;
    let mut changes = vec![
        MemberChange::ClearSecondFactor { member },
        MemberChange::EndOthers { member, but: 0, at: platform.clock.now() },
        MemberChange::Note(audit_log::in_business(
            platform,
            business,
            by.actor,
            "member.second_factor_reset",
            &found.email,
            &json!({ "member": super::id(platform, IdKind::Member, member) }),
        )),
    ];
    changes.extend(notice::second_factor_changed(platform, &found.email));
    carry_out(platform, &changes).await?;
    platform.mail.nudge();
    Ok(found)
}

/// Refuses what one person alone would do to the team, where the business's rule asks for two: an owner who could
/// remove the others, or take over an account, would not need a second person.
async fn check_hands(platform: &Platform, business: i64, by: Hands) -> Result<(), TeamError> {
    // Roles are of the business, and so are decided where its rule is: in the live book.
    let suffice = by.suffice(platform, BookId::new(business, Mode::Live)).await?;
    if suffice { Ok(()) } else { Err(TeamError::NeedsSecondPerson) }
}

/// The open invitations that a member sent, which are withdrawn when the member may no longer invite: they would be a way back.
async fn withdrawn(platform: &Platform, business: i64, member: i64) -> Result<Vec<MemberChange>, Failure> {
    let at = platform.clock.now();
    let open = platform.store.open_invitations(business, at).await?;
    let own = open.into_iter().filter(|invitation| invitation.invited_by == Actor::member(member));
    Ok(own.map(|invitation| MemberChange::Withdraw { number: invitation.number, business, at }).collect())
}

async fn carry_out(platform: &Platform, changes: &[MemberChange]) -> Result<(), TeamError> {
    match platform.store.change_members(changes).await {
        Ok(()) => Ok(()),
        Err(WriteError::Conflict) => Err(TeamError::LastOwner),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}
