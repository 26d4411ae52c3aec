//! Review: approving and rejecting. Maker is not checker: the key or the member that gave a user the money may not approve
//! that user's withdrawal, where the business has another key or member that could. A key, the keys it replaced or was replaced
//! by, and the members who made them count as one.

use super::{Counter, Done};
use crate::api_keys;
use crate::platform::Platform;
use crate::roles::Permission;
use crate::stopped::Stopped;
use crate::store::{ApiKey, CredentialKind, Failure, HistoryPlace};
use crate::withdrawals::expected;
use ledger::{AccountId, Actor, BookId, EntryKind, Progress, Refusal, Step, Withdrawal};
use std::collections::BTreeSet;

/// How many movements of the user's account are read at once.
const MOVEMENTS: i64 = 500;

/// The stable word of a rejection.
const REJECTED: &str = "rejected_by_business";

impl Counter<'_> {
    /// Lets a withdrawal be sent. One that the screening service denied takes two people, whatever the rule of the book says.
    pub async fn approve(&self, withdrawal: i64) -> Result<Done<Withdrawal>, Stopped> {
        if self.is_denied(withdrawal).await? {
            if self.agreed {
                self.release_denied(withdrawal).await?;
            } else if !self.is_remembered().await? {
                return Err(Stopped::NeedsSecondPerson);
            }
        }
        let is_maker = is_maker(self.platform, self.book, withdrawal, self.origin.actor).await?;
        if is_maker && !self.is_remembered().await? {
            return Err(Refusal::MakerMayNotCheck.into());
        }
        let done = self.advance(Progress::new(withdrawal, Step::Approve)).await?;
        if let Err(failure) = self.expect_from_now(&done).await {
            tracing::warn!(error = format!("{failure:#}"), "an expected time could not be written down");
        }
        Ok(done)
    }

    /// The review takes as long as it takes; from here on the method's usual time counts.
    async fn expect_from_now(&self, done: &Done<Withdrawal>) -> Result<(), Failure> {
        if done.replayed {
            return Ok(());
        }
        let (platform, book, of) = (self.platform, self.book, &done.value);
        let at = of.changed_at.saturating_add(expected::within(platform, book, of));
        platform.store.expect(book, of.number, at).await
    }

    /// Gives the money back to the user, with a reason that the user may read.
    pub async fn reject(&self, withdrawal: i64, reason: &str) -> Result<Done<Withdrawal>, Stopped> {
        self.advance(Progress::new(withdrawal, Step::Reject).because(REJECTED, reason)).await
    }
}

/// Did this key (or one of its family) or this member ever give the user money before the withdrawal, and could another key or
/// member review it?
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

/// The actors who gave an account money before this entry. The whole history is read: a user who withdraws and cancels again
/// and again must not push the payout out of sight.
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

/// Do these two act for the same person, as far as keys and the audit log tell?
pub async fn is_same_hand(
    platform: &Platform,
    book: BookId,
    one: Actor,
    other: Actor,
) -> Result<bool, Failure> {
    let keys = platform.store.keys(book).await?;
    let hands_of_one = hands(platform, book, &keys, one).await?;
    Ok(!hands_of_one.is_disjoint(&hands(platform, book, &keys, other).await?))
}

/// Everything that acts for the same person as far as can be told: of a key its whole family, and the members and keys that made
/// any of its keys.
async fn hands(
    platform: &Platform,
    book: BookId,
    keys: &[ApiKey],
    actor: Actor,
) -> Result<BTreeSet<Actor>, Failure> {
    let (mut all, mut waiting, mut seen) = (BTreeSet::from([actor]), vec![actor], BTreeSet::new());
    while let Some(hand) = waiting.pop() {
        for key in keys.iter().filter(|key| is_family(keys, key.number, hand)) {
            if !seen.insert(key.number) {
                continue;
            }
            let id = api_keys::id(platform, book, key.number);
            let made =
                platform.store.audit_actors(book.business(), &id, ["key.created", "key.rolled"]).await?;
            let makers = made.into_iter().filter(|by| by.as_member().is_some() || by.as_key().is_some());
            for found in makers.chain([Actor(key.number)]) {
                if all.insert(found) {
                    waiting.push(found);
                }
            }
        }
    }
    Ok(all)
}

/// Is this key the actor's own, or of one family with it?
fn is_family(keys: &[ApiKey], key: i64, actor: Actor) -> bool {
    let family = |number: i64| keys.iter().find(|one| one.number == number).map(|one| one.family);
    actor.as_key().is_some_and(|own| own == key || (family(own).is_some() && family(own) == family(key)))
}

/// Could another member review it, or, where a key asks, another secret key? Keys do not count where a member asks: every
/// business has keys, and they would stop every member.
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
            && !other.waits
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
