//! Review: approving and rejecting. Maker is not checker: the key or the member that gave a person the money may not approve
//! that person's withdrawal, where the business has another key or member that could. A key, those that replaced it and the
//! members who made them are one.

use super::{Stopped, advance_once, is_remembered};
use crate::auth;
use crate::members::Permission;
use crate::platform::Platform;
use crate::store::{ApiKey, CredentialKind, Failure, HistoryPlace};
use ledger::{AccountId, Actor, BookId, EntryKind, OnceKey, Origin, Progress, Refusal, Step, Withdrawal};
use std::collections::BTreeSet;

/// How many movements of the person's account are read at once.
const MOVEMENTS: i64 = 500;

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
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    approve_once(platform, book, withdrawal, by.into(), None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn approve_once(
    platform: &Platform,
    book: BookId,
    withdrawal: i64,
    origin: Origin,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    if is_maker(platform, book, withdrawal, origin.actor).await?
        && !is_remembered(platform, book, once).await?
    {
        return Err(Refusal::MakerMayNotCheck.into());
    }
    advance_once(platform, book, Progress::new(withdrawal, Step::Approve), origin, once).await
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
    by: impl Into<Origin>,
) -> Result<Withdrawal, Stopped> {
    reject_once(platform, book, (withdrawal, reason), by.into(), None).await.map(|(after, _)| after)
}

/// The same, once under `once`. With the withdrawal, whether this is a first answer again.
///
/// # Errors
/// [`Stopped`].
pub async fn reject_once(
    platform: &Platform,
    book: BookId,
    (withdrawal, reason): (i64, &str),
    origin: Origin,
    once: Option<OnceKey>,
) -> Result<(Withdrawal, bool), Stopped> {
    let progress = Progress::new(withdrawal, Step::Reject).because(REJECTED, reason);
    advance_once(platform, book, progress, origin, once).await
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
    let makers = givers(platform, book, AccountId::user(created.entry.user), created.entry.sequence).await?;
    let own = hands(platform, book, &keys, actor).await?;
    for maker in makers {
        if !hands(platform, book, &keys, maker).await?.is_disjoint(&own) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who gave an account money before this entry. To its beginning: a person who withdraws and cancels again and again must not
/// move the gift out of sight.
async fn givers(
    platform: &Platform,
    book: BookId,
    account: AccountId,
    before: i64,
) -> Result<BTreeSet<Actor>, Failure> {
    let is_credit = |kind: EntryKind| matches!(kind, EntryKind::UserCreated | EntryKind::UserCredited);
    let (mut found, mut place) = (BTreeSet::new(), before);
    loop {
        let history = platform.store.history(book, account, HistoryPlace::Before(place), MOVEMENTS).await?;
        let history = history.unwrap_or_default();
        found.extend(
            history
                .iter()
                .map(|stored| &stored.entry)
                .filter(|entry| is_credit(entry.kind))
                .map(|entry| entry.actor),
        );
        match history.last() {
            Some(oldest) if i64::try_from(history.len()).is_ok_and(|read| read == MOVEMENTS) => {
                place = oldest.entry.sequence;
            }
            _ => return Ok(found),
        }
    }
}

/// Do these two act for the same person, as far as anybody can tell?
pub(crate) async fn is_same_hand(
    platform: &Platform,
    book: BookId,
    one: Actor,
    other: Actor,
) -> Result<bool, Failure> {
    let keys = platform.store.keys(book).await?;
    let hands_of_one = hands(platform, book, &keys, one).await?;
    Ok(!hands_of_one.is_disjoint(&hands(platform, book, &keys, other).await?))
}

/// Everything that acts for the same person as far as anybody can tell: of a key its whole line, and the members who made any
/// of it.
async fn hands(
    platform: &Platform,
    book: BookId,
    keys: &[ApiKey],
    actor: Actor,
) -> Result<BTreeSet<Actor>, Failure> {
    let mut all = BTreeSet::from([actor]);
    for key in keys.iter().filter(|key| is_family(keys, key.number, actor)) {
        all.insert(Actor(key.number));
        let id = auth::keys::id(platform, book, key.number);
        let made = platform.store.audit_actors(book.business(), &id, ["key.created", "key.rolled"]).await?;
        all.extend(made.into_iter().filter(|maker| maker.as_member().is_some()));
    }
    Ok(all)
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
