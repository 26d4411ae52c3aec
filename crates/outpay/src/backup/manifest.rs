//! `manifest.json`, which describes a backup. It may come from an untrusted place, so nothing in it is believed
//! without a check.

use super::BackupError;
use crate::auth::Secrets;
use data_encoding::HEXLOWER;
use ledger::{BookHead, BookId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Version of the folder's layout and of this file.
pub(super) const FORMAT: u32 = 1;
/// File name in the folder.
pub(super) const FILE: &str = "manifest.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Version of Outpay that wrote it.
    pub program: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// Number of the last migration.
    pub schema: i64,
    /// The installation's epoch: how often it was recovered.
    pub epoch: i64,
    /// RFC 3339. What was acknowledged later is not certain to be in it.
    pub created_at: String,
    /// Identifies the master key that is needed, without revealing anything of it.
    pub key_fingerprint: String,
    /// The newest entry of each book.
    pub heads: Vec<ManifestHead>,
    /// In the order in which they are restored.
    pub files: Vec<CopiedFile>,
}

/// The newest entry of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestHead {
    /// Number of the book.
    pub book: i64,
    /// Sequence of the newest entry; 0 if there is none.
    pub sequence: i64,
    /// Digest of the newest entry, hexadecimal.
    pub digest: String,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFile {
    /// File name, without a folder.
    pub name: String,
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// # Errors
    /// When there is no manifest, or this program cannot read it.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(FILE);
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| BackupError::Refused(format!("cannot read {shown}: {error}")))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            BackupError::Refused(format!("{shown} is not the manifest of a backup: {error}"))
        })?;
        super::check(manifest.format == FORMAT, || {
            format!("{shown} has format {}; this program reads format {FORMAT}", manifest.format)
        })?;
        let known = crate::store::files_of_copy(&manifest.engine, manifest.schema);
        super::check(manifest.files.iter().map(|file| &file.name).eq(&known), || {
            format!("{shown} does not name the files of a backup of {}", manifest.engine)
        })?;
        Ok(manifest)
    }
}

impl ManifestHead {
    pub(super) fn new(book: BookId, head: &BookHead) -> Self {
        Self { book: book.0, sequence: head.sequence, digest: HEXLOWER.encode(&head.chain) }
    }

    /// Approximate number of entries: the high bits of a sequence are the epoch.
    pub(super) fn entries(&self) -> i64 {
        self.sequence & ((1 << 40) - 1)
    }
}

/// A digest of the check value, which is itself derived one way from the master key.
pub(super) fn fingerprint(secrets: &Secrets) -> String {
    HEXLOWER.encode(&Sha256::digest(secrets.check_value())[..16])
}
