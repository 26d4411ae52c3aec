//! Review: approving and rejecting. Maker is not checker: the key or the member that gave a person the money may not approve
//! that person's withdrawal, where the business has another key or member that could. A key and those that replaced it are
//! one.

use super::{Stopped, advance_once, is_remembered};
use crate::members::Permission;
use crate::platform::Platform;
use crate::store::{ApiKey, CredentialKind, Failure, HistoryPlace};
use ledger::{AccountId, Actor, BookId, EntryKind, OnceKey, Progress, Refusal, Step, Withdrawal};

/// How many movements of the person's account a maker is looked for in, from the withdrawal back.
const MOVEMENTS: i64 = 5_000;

/// The stable word of a rejection.
pub const REJECTED: &str = "rejected_by_business";

/// Lets a withdrawal be sent.
///
/// # Errors
/// [`Stopped`].
pub async fn approve(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    actor: Actor,
) -> Result<Withdrawal, Stopped> {
    approve_once(platform, book, withdrawal, actor, None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn approve_once(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    actor: Actor,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    if is_maker(platform, book, withdrawal, actor).await? && !is_remembered(platform, book, once).await? {
        return Err(Refusal::MakerMayNotCheck.into());
    }
    advance_once(platform, book, Progress::new(withdrawal, Step::Approve), actor, once).await
}

/// Gives the money back to the person, with a reason that the person may read.
///
/// # Errors
/// [`Stopped`].
pub async fn reject(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    reason: &str,
    actor: Actor,
) -> Result<Withdrawal, Stopped> {
    reject_once(platform, book, (withdrawal, reason), actor, None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn reject_once(
    platform: &Platform,
    book: BookId,
    (withdrawal, reason): (i64, &str),
    actor: Actor,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    let progress = Progress::new(withdrawal, Step::Reject).because(REJECTED, reason);
    advance_once(platform, book, progress, actor, once).await
}

/// Did this key (or one of its family) or this member ever give the person money before the withdrawal, and could somebody
/// else look?
async fn is_maker(platform: &Platform, book: BookId, withdrawal: i64, actor: Actor) -> Result<bool, Failure> {
    if actor.as_key().is_none() && actor.as_member().is_none() {
        return Ok(false);
    }
    let keys = platform.store.keys(book).await?;
    if !others_could(platform, book, actor, &keys).await? {
        return Ok(false);
    }
    let entries = platform.store.entries_of_withdrawal(book, withdrawal).await?;
    let Some(created) = entries.first() else { return Ok(false) };
    let (account, place) = (AccountId::user(created.entry.user), created.entry.sequence);
    let history = platform.store.history(book, account, HistoryPlace::Before(place), MOVEMENTS).await?;
    let is_credit = |kind: EntryKind| matches!(kind, EntryKind::UserCreated | EntryKind::UserCredited);
    let is_own =
        |maker: Actor| maker == actor || maker.as_key().is_some_and(|key| is_family(&keys, key, actor));
    let mut history = history.unwrap_or_default().into_iter();
    Ok(history.any(|stored| is_credit(stored.entry.kind) && is_own(stored.entry.actor)))
}

/// Is this key the asking one, or of one line with it?
fn is_family(keys: &[ApiKey], key: i64, actor: Actor) -> bool {
    let family = |number: i64| keys.iter().find(|one| one.number == number).map(|one| one.family);
    actor.as_key().is_some_and(|own| own == key || (family(own).is_some() && family(own) == family(key)))
}

/// Could another member review it, or, where a key asks, another secret key? (Keys look at nothing by themselves, so they do
/// not count for a member, who would otherwise be stopped by the keys that every business has.)
async fn others_could(
    platform: &Platform,
    book: BookId,
    actor: Actor,
    keys: &[ApiKey],
) -> Result<bool, Failure> {
    let now = platform.clock.now();
    let key_could = keys.iter().any(|other| {
        !is_family(keys, other.number, actor)
            && other.kind == CredentialKind::SecretKey
            && other.revoked_at.is_none()
            && other.expires_at.is_none_or(|end| now < end)
    });
    if key_could && actor.as_key().is_some() {
        return Ok(true);
    }
    let team = platform.store.team(book.business()).await?;
    Ok(team.iter().any(|other| {
        actor.as_member() != Some(other.number) && other.role.may(Permission::ReviewWithdrawals)
    }))
}
