//! Another e-mail address for a member's account: asked for with password and second factor, and confirmed by a link that is mailed
//! to the new address. Invariants: the address changes only once that mailbox has opened the link; whether another account has the
//! address is never told, because the link is mailed either way and then does not work; a GET uses nothing up.
//!
//! The link is not stored: its token says which member changes from which address to which, until when, with a MAC. It works once,
//! because the address from which it changes is gone afterwards.

use super::account::{self, AccountError};
use super::session::{Session, SessionClient};
use super::sign_in::SignInAttempt;
use super::{notice, sign_in, token};
use crate::platform::Platform;
use crate::store::{Failure, MemberChange, WriteError};
use data_encoding::BASE64URL_NOPAD;
use ledger::{Actor, Email, Micros};
use secrecy::SecretString;
use serde_json::json;

/// Half an hour.
const LIFETIME: Micros = 30 * 60_000_000;
/// Where the link leads.
pub(super) const PATH: &str = "/dashboard/email/confirm";

/// Why a link changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum EmailChangeError {
    /// It was used, is too old, never was one, or the address belongs to another account.
    #[error("this link is not valid any more")]
    Invalid,
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Mails a link to the new address.
pub async fn ask(
    platform: &Platform,
    session: &Session,
    attempt: &SignInAttempt<'_>,
    code: &str,
    to: &Email,
) -> Result<(), AccountError> {
    let member = sign_in::check_password(platform, attempt).await?;
    let (used, counted) = account::prove(platform, session, code, attempt.client).await?;
    let ends_at = platform.clock.now() + LIFETIME;
    let link = token::link_to("", PATH, &sealed(platform, member.number, ends_at, &member.email, to));
    let mut changes = vec![used, account::note(platform, member.number, "member.email_change_asked")];
    changes.extend(notice::email_change(platform, to.as_str(), ends_at, link));
    account::carry_out(platform, &changes).await?;
    Ok(counted.forgive(platform).await?)
}

/// Changes the address, by the token of the link. The member's sessions stay.
pub async fn confirm(
    platform: &Platform,
    token: &str,
    client: &SessionClient,
) -> Result<String, EmailChangeError> {
    let now = platform.clock.now();
    let AskedEmail { member, from, to, .. } =
        opened(platform, token).filter(|asked| now < asked.ends_at).ok_or(EmailChangeError::Invalid)?;
    let note = MemberChange::NoteEverywhere {
        member,
        at: now,
        actor: Actor::member(member),
        action: "member.email_changed",
        detail: json!({ "from": from, "to": to, "address": client.address }).to_string(),
    };
    let mut changes = vec![MemberChange::SetEmail { member, from: from.clone(), to: to.clone() }, note];
    changes.extend(notice::email_changed(platform, &from, &to));
    match platform.store.change_members(&changes).await {
        Ok(()) => Ok(to),
        Err(WriteError::Conflict) => Err(EmailChangeError::Invalid),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

/// What a token says.
struct AskedEmail {
    member: i64,
    ends_at: Micros,
    from: String,
    to: String,
}

fn sealed(platform: &Platform, member: i64, ends_at: Micros, from: &str, to: &Email) -> SecretString {
    // An address holds neither spaces nor line ends.
    let text = format!("{member} {ends_at} {from} {}", to.as_str());
    let mac = platform.secrets.page_mac(token::EMAIL_CHANGE, &text);
    let [text, mac] = [text.as_bytes(), &mac].map(|bytes| BASE64URL_NOPAD.encode(bytes));
    SecretString::from(format!("{text}.{mac}"))
}

fn opened(platform: &Platform, token: &str) -> Option<AskedEmail> {
    let (text, mac) = token.split_once('.')?;
    let [text, mac] = [text, mac].map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let (text, mac) = (String::from_utf8(text?).ok()?, mac?);
    if !platform.secrets.page_mac_fits(token::EMAIL_CHANGE, &text, &mac) {
        return None;
    }
    let mut words = text.split(' ');
    let mut word = || words.next();
    let (member, ends_at) = (word()?.parse().ok()?, word()?.parse().ok()?);
    Some(AskedEmail { member, ends_at, from: word()?.to_owned(), to: word()?.to_owned() })
}
