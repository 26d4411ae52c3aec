//! Signing in: password, then a code of the app or a recovery code; or, where there is no second factor yet, enrolling one.
//! Each step ends the session before it and begins another. Invariants: an address without an account gets the same answer
//! after the same work as a wrong password; a code works once.

use super::lock_out::{self, LockOutState};
use super::session::{self, Session, SessionClient};
use super::{notice, second_factor};
use crate::attacks::AttackSign;
use crate::auth::PasswordLane;
use crate::platform::Platform;
use crate::store::{Failure, MemberChange, MemberRow, WriteError};
use ledger::{Actor, Email, Micros};
use secrecy::SecretString;
use serde_json::json;

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Address or password, or the code, is wrong. The answer does not say which.
    #[error("wrong")]
    Wrong,
    /// Not judged now.
    #[error("not now")]
    Wait(SignInWait),
    /// The session is over; begin again.
    #[error("the session is over")]
    Over,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a try is not judged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInWait {
    /// Too many tries were wrong: not before this much time has passed.
    Tries(Micros),
    /// Too many others are signing in at this moment.
    Busy,
}

/// What is typed on the first page, and by whom.
pub struct SignInAttempt<'a> {
    /// As typed.
    pub email: &'a str,
    /// As typed.
    pub password: &'a SecretString,
    /// From where.
    pub client: &'a SessionClient,
    /// What the browser was given when it was last signed in from.
    pub device: Option<&'a str>,
}

/// A step that was made.
pub struct SignInStep {
    /// The new session's token, for the cookie.
    pub token: SecretString,
    /// Is that session complete?
    pub complete: bool,
    /// Has the member a second factor?
    pub has_second_factor: bool,
}

/// The first step: the password. `before`: a session that the browser still has, which ends.
pub async fn with_password(
    platform: &Platform,
    attempt: &SignInAttempt<'_>,
    before: Option<&Session>,
) -> Result<SignInStep, SignInError> {
    let member = check_password(platform, attempt).await?;
    let place = before.filter(|before| before.row.member == member.number);
    let place = place.map_or((0, false), |before| (before.row.business, before.row.test_mode));
    let (token, new) = session::begin(platform, member.number, false, place, attempt.client);
    // A password that was changed while this one was being checked must not open a session after all others were ended.
    let to = platform.passwords.renewed(attempt.password, &member.password, &platform.entropy).await?;
    let to = to.unwrap_or_else(|| member.password.clone());
    let same = MemberChange::SetPassword { member: member.number, from: member.password.clone(), to };
    let mut changes = vec![same, MemberChange::Begin(new)];
    changes.extend(before.map(|before| end(platform, before)));
    carry_out(platform, &changes).await?;
    Ok(SignInStep { token, complete: false, has_second_factor: member.second_factor.is_some() })
}

/// Stands only if the member still has the password that was checked.
pub(super) fn same_password(member: &MemberRow) -> MemberChange {
    let password = || member.password.clone();
    MemberChange::SetPassword { member: member.number, from: password(), to: password() }
}

/// The member whose address and password these are.
///
/// # Errors
/// [`SignInError::Wrong`] after the same work, whatever is wrong.
pub(super) async fn check_password(
    platform: &Platform,
    attempt: &SignInAttempt<'_>,
) -> Result<MemberRow, SignInError> {
    // Invalid addresses take the same path, so timing reveals nothing.
    let email = Email::parse(attempt.email)
        .map_or_else(|_| shortened(attempt.email), |email| email.as_str().to_owned());
    let device = second_factor::known_device(&platform.secrets, &email, attempt.device);
    // Before the try is counted: a flood must not become a flood of writes.
    let lane = if device.is_some() { PasswordLane::Known } else { PasswordLane::Unknown };
    let place = platform.passwords.enter(lane).ok_or(SignInError::Wait(SignInWait::Busy))?;
    let counted =
        match lock_out::password(platform, &email, &attempt.client.address, device.as_deref()).await? {
            LockOutState::Counted(counted) => counted,
            LockOutState::Wait { time, begins } => {
                // Looked up whether there is an account or not, and once: a flood of tries must not become one of look-ups.
                let member = if begins { platform.store.member_by_email(&email).await? } else { None };
                tell(platform, AttackSign::LockedOut, &attempt.client.address, member.map(|of| of.number));
                return Err(SignInError::Wait(SignInWait::Tries(time)));
            }
        };
    let member = platform.store.member_by_email(&email).await?;
    let digest = member.as_ref().map(|member| member.password.as_str());
    let fits = platform.passwords.fits(place, attempt.password, digest).await?;
    let number = member.as_ref().map(|member| member.number);
    let Some(member) = member.filter(|_| fits) else {
        tell(platform, AttackSign::WrongPassword, &attempt.client.address, number);
        return Err(SignInError::Wrong);
    };
    counted.forgive(platform).await?;
    Ok(member)
}

fn shortened(text: &str) -> String {
    text.chars().take(Email::MAX_CHARACTERS).collect()
}

/// The second step: a code of the app, or a recovery code.
pub async fn with_code(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
    device: Option<&str>,
) -> Result<SignInStep, SignInError> {
    let number = session.row.member;
    let member = platform.store.member(number).await?.ok_or(SignInError::Over)?;
    let device = second_factor::known_device(&platform.secrets, &member.email, device);
    let counted = match lock_out::code(platform, number, session.number(), device.as_deref()).await? {
        LockOutState::Counted(counted) => counted,
        LockOutState::Wait { time, begins } => {
            tell(platform, AttackSign::LockedOut, &client.address, Some(number).filter(|_| begins));
            return Err(SignInError::Wait(SignInWait::Tries(time)));
        }
    };
    let Some((used, how)) = proof(platform, &member, code)? else {
        tell(platform, AttackSign::WrongCode, &client.address, Some(number));
        return Err(SignInError::Wrong);
    };
    let place = (session.row.business, session.row.test_mode);
    let (token, new) = session::begin(platform, number, true, place, client);
    let note = MemberChange::NoteEverywhere {
        member: number,
        at: platform.clock.now(),
        actor: Actor::member(number),
        action: "member.signed_in",
        detail: json!({ "second_factor": how, "address": client.address }).to_string(),
    };
    let mut changes = vec![used, end(platform, session), MemberChange::Begin(new), note];
    if device.is_none() {
        changes.extend(notice::new_sign_in(platform, &member.email, client));
    }
    match platform.store.change_members(&changes).await {
        Ok(()) => {}
        // The code was used before, or the session ended meanwhile.
        Err(WriteError::Conflict) => {
            tell(platform, AttackSign::WrongCode, &client.address, Some(number));
            return Err(SignInError::Wrong);
        }
        Err(WriteError::Failure(failure)) => return Err(failure.into()),
    }
    counted.forgive(platform).await?;
    Ok(SignInStep { token, complete: true, has_second_factor: true })
}

/// Tells of a failed try.
pub(super) fn tell(platform: &Platform, sign: AttackSign, address: &str, member: Option<i64>) {
    platform.attacks.tell_of_member(sign, address, member, platform.clock.now());
}

/// What uses up the code, if it is one: of the app's, or a recovery code.
pub(super) fn proof(
    platform: &Platform,
    member: &MemberRow,
    code: &str,
) -> Result<Option<(MemberChange, &'static str)>, Failure> {
    let (number, now) = (member.number, platform.clock.now());
    if second_factor::is_recovery_code(code) {
        let digest = second_factor::recovery_digest(&platform.secrets, number, code);
        let used = MemberChange::UseRecoveryCode { member: number, digest, at: now };
        return Ok(Some((used, "recovery_code")));
    }
    let Some(sealed) = &member.second_factor else { return Ok(None) };
    let key = second_factor::open(platform, number, sealed)?;
    let step = second_factor::step(&key, code, now)?;
    Ok(step.map(|step| (MemberChange::UseStep { member: number, step }, "app")))
}

/// The TOTP key that a session without a second factor is to confirm; the same one until it does.
pub async fn key_to_enrol(platform: &Platform, session: &Session) -> Result<SecretString, Failure> {
    let member = session.row.member;
    if let Some(sealed) = &session.row.enrolling {
        return second_factor::open(platform, member, sealed);
    }
    let key = second_factor::new_key(&platform.entropy);
    let sealed = second_factor::seal(platform, member, &key);
    platform.store.begin_enrolling(session.number(), &sealed).await?;
    // Another tab of the same session may have been first.
    match session::find(platform, session.token()).await?.and_then(|session| session.row.enrolling) {
        Some(sealed) => second_factor::open(platform, member, &sealed),
        None => Ok(key),
    }
}

/// Confirms the key with a first code. The session is complete then, and the recovery codes are there to be shown once.
pub async fn enrol(
    platform: &Platform,
    session: &Session,
    code: &str,
    client: &SessionClient,
) -> Result<(SignInStep, Vec<SecretString>), SignInError> {
    let (member, now) = (session.row.member, platform.clock.now());
    let sealed = session.row.enrolling.clone().ok_or(SignInError::Wrong)?;
    let key = second_factor::open(platform, member, &sealed)?;
    let Some(step) = second_factor::step(&key, code, now)? else {
        tell(platform, AttackSign::WrongCode, &client.address, Some(member));
        return Err(SignInError::Wrong);
    };
    let codes = second_factor::recovery_codes(&platform.entropy);
    let (token, new) =
        session::begin(platform, member, true, (session.row.business, session.row.test_mode), client);
    let changes = [
        MemberChange::SetSecondFactor { member, sealed, step, at: now },
        MemberChange::ReplaceRecoveryCodes { member, digests: digests(platform, member, &codes) },
        end(platform, session),
        MemberChange::Begin(new),
        MemberChange::NoteEverywhere {
            member,
            at: now,
            actor: Actor::member(member),
            action: "member.second_factor_set",
            detail: json!({ "address": client.address }).to_string(),
        },
    ];
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok((SignInStep { token, complete: true, has_second_factor: true }, codes)),
        // Another session was first.
        Err(WriteError::Conflict) => Err(SignInError::Over),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

pub(super) fn digests(platform: &Platform, member: i64, codes: &[SecretString]) -> Vec<[u8; 32]> {
    use secrecy::ExposeSecret;
    let digest =
        |code: &SecretString| second_factor::recovery_digest(&platform.secrets, member, code.expose_secret());
    codes.iter().map(digest).collect()
}

pub(super) fn end(platform: &Platform, session: &Session) -> MemberChange {
    MemberChange::End { session: session.row.number, member: session.row.member, at: platform.clock.now() }
}

/// Ends the session.
pub async fn sign_out(platform: &Platform, session: &Session) -> Result<(), Failure> {
    match platform.store.change_members(&[end(platform, session)]).await {
        // It ended meanwhile, which is what is wanted.
        Ok(()) | Err(WriteError::Conflict) => Ok(()),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

async fn carry_out(platform: &Platform, changes: &[MemberChange]) -> Result<(), SignInError> {
    match platform.store.change_members(changes).await {
        Ok(()) => Ok(()),
        Err(WriteError::Conflict) => Err(SignInError::Over),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}
