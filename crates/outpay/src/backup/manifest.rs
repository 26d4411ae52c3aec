//! What a backup says of itself: `manifest.json`. It comes from a disk or from far away, so nothing in it is believed that
//! was not compared.

use super::BackupError;
use crate::auth::Secrets;
use data_encoding::HEXLOWER;
use ledger::{BookHead, BookId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Of the folder and of this file.
pub(super) const FORMAT: u32 = 1;
/// Its name in the folder.
pub(super) const FILE: &str = "manifest.json";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// The version of Outpay that wrote it.
    pub program: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// The last migration.
    pub schema: i64,
    /// Of the installation: how often it was recovered.
    pub epoch: i64,
    /// RFC 3339; nothing that was answered after this moment is sure to be in it.
    pub created_at: String,
    /// Tells which master key is needed, and nothing of it.
    pub key_fingerprint: String,
    /// Where each book ends.
    pub heads: Vec<Head>,
    /// In the order that restores.
    pub files: Vec<CopiedFile>,
}

/// Where a book ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The book's number.
    pub book: i64,
    /// Of its newest entry; 0 where it has none.
    pub sequence: i64,
    /// Of its newest entry, hexadecimal.
    pub digest: String,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedFile {
    /// Without a folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Reads it.
    ///
    /// # Errors
    /// When there is none, or none that this program can read.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(FILE);
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| BackupError::Refused(format!("cannot read {shown}: {error}")))?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| BackupError::Refused(format!("{shown} is no manifest of a backup: {error}")))?;
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

impl Head {
    pub(super) fn new(book: BookId, head: &BookHead) -> Self {
        Self { book: book.0, sequence: head.sequence, digest: HEXLOWER.encode(&head.chain) }
    }

    /// How many entries the book has, about: the high bits of a number are the epoch.
    pub(super) fn entries(&self) -> i64 {
        self.sequence & ((1 << 40) - 1)
    }
}

/// A digest of the check value, which itself is derived from the master key one way.
pub(super) fn fingerprint(secrets: &Secrets) -> String {
    HEXLOWER.encode(&Sha256::digest(secrets.check_value())[..16])
}
