//! What a signed-in member does with the own account: another password, new recovery codes, ending sessions.

use super::session::{Session, SessionClient};
use super::sign_in::{SignInAttempt, SignInError, SignInWait, check_password, digests, proof, tell};
use super::{notice, second_factor};
use crate::attacks::AttackSign;
use crate::auth::password;
use crate::platform::Platform;
use crate::store::{Failure, MemberChange, WriteError};
use ledger::Actor;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The present password, or the code, is wrong, or there were too many tries.
    #[error("wrong")]
    Proof(#[from] SignInError),
    /// The new password will not do; a sentence.
    #[error("{0}")]
    Password(&'static str),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A new password. All other sessions of the member end.
pub async fn change_password(
    platform: &Platform,
    session: &Session,
    attempt: &SignInAttempt<'_>,
    new: &SecretString,
) -> Result<(), AccountError> {
    let member = check_password(platform, attempt).await?;
    if let Some(problem) = password::problem(new.expose_secret(), &member.email) {
        return Err(AccountError::Password(problem));
    }
    let to = platform.passwords.digest(new, &platform.entropy).await?;
    let (number, at) = (member.number, platform.clock.now());
    let mut changes = vec![
        MemberChange::SetPassword { member: number, from: member.password, to },
        MemberChange::EndOthers { member: number, but: session.number(), at },
        note(platform, number, "member.password_changed"),
    ];
    changes.extend(notice::password_changed(platform, &member.email));
    carry_out(platform, &changes).await
}

/// New recovery codes in the place of the old ones, to be shown once. Asks for a code, so that an unlocked screen is not
/// enough.
pub async fn renew_recovery_codes(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<Vec<SecretString>, AccountError> {
    let number = session.member().number;
    let member = platform.store.member(number).await?.ok_or(SignInError::Over)?;
    let counted = match super::lock_out::code(platform, number, session.number(), None).await? {
        super::lock_out::LockOutState::Counted(counted) => counted,
        super::lock_out::LockOutState::Wait { time, begins } => {
            tell(platform, AttackSign::LockedOut, &client.address, Some(number).filter(|_| begins));
            return Err(SignInError::Wait(SignInWait::Tries(time)).into());
        }
    };
    let Some((used, _)) = proof(platform, &member, code)? else {
        tell(platform, AttackSign::WrongCode, &client.address, Some(number));
        return Err(SignInError::Wrong.into());
    };
    let codes = second_factor::recovery_codes(&platform.entropy);
    let replaced =
        MemberChange::ReplaceRecoveryCodes { member: number, digests: digests(platform, number, &codes) };
    carry_out(platform, &[used, replaced, note(platform, number, "member.recovery_codes_renewed")]).await?;
    counted.forgive(platform).await?;
    Ok(codes)
}

/// Ends one other session of the member. `false`: there is none of this number that is open.
pub async fn end_session(platform: &Platform, session: &Session, number: i64) -> Result<bool, Failure> {
    let member = session.member().number;
    let changes = [
        MemberChange::End { session: number, member, at: platform.clock.now() },
        note(platform, member, "member.session_ended"),
    ];
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Conflict) => Ok(false),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

/// Ends all sessions of the member but this one.
pub async fn end_other_sessions(platform: &Platform, session: &Session) -> Result<(), Failure> {
    let member = session.member().number;
    let changes = [
        MemberChange::EndOthers { member, but: session.number(), at: platform.clock.now() },
        note(platform, member, "member.other_sessions_ended"),
    ];
    Ok(platform.store.change_members(&changes).await?)
}

fn note(platform: &Platform, member: i64, action: &'static str) -> MemberChange {
    let (at, actor) = (platform.clock.now(), Actor::member(member));
    MemberChange::NoteEverywhere { member, at, actor, action, detail: json!({}).to_string() }
}

async fn carry_out(platform: &Platform, changes: &[MemberChange]) -> Result<(), AccountError> {
    match platform.store.change_members(changes).await {
        Ok(()) => Ok(()),
        // Another request changed the password, or used the code, at the same moment.
        Err(WriteError::Conflict) => Err(SignInError::Wrong.into()),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}
