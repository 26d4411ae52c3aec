//! Scheduled backups: their names, and which of them are kept. Names sort by time.

use super::Manifest;
use crate::clock::rfc3339;
use crate::store::Failure;
use anyhow::Context;
use ledger::Micros;
use std::path::{Path, PathBuf};

const PREFIX: &str = "outpay-";

/// The name of a backup made now: `outpay-20261129T054500.123456Z`.
#[must_use]
pub fn name_at(now: Micros) -> String {
    format!("{PREFIX}{}", rfc3339(now).replace(['-', ':'], ""))
}

/// The result of [`keep_newest`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Backups left.
    pub kept: usize,
    /// Deleted backups, oldest first.
    pub deleted: Vec<PathBuf>,
}

/// Deletes all but the newest `keep` backups of `folder`. Only a folder with a [`name_at`] name and a manifest counts
/// as a backup; everything else is left alone.
pub fn keep_newest(folder: &Path, keep: usize) -> Result<Retention, Failure> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_named && entry.file_type()?.is_dir() && Manifest::read(&entry.path()).is_ok() {
            all.push(entry.path());
        }
    }
    all.sort();
    let kept = all.len().min(keep);
    all.truncate(all.len() - kept);
    for old in &all {
        std::fs::remove_dir_all(old).with_context(|| format!("cannot delete {}", old.display()))?;
    }
    Ok(Retention { kept, deleted: all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_times_do() {
        let names = [0, 1, 999_999, 1_000_000, 1_800_000_000_000_000].map(name_at);
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(name_at(1_800_000_000_000_000), "outpay-20270115T080000.000000Z");
    }
}
