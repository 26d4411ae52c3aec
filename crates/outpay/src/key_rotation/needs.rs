//! What each version of the master key is still needed for: counted from the rows, so that a version is retired on evidence.

use crate::auth::{KeyRing, seal};
use crate::platform::Platform;
use crate::store::{Failure, SealedColumn};
use ledger::{BookId, OnceKey, Reply, RowReply, key_version_of};
use std::collections::{BTreeMap, BTreeSet};

/// Remembered answers that are read at once.
const PAGE: i64 = 5_000;

/// The rows that need a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionNeeds {
    /// Payout users whose hash is of this version.
    pub hashes: i64,
    /// Answers, remembered for ever, that hold a hash of this version.
    pub remembered: i64,
    /// Sealed texts.
    pub sealed: i64,
    /// Members whose password has the pepper of this version.
    pub passwords: i64,
}

impl VersionNeeds {
    /// Does anything need it?
    #[must_use]
    pub fn is_needed(&self) -> bool {
        *self != Self::default()
    }
}

/// What each version is needed for. Reads all remembered answers.
///
/// # Errors
/// When the database breaks, or a remembered answer cannot be read.
pub async fn needs(platform: &Platform) -> Result<BTreeMap<u8, VersionNeeds>, Failure> {
    let store = &platform.store;
    let mut needs: BTreeMap<u8, VersionNeeds> = BTreeMap::new();
    for (version, users) in store.count_hashes_by_version().await? {
        needs.entry(version).or_default().hashes += users;
    }
    for column in SealedColumn::ALL {
        for (header, texts) in store.count_sealed(column).await? {
            needs.entry(seal::version_of(header)).or_default().sealed += texts;
        }
    }
    for (first, members) in store.count_passwords_by_version().await? {
        // A digest of the first version has no number before it.
        let version = u8::from_str_radix(&first, 16).unwrap_or(KeyRing::FIRST);
        needs.entry(version).or_default().passwords += members;
    }
    let mut after = (BookId(i64::MIN), OnceKey([0; 16]));
    loop {
        let page = store.remembered_after(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(needs) };
        after = *last;
        for (_, text) in &page {
            for version in versions_in(&serde_json::from_str(text)?) {
                needs.entry(version).or_default().remembered += 1;
            }
        }
    }
}

/// The versions of the hashes in a reply.
fn versions_in(reply: &Reply) -> BTreeSet<u8> {
    let version = |generation: i64| u8::try_from(key_version_of(generation)).ok();
    match reply {
        Reply::Paid { generation, .. } | Reply::HashRotated { generation, .. } => {
            version(*generation).into_iter().collect()
        }
        Reply::PaidMany { rows, .. } => rows
            .iter()
            .filter_map(|row| match row {
                RowReply::Paid(_, generation, _) => version(*generation),
                RowReply::Unpaid(_) => None,
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}
