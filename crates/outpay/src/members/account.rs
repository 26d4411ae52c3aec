//! What a signed-in member does with the own account: another password, another second factor, new recovery codes, ending
//! sessions. Not here: another e-mail address (email_change.rs).

use super::lock_out::{self, CountedTries, LockOutState};
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
    let (used, counted) = prove(platform, session, code, client).await?;
    let codes = second_factor::recovery_codes(&platform.entropy);
    let replaced =
        MemberChange::ReplaceRecoveryCodes { member: number, digests: digests(platform, number, &codes) };
    carry_out(platform, &[used, replaced, note(platform, number, "member.recovery_codes_renewed")]).await?;
    counted.forgive(platform).await?;
    Ok(codes)
}

/// A key for another second factor, to be confirmed with a code of it; until then the old one stays. Asks for a code of the old one.
pub async fn begin_second_factor(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<SecretString, AccountError> {
    let (used, counted) = prove(platform, session, code, client).await?;
    let key = second_factor::new_key(&platform.entropy);
    let sealed = Some(second_factor::seal(platform, session.member().number, &key));
    carry_out(platform, &[used, MemberChange::SetEnrolling { session: session.number(), sealed }]).await?;
    counted.forgive(platform).await?;
    Ok(key)
}

/// The key that this session is to confirm.
pub fn begun_second_factor(platform: &Platform, session: &Session) -> Result<Option<SecretString>, Failure> {
    let sealed = session.row.enrolling.as_ref();
    sealed.map(|sealed| second_factor::open(platform, session.member().number, sealed)).transpose()
}

/// Confirms that key: it is the second factor from here on. All other sessions of the member end; recovery codes stay.
pub async fn replace_second_factor(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<(), AccountError> {
    let (member, at) = (session.member().number, platform.clock.now());
    let row = platform.store.member(member).await?.ok_or(SignInError::Over)?;
    let (Some(from), Some(sealed)) = (row.second_factor, session.row.enrolling.clone()) else {
        return Err(SignInError::Over.into());
    };
    let key = second_factor::open(platform, member, &sealed)?;
    let Some(step) = second_factor::step(&key, code, at)? else {
        tell(platform, AttackSign::WrongCode, &client.address, Some(member));
        return Err(SignInError::Wrong.into());
    };
    let mut changes = vec![
        MemberChange::ReplaceSecondFactor { member, from, sealed, step, at },
        MemberChange::SetEnrolling { session: session.number(), sealed: None },
        MemberChange::EndOthers { member, but: session.number(), at },
        note(platform, member, "member.second_factor_changed"),
    ];
    changes.extend(notice::second_factor_changed(platform, &row.email));
    carry_out(platform, &changes).await
}

/// Checks a code of the app, or a recovery code, of a member who is signed in. What uses it up is to be carried out with what it
/// proves; then the counted try is to be forgiven.
pub(super) async fn prove(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<(MemberChange, CountedTries), AccountError> {
    let number = session.member().number;
    let member = platform.store.member(number).await?.ok_or(SignInError::Over)?;
    let counted = match lock_out::code(platform, number, session.number(), None).await? {
        LockOutState::Counted(counted) => counted,
        LockOutState::Wait { time, begins } => {
            tell(platform, AttackSign::LockedOut, &client.address, Some(number).filter(|_| begins));
            return Err(SignInError::Wait(SignInWait::Tries(time)).into());
        }
    };
    let Some((used, _)) = proof(platform, &member, code)? else {
        tell(platform, AttackSign::WrongCode, &client.address, Some(number));
        return Err(SignInError::Wrong.into());
    };
    Ok((used, counted))
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

pub(super) fn note(platform: &Platform, member: i64, action: &'static str) -> MemberChange {
    let (at, actor) = (platform.clock.now(), Actor::member(member));
    MemberChange::NoteEverywhere { member, at, actor, action, detail: json!({}).to_string() }
}

pub(super) async fn carry_out(platform: &Platform, changes: &[MemberChange]) -> Result<(), AccountError> {
    match platform.store.change_members(changes).await {
        Ok(()) => Ok(()),
        // Another request changed the password, or used the code, at the same moment.
        Err(WriteError::Conflict) => Err(SignInError::Wrong.into()),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}
