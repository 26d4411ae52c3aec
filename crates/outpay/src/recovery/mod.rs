//! Recovery: what a database needs that lost its end, by a restore or a failover, before anything works on it again. What the
//! witness remembers of revocations, rotations, removals and shown codes is done again; what it cannot know is listed for
//! people. Not here: putting a backup in its place (backup/).
//!
//! Invariant: the mark of a restored database goes in the same transaction as the last of the changes, so a recovery that was
//! cut off is begun anew and not believed to be done.

pub mod treasury;

use crate::platform::Platform;
use crate::store::{Failure, PauseScope, RecoveryChanges, RecoveryCounts, Store};
use crate::withdrawals::pause;
use crate::witness::{self, Lost, PutAside, Remembered};
use ledger::{Actor, Command, Micros, Request};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const DAY: Micros = 86_400_000_000;
/// 2026-01-01, before any installation.
const BEGINNING: Micros = 20_454 * DAY;

/// What there is to recover from.
pub struct Loss {
    /// From when the database is, where it was restored.
    pub restored_from: Option<String>,
    /// What the witnesses of this data folder remember.
    pub remembered: Remembered,
    /// What of it the database lacks.
    pub lost: Vec<Lost>,
}

/// What a recovery has done.
pub struct Recovered {
    /// The epoch that began.
    pub epoch: i64,
    /// Rows that it changed.
    pub counts: RecoveryCounts,
    /// People whose hashes it rotated.
    pub rotated: u64,
    /// What people have to look into.
    pub to_check: Vec<String>,
}

/// Compares the database with what the witnesses of a data folder remember.
///
/// # Errors
/// When one of them cannot be read.
pub async fn look(data: &Path, store: &Store) -> Result<Loss, Failure> {
    let remembered = witness::read_all(data)?;
    let lost = witness::missing(&remembered, &store.snapshot().await?).await?;
    Ok(Loss { restored_from: store.recovery_mark().await?, remembered, lost })
}

/// Accepts the loss. `platform` must have been opened for it, and `witnesses` are those that know of the loss: they are put away
/// once the database holds what they say, or is known not to.
///
/// # Errors
/// When the database breaks; run it again then.
pub async fn recover(
    platform: &Platform,
    loss: &Loss,
    witnesses: PutAside,
    revoke_all_keys: bool,
) -> Result<Recovered, Failure> {
    let now = platform.clock.now();
    // Before anything is written: from when the database is.
    let newest = platform.store.newest_entry_at().await?;
    // First of all: the pause writes entries, and a number that a lost entry had would name two things.
    let epoch = raise_epoch(platform, &loss.remembered, now).await?;
    // Nothing leaves the house before people have looked at what may have left it already.
    let reason = "the installation was recovered from a loss";
    let paused = pause::pause(platform, &PauseScope::All, reason, Actor::OPERATOR, Duration::ZERO).await;
    paused.map_err(|stopped| anyhow::anyhow!("pausing payments: {stopped}"))?;
    let rotated = rotate_again(platform, &loss.remembered).await?;
    let scans = treasury::to_scan(platform, loss.restored_from.as_deref(), newest).await?;
    let changes = RecoveryChanges {
        scans,
        revoke_all_keys,
        revoked_keys: loss.remembered.revocations.iter().copied().collect(),
        removals: (loss.remembered.removals.iter())
            .map(|((business, member), at)| (*business, *member, *at))
            .collect(),
        revealed_cards: loss.remembered.revealed_cards.iter().copied().collect(),
        detail: json!({
            "restored_from": loss.restored_from,
            "lost": loss.lost.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "all_keys_revoked": revoke_all_keys,
        })
        .to_string(),
    };
    let counts = platform.store.recover(&changes, now).await?;
    platform.auth.forget_trusted();
    // From here on the database is the truth again; what it lacks was accepted.
    witnesses.put_away(now)?;
    let unread = treasury::scan(platform).await?;
    let mut to_check = to_check(platform, loss).await?;
    to_check.extend(
        unread.into_iter().map(|(rail, why)| format!("what left by {rail} could not be read: {why}")),
    );
    to_check.extend(treasury::standing(&platform.store).await?.open());
    Ok(Recovered { epoch, counts, rotated, to_check })
}

/// Makes every number that is given from now on one that was never given before. What was given after the backup may have come
/// from a recovery of its own, so the new epoch is later than any that the witness has seen; without a witness, than any
/// that a recovery a day could have reached.
async fn raise_epoch(platform: &Platform, remembered: &Remembered, now: Micros) -> Result<i64, Failure> {
    let seen = remembered.entries.values().map(|(sequence, _)| sequence / ledger::floor_of_epoch(1)).max();
    let possible = if remembered.is_empty() { ((now - BEGINNING) / DAY).clamp(0, 1 << 14) } else { 0 };
    let epoch = platform.store.epoch().await?.max(seen.unwrap_or(0)).max(possible) + 1;
    let is_ours = platform.store.begin_epoch(epoch, now).await?;
    anyhow::ensure!(is_ours, "another process recovers this database at the same time");
    for book in platform.store.snapshot().await?.books().await? {
        let request = Request::plain(Command::Recover { epoch }).by(Actor::OPERATOR);
        let verdict = platform.teller.ask(book.id, request).await?;
        verdict
            .map_err(|refusal| anyhow::anyhow!("recovering book {}: {}", book.id.0, refusal.sentence()))?;
    }
    Ok(epoch)
}

/// A hash that was rotated after the backup was leaked, or may have been: it must not work again.
async fn rotate_again(platform: &Platform, remembered: &Remembered) -> Result<u64, Failure> {
    let mut rotated = 0;
    let seen = platform.store.snapshot().await?;
    for ((book, user), generation) in &remembered.rotations {
        // Who came after the backup is not there, and neither is that hash.
        let Some(stored) = seen.generation_of(*book, *user).await? else { continue };
        // As often as it was, so that the witness and the database tell the same.
        for _ in stored..*generation {
            let request = Request::plain(Command::RotateHash { user: *user }).by(Actor::OPERATOR);
            let verdict = platform.teller.ask(*book, request).await?;
            verdict.map_err(|refusal| anyhow::anyhow!("rotating again: {}", refusal.sentence()))?;
        }
        rotated += u64::from(stored < *generation);
    }
    Ok(rotated)
}

/// What neither the database nor the witness can tell.
async fn to_check(platform: &Platform, loss: &Loss) -> Result<Vec<String>, Failure> {
    let since = loss.restored_from.as_deref().unwrap_or("the loss");
    let open = platform.store.open_withdrawals().await?;
    let mut all = vec![
        format!(
            "{open} withdrawals had not ended; each may have been paid since {since}: compare with the treasury, the \
             exported payments by hand and the rails before you settle, fail or send them"
        ),
        format!(
            "deposits, payouts and new people since {since}: compare with your own records and enter them again"
        ),
        format!(
            "people who were deactivated, and rules, limits, methods and settings that were changed since {since}"
        ),
        format!(
            "API keys made since {since} do not work; those rolled with an overlap may work longer than they should"
        ),
        "passwords, second factors and roles of members are those of before: members set new ones".to_owned(),
    ];
    for (line, nonce) in &loss.remembered.nonces {
        all.push(format!(
            "nonces up to {nonce} of {line} may be used on the chain; see first_nonce in OPERATIONS.md"
        ));
    }
    if loss.remembered.is_empty() {
        all.push(
            "no witness was there: revocations, rotated hashes and removed members since then are not known"
                .to_owned(),
        );
    }
    Ok(all)
}
