//! Lock-out that does not lock others out. Tries are counted in windows of time: per account and client address, per address,
//! and, slower, per account over all addresses. A browser from which the account was signed in to before has a count of its
//! own and none of the others, so guessing at an account does not lock its owner out ("device cookies", OWASP).
//! Accounts are counted by the address that was typed, whether there is an account or not.

use crate::platform::Platform;
use crate::store::{Bucket, Failure, Tries};
use ledger::Micros;

const MINUTE: Micros = 60_000_000;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;
/// A count and its window: of an account from one address; from one address; of an account; of a known browser.
const PAIR: (i64, Micros) = (5, 15 * MINUTE);
const ADDRESS: (i64, Micros) = (100, 15 * MINUTE);
const ACCOUNT: (i64, Micros) = (50, HOUR);
const DEVICE: (i64, Micros) = (10, 15 * MINUTE);
/// Of codes: in one session, and of an account.
const SESSION_CODES: (i64, Micros) = (5, HOUR);
const ACCOUNT_CODES: (i64, Micros) = (20, DAY);
/// Of mailed links that reset a password: to an account, and asked for from an address.
const ACCOUNT_RESETS: (i64, Micros) = (3, HOUR);
const ADDRESS_RESETS: (i64, Micros) = (20, HOUR);

/// A try that is counted and may be judged.
pub struct CountedTries {
    buckets: Vec<Bucket>,
    /// Emptied by success; the others only take the try back, so that a success does not open the way for guessing.
    own: Bucket,
}

/// How a try stands.
pub enum LockOutState {
    /// Judge it, and say so if it was right.
    Counted(CountedTries),
    /// Too many: not before this much time has passed. `begins`: this try is the first one of them.
    Wait { time: Micros, begins: bool },
}

/// Counts a try with a password. `device`: the browser's name, where it is known for this account.
pub async fn password(
    platform: &Platform,
    email: &str,
    address: &str,
    device: Option<&str>,
) -> Result<LockOutState, Failure> {
    let limits = match device {
        Some(device) => vec![(format!("device {device}"), DEVICE)],
        None => vec![
            (format!("pair {address} {email}"), PAIR),
            (format!("address {address}"), ADDRESS),
            (format!("account {email}"), ACCOUNT),
        ],
    };
    count(platform, &limits).await
}

/// Counts a try with a code in a session whose password was right.
pub async fn code(
    platform: &Platform,
    member: i64,
    session: i64,
    device: Option<&str>,
) -> Result<LockOutState, Failure> {
    let mut limits = vec![(format!("session {session}"), SESSION_CODES)];
    match device {
        Some(device) => limits.push((format!("device codes {device}"), ACCOUNT_CODES)),
        None => limits.push((format!("codes {member}"), ACCOUNT_CODES)),
    }
    count(platform, &limits).await
}

/// Counts a request for a link that resets a password. `false`: too many; none is mailed.
pub async fn password_reset(platform: &Platform, email: &str, address: &str) -> Result<bool, Failure> {
    let limits =
        [(format!("reset {email}"), ACCOUNT_RESETS), (format!("resets from {address}"), ADDRESS_RESETS)];
    Ok(matches!(count(platform, &limits).await?, LockOutState::Counted(_)))
}

async fn count(platform: &Platform, limits: &[(String, (i64, Micros))]) -> Result<LockOutState, Failure> {
    let now = platform.clock.now();
    let bucket = |(name, (_, window)): &(String, (i64, Micros))| Bucket {
        digest: platform.secrets.page_mac("sign-in attempts", name),
        window: *window,
    };
    let buckets: Vec<Bucket> = limits.iter().map(bucket).collect();
    // What is full already is not counted on: a flood of tries must not become a flood of writes.
    let before = platform.store.tries(&buckets, now).await?;
    let mut wait = longest_wait(before.into_iter().map(|held| held.unwrap_or(NONE)), limits, now);
    let begins = wait.is_none();
    if begins {
        let counted = platform.store.count_tries(&buckets, now, now - DAY).await?;
        wait = longest_wait(counted.into_iter(), limits, now);
    }
    Ok(match wait {
        Some(wait) => LockOutState::Wait { time: wait.max(1), begins },
        None => {
            let own = buckets[0];
            LockOutState::Counted(CountedTries { buckets, own })
        }
    })
}

const NONE: Tries = Tries { since: 0, count: 0 };

fn longest_wait(
    tries: impl Iterator<Item = Tries>,
    limits: &[(String, (i64, Micros))],
    now: Micros,
) -> Option<Micros> {
    let waits = tries.zip(limits).filter(|(tries, (_, (most, _)))| tries.count > *most);
    waits.map(|(tries, (_, (_, window)))| tries.since + window - now).max()
}

impl CountedTries {
    /// The try was right.
    pub async fn forgive(self, platform: &Platform) -> Result<(), Failure> {
        let others: Vec<Bucket> = self.buckets.into_iter().filter(|bucket| *bucket != self.own).collect();
        platform.store.forgive_try(&others, &[self.own]).await
    }
}
