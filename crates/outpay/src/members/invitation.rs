//! Invitations: a link that works once and for a week. The invited person sets name and password, or gives the password of
//! the account they have already. The same link, made by an operator and never mailed, lets a member who has lost password and
//! second factor set both anew, within a day. The token stands in the link's fragment: browsers do not send it, so no log has
//! it.

pub use super::token::link;

use super::session::{self, Session, SessionClient};
use super::sign_in::{self, SignInAttempt, SignInError, SignInStep};
use super::{notice, token};
use crate::audit_log;
use crate::auth::password;
use crate::line::Line;
use crate::platform::Platform;
use crate::roles::Role;
use crate::store::{Business, Failure, Invitation, MemberChange, MemberRow, NewInvitation, WriteError};
use crate::two_people::Hands;
use ledger::{Actor, BookId, Email, Micros, Mode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// Of an invitation: a week.
const LIFETIME: Micros = 7 * DAY;
/// Of a link that resets both factors.
const RESET_LIFETIME: Micros = DAY;
const DAY: Micros = 86_400_000_000;
/// Counted in characters.
const LONGEST_NAME: usize = 100;
const TRIES: usize = 20;

/// Why an invitation was not made or accepted.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// Already of this team.
    #[error("this person is already a member of the team")]
    IsMember,
    /// The business's rule asks for a second person where a role is given.
    #[error("a role takes two people here: invite the person as a viewer, then propose another role")]
    NeedsSecondPerson,
    /// To be reset: of no team.
    #[error("this person is no member of the team")]
    IsNoMember,
    /// The link was used, withdrawn, is too old or never was one.
    #[error("this invitation is not valid any more; ask for a new one")]
    Invalid,
    /// The name or the password will not do; a sentence.
    #[error("{0}")]
    Field(&'static str),
    /// The present password is wrong, or there were too many tries.
    #[error("wrong")]
    Proof(#[from] SignInError),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// An invitation that was made, and the only moment in which its token can be read.
pub struct Invited {
    /// For the link.
    pub token: SecretString,
    pub ends_at: Micros,
}

/// Invites an address into a team. An earlier invitation of the same address is withdrawn.
pub async fn invite(
    platform: &Platform,
    business: i64,
    email: &Email,
    role: Role,
    by: Actor,
) -> Result<Invited, InvitationError> {
    if is_member(platform, business, email).await?.is_some() {
        return Err(InvitationError::IsMember);
    }
    // Otherwise one person alone could invite the second one.
    let by_one = Hands::from(by).suffice(platform, BookId::new(business, Mode::Live)).await?;
    if role != Role::Viewer && !by_one {
        return Err(InvitationError::NeedsSecondPerson);
    }
    make(platform, business, email, (role, false), by, "member.invited").await
}

/// Lets a member who has lost password and second factor set both anew. The link is for the operator to hand over.
pub async fn reset(
    platform: &Platform,
    business: i64,
    email: &Email,
    by: Actor,
) -> Result<Invited, InvitationError> {
    let role = is_member(platform, business, email).await?.ok_or(InvitationError::IsNoMember)?;
    make(platform, business, email, (role, true), by, "member.reset_offered").await
}

async fn make(
    platform: &Platform,
    business: i64,
    email: &Email,
    (role, resets): (Role, bool),
    by: Actor,
    action: &'static str,
) -> Result<Invited, InvitationError> {
    let token = token::generate(platform);
    let at = platform.clock.now();
    let ends_at = at + if resets { RESET_LIFETIME } else { LIFETIME };
    let invitation = NewInvitation {
        digest: token::digest_of(platform, token::INVITATION, &token),
        business,
        email: email.as_str().to_owned(),
        role,
        by,
        resets,
        at,
        ends_at,
    };
    let detail = json!({ "role": role.word() });
    let mail = notice::invitation(platform, &invitation, &token);
    let mut changes = vec![
        MemberChange::Invite(Box::new(invitation)),
        MemberChange::Note(audit_log::in_business(platform, business, by, action, email.as_str(), &detail)),
    ];
    changes.extend(mail);
    platform.store.change_members(&changes).await.map_err(anyhow::Error::from)?;
    Ok(Invited { token, ends_at })
}

async fn is_member(platform: &Platform, business: i64, email: &Email) -> Result<Option<Role>, Failure> {
    let Some(member) = platform.store.member_by_email(email.as_str()).await? else { return Ok(None) };
    Ok(platform.store.membership(business, member.number).await?.map(|membership| membership.role))
}

/// Takes an invitation back. `false`: there is none of this number that is open.
pub async fn withdraw(platform: &Platform, business: i64, number: i64, by: Actor) -> Result<bool, Failure> {
    let at = platform.clock.now();
    let open = platform.store.open_invitations(business, at).await?;
    let Some(invitation) = open.into_iter().find(|invitation| invitation.number == number) else {
        return Ok(false);
    };
    let changes = [
        MemberChange::Withdraw { number, business, at },
        MemberChange::Note(audit_log::in_business(
            platform,
            business,
            by,
            "member.invitation_withdrawn",
            &invitation.email,
            &json!({}),
        )),
    ];
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Conflict) => Ok(false),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

/// An invitation that can be accepted now.
pub struct Open {
    /// As stored.
    pub invitation: Invitation,
    /// Into whose team.
    pub business: Business,
    /// The account that there is already under this address.
    pub member: Option<MemberRow>,
}

impl Open {
    /// Does the person who accepts choose a password, or enter the existing one?
    #[must_use]
    pub fn chooses_password(&self) -> bool {
        self.member.is_none() || self.invitation.resets
    }
}

/// The invitation of this token, if it can be accepted now.
pub async fn find(platform: &Platform, token: &str) -> Result<Option<Open>, Failure> {
    let digest = token::digest(platform, token::INVITATION, token);
    let found = platform.store.invitation(&digest).await?;
    let Some(invitation) = found.filter(|found| found.is_open(platform.clock.now())) else { return Ok(None) };
    let Some(business) = platform.store.business(invitation.business).await? else { return Ok(None) };
    let member = platform.store.member_by_email(&invitation.email).await?;
    Ok(Some(Open { invitation, business, member }))
}

/// The form of an acceptance.
pub struct Acceptance<'a> {
    /// Of a new account.
    pub name: &'a str,
    /// Chosen, or the present one.
    pub password: &'a SecretString,
    /// From where.
    pub client: &'a SessionClient,
    /// What the browser was given when it was last signed in from.
    pub device: Option<&'a str>,
}

/// Accepts: the account is part of the team, and a session begins that still needs its second factor.
pub async fn accept(
    platform: &Platform,
    open: &Open,
    acceptance: &Acceptance<'_>,
    before: Option<&Session>,
) -> Result<SignInStep, InvitationError> {
    for _ in 0..TRIES {
        let (member, mut changes) = match &open.member {
            Some(member) if open.invitation.resets => {
                (member.number, start_again(platform, member, acceptance).await?)
            }
            Some(member) => (member.number, join_with_account(platform, open, member, acceptance).await?),
            None => join_anew(platform, open, acceptance).await?,
        };
        let (at, place) = (platform.clock.now(), (open.business.number, false));
        let (token, new) = session::begin(platform, member, false, place, acceptance.client);
        changes.insert(0, MemberChange::UseInvitation { number: open.invitation.number, at });
        changes.push(MemberChange::Begin(new));
        changes.extend(before.map(|before| sign_in::end(platform, before)));
        match platform.store.change_members(&changes).await {
            Ok(()) => {
                let has = open.member.as_ref().is_some_and(|member| member.second_factor.is_some());
                let has_second_factor = has && !open.invitation.resets;
                return Ok(SignInStep { token, complete: false, has_second_factor });
            }
            // The invitation was used meanwhile, or another account took the number: look again.
            Err(WriteError::Conflict) => {
                let digest_holds = platform.store.open_invitations(open.business.number, at).await?;
                let is_open = digest_holds.iter().any(|other| other.number == open.invitation.number);
                if !is_open || open.member.is_some() {
                    return Err(InvitationError::Invalid);
                }
            }
            Err(WriteError::Failure(failure)) => return Err(failure.into()),
        }
    }
    Err(InvitationError::Invalid)
}

async fn join_anew(
    platform: &Platform,
    open: &Open,
    acceptance: &Acceptance<'_>,
) -> Result<(i64, Vec<MemberChange>), InvitationError> {
    let name = Line::parse(acceptance.name, LONGEST_NAME)
        .map(String::from)
        .map_err(|_| InvitationError::Field("Enter your name: at most 100 printable characters."))?;
    let email = &open.invitation.email;
    let password = new_password(platform, acceptance.password, email).await?;
    let (number, at) = (platform.store.next_member_number().await?, platform.clock.now());
    let create = MemberChange::Create { number, email: email.clone(), name, password, at };
    Ok((number, [vec![create], join(platform, open, number)].concat()))
}

async fn join_with_account(
    platform: &Platform,
    open: &Open,
    member: &MemberRow,
    acceptance: &Acceptance<'_>,
) -> Result<Vec<MemberChange>, InvitationError> {
    let attempt = SignInAttempt {
        email: &member.email,
        password: acceptance.password,
        client: acceptance.client,
        device: acceptance.device,
    };
    let checked = sign_in::check_password(platform, &attempt).await?;
    let mut changes = join(platform, open, member.number);
    changes.push(sign_in::same_password(&checked));
    Ok(changes)
}

fn join(platform: &Platform, open: &Open, member: i64) -> Vec<MemberChange> {
    let (business, role, at) = (open.business.number, open.invitation.role, platform.clock.now());
    let detail = json!({ "role": role.word() });
    let actor = Actor::member(member);
    let note =
        audit_log::in_business(platform, business, actor, "member.joined", &open.invitation.email, &detail);
    vec![MemberChange::Join { business, member, role, at }, MemberChange::Note(note)]
}

async fn start_again(
    platform: &Platform,
    member: &MemberRow,
    acceptance: &Acceptance<'_>,
) -> Result<Vec<MemberChange>, InvitationError> {
    let to = new_password(platform, acceptance.password, &member.email).await?;
    let (number, at) = (member.number, platform.clock.now());
    let mut changes = vec![MemberChange::SetPassword { member: number, from: member.password.clone(), to }];
    if member.second_factor.is_some() {
        changes.push(MemberChange::ClearSecondFactor { member: number });
        changes.extend(notice::second_factor_changed(platform, &member.email));
    }
    changes.extend(notice::password_changed(platform, &member.email));
    changes.push(MemberChange::EndOthers { member: number, but: 0, at });
    changes.push(MemberChange::NoteEverywhere {
        member: number,
        at,
        actor: Actor::member(number),
        action: "member.reset",
        detail: json!({}).to_string(),
    });
    Ok(changes)
}

async fn new_password(
    platform: &Platform,
    password: &SecretString,
    email: &str,
) -> Result<String, InvitationError> {
    if let Some(problem) = password::problem(password.expose_secret(), email) {
        return Err(InvitationError::Field(problem));
    }
    Ok(platform.passwords.digest(password, &platform.entropy).await?)
}
