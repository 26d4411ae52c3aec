//! Review: approving and rejecting. Maker is not checker: the key that gave a person the money may not approve that
//! person's withdrawal, where the business has another key that could.

use super::{Stopped, advance};
use crate::platform::Platform;
use crate::store::{Failure, HistoryPlace};
use ledger::{AccountId, Actor, BookId, EntryKind, Progress, Refusal, Step, Withdrawal};

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
    if is_maker(platform, book, withdrawal, actor).await? {
        return Err(Refusal::MakerMayNotCheck.into());
    }
    advance(platform, book, Progress::new(withdrawal, Step::Approve), actor).await
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
    let progress = Progress::new(withdrawal, Step::Reject).because(REJECTED, reason);
    advance(platform, book, progress, actor).await
}

/// Did this key ever give the person money before the withdrawal, and is there another key that could look?
async fn is_maker(platform: &Platform, book: BookId, withdrawal: i64, actor: Actor) -> Result<bool, Failure> {
    let Some(key) = actor.as_key() else { return Ok(false) };
    let now = platform.clock.now();
    let keys = platform.store.keys(book).await?;
    let could_look = |other: &&crate::store::ApiKey| {
        other.number != key
            && other.kind == crate::store::CredentialKind::SecretKey
            && other.revoked_at.is_none()
            && other.expires_at.is_none_or(|end| now < end)
    };
    if !keys.iter().any(|other| could_look(&other)) {
        return Ok(false);
    }
    let entries = platform.store.entries_of_withdrawal(book, withdrawal).await?;
    let Some(created) = entries.first() else { return Ok(false) };
    let (account, place) = (AccountId::user(created.entry.user), created.entry.sequence);
    let history = platform.store.history(book, account, HistoryPlace::Before(place), MOVEMENTS).await?;
    let is_credit = |kind: EntryKind| matches!(kind, EntryKind::UserCreated | EntryKind::UserCredited);
    let mut history = history.unwrap_or_default().into_iter();
    Ok(history.any(|stored| is_credit(stored.entry.kind) && stored.entry.actor == actor))
}
