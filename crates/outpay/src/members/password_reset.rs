//! A password that was forgotten: a mailed link that lives half an hour, works once, and sets the password alone. The second
//! factor is asked for after it as after any sign-in, so a mailbox alone opens no account. Invariant: whether there is an account
//! shows neither in the answer to a request for a link nor in its time, because the account is looked up after the answer.

use super::lock_out;
use super::session::{self, Session, SessionClient};
use super::sign_in::{self, SignInStep};
use super::{notice, token};
use crate::auth::password;
use crate::platform::Platform;
use crate::store::{Failure, MemberChange, MemberRow, WriteError};
use ledger::{Actor, Email, Micros};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Semaphore;

/// Half an hour.
const LIFETIME: Micros = 30 * 60_000_000;
/// Where the link leads.
pub(super) const PATH: &str = "/dashboard/password/reset";
/// Requests whose account is looked up at the same moment; more are dropped, with the same answer.
static LOOK_UPS: Semaphore = Semaphore::const_new(32);

/// Why a password was not reset.
#[derive(Debug, thiserror::Error)]
pub enum PasswordResetError {
    /// The link was used, replaced, is too old or never was one.
    #[error("this link is not valid any more")]
    Invalid,
    /// The password will not do; a sentence.
    #[error("{0}")]
    Password(&'static str),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Mails a link if there is an account, after the caller has answered.
pub fn ask(platform: &Platform, email: &str, client: &SessionClient) {
    let (Ok(email), Ok(place)) = (Email::parse(email), LOOK_UPS.try_acquire()) else { return };
    let (platform, client) = (platform.clone(), client.clone());
    tokio::spawn(async move {
        if let Err(failure) = offer(&platform, &email, &client).await {
            tracing::error!(error = format!("{failure:#}"), "a link to reset a password could not be mailed");
        }
        drop(place);
    });
}

/// Mails a link to the member with this address, if there is one. An earlier link ends.
pub async fn offer(platform: &Platform, email: &Email, client: &SessionClient) -> Result<(), Failure> {
    if !lock_out::password_reset(platform, email.as_str(), &client.address).await? {
        return Ok(());
    }
    let Some(member) = platform.store.member_by_email(email.as_str()).await? else { return Ok(()) };
    let (token, at) = (token::generate(platform), platform.clock.now());
    let ends_at = at + LIFETIME;
    let digest = token::digest_of(platform, token::PASSWORD_RESET, &token);
    let Some(mail) = notice::password_reset(platform, &member.email, ends_at, &token) else { return Ok(()) };
    let offer = MemberChange::OfferPasswordReset { digest, member: member.number, at, ends_at };
    let note = note(platform, &member, "member.password_reset_asked", client);
    match platform.store.change_members(&[offer, mail, note]).await {
        // Another request of the same moment has mailed one.
        Ok(()) | Err(WriteError::Conflict) => Ok(()),
        Err(WriteError::Failure(failure)) => Err(failure),
    }
}

/// Sets the password of the link's member. All sessions end, and one begins that still needs the second factor.
pub async fn set(
    platform: &Platform,
    token: &str,
    new: &SecretString,
    client: &SessionClient,
    before: Option<&Session>,
) -> Result<SignInStep, PasswordResetError> {
    let (digest, at) = (token::digest(platform, token::PASSWORD_RESET, token), platform.clock.now());
    let found = platform.store.password_reset(&digest).await?;
    let open = found.filter(|found| found.used_at.is_none() && at < found.ends_at);
    let number = open.ok_or(PasswordResetError::Invalid)?.member;
    let member = platform.store.member(number).await?.ok_or(PasswordResetError::Invalid)?;
    if let Some(problem) = password::problem(new.expose_secret(), &member.email) {
        return Err(PasswordResetError::Password(problem));
    }
    let to = platform.passwords.digest(new, &platform.entropy).await?;
    let (token, begun) = session::begin(platform, number, false, (0, false), client);
    let mut changes = vec![
        MemberChange::UsePasswordReset { digest, at },
        MemberChange::SetPassword { member: number, from: member.password.clone(), to },
        MemberChange::EndOthers { member: number, but: 0, at },
        note(platform, &member, "member.password_reset", client),
    ];
    changes.extend(notice::password_changed(platform, &member.email));
    changes.extend(
        before.filter(|before| before.row.member != number).map(|other| sign_in::end(platform, other)),
    );
    changes.push(MemberChange::Begin(begun));
    match platform.store.change_members(&changes).await {
        Ok(()) => {
            let has_second_factor = member.second_factor.is_some();
            Ok(SignInStep { token, complete: false, has_second_factor })
        }
        // The link was used, or the password changed, meanwhile.
        Err(WriteError::Conflict) => Err(PasswordResetError::Invalid),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

fn note(
    platform: &Platform,
    member: &MemberRow,
    action: &'static str,
    client: &SessionClient,
) -> MemberChange {
    MemberChange::NoteEverywhere {
        member: member.number,
        at: platform.clock.now(),
        actor: Actor::member(member.number),
        action,
        detail: json!({ "address": client.address }).to_string(),
    }
}
